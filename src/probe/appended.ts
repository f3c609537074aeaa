import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
const CHUNK = 64 * 1024;

/**
 * The whole lines that files get from now on. A test message takes seconds, so this looks neither for rotations nor for
 * files that appear later.
 * @throws where a file can't be opened.
 */
export async function appended(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<AsyncIterable<readonly string[]>> {
  const tails = await Promise.all(paths.map(async (path) => new Tail(await open(path, 'r'))));
  for (const tail of tails) await tail.skipToEnd();
  return readAll(tails, signal);
}

async function* readAll(tails: readonly Tail[], signal: AbortSignal): AsyncGenerator<readonly string[]> {
  try {
    while (!signal.aborted) {
      for (const tail of tails) {
        const lines = await tail.read();
        if (lines.length > 0) yield lines;
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    for (const tail of tails) await tail.close();
  }
}

class Tail {
  private readonly handle: FileHandle;
  private position = 0;
  /** A line whose end is not written yet; bytes, because its last character may be cut. */
  private rest = Buffer.alloc(0);

  constructor(handle: FileHandle) {
    this.handle = handle;
  }

  async skipToEnd(): Promise<void> {
    this.position = (await this.handle.stat()).size;
  }

  async read(): Promise<string[]> {
    const { bytesRead, buffer } = await this.handle.read(Buffer.alloc(CHUNK), 0, CHUNK, this.position);
    this.position += bytesRead;
    const bytes = Buffer.concat([this.rest, buffer.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf('\n');
    this.rest = Buffer.from(bytes.subarray(end + 1));
    return end < 0 ? [] : bytes.toString('utf8', 0, end).split('\n');
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
