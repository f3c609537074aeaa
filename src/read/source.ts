import { constants, fstatSync, openSync, read, type Stats, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';
import { fileError } from './file-error.js';

const PIECE = 1 << 19;
const STDIN = 0;
const readDescriptor = promisify(read);

/** Where a reader is in the file itself: compressed bytes for a compressed file. */
export interface Progress {
  position: number;
}

export interface SourceOptions {
  /** The file, where it is open already; it is left open. */
  readonly opened?: FileHandle | undefined;
  /** Ends the reading, also while it waits for a pipe's next bytes. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The raw bytes of a file, a pipe or standard input (`-`, in any thread) in pieces of up to 256 KiB.
 * Throws a UserError when it can't.
 */
export async function* source(
  path: string,
  progress: Progress,
  { opened, signal }: SourceOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const stream = opened === undefined ? openStream(path) : undefined;
  for await (const piece of stream === undefined
    ? fromFile(path, progress.position, { opened, signal })
    : fromStream(stream, path, signal)) {
    progress.position += piece.length;
    yield piece;
  }
}

/**
 * A pipe, a socket or a terminal, which may have nothing to give for long: read as a stream, since a file's read can't
 * be ended, nor the process while one waits. Undefined for anything else.
 */
function openStream(path: string): Socket | undefined {
  try {
    const stats: Stats = path === '-' ? fstatSync(STDIN) : statSync(path);
    if (stats.isFIFO() || (stats.isSocket() && path === '-')) {
      const fd = path === '-' ? STDIN : openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: true, writable: false });
    }
    return path === '-' && process.stdin.isTTY ? new ReadStream(STDIN) : undefined;
  } catch (error) {
    throw fileError(error, path);
  }
}

async function* fromStream(
  stream: Socket,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const stop = (): void => {
    stream.destroy();
  };
  signal?.addEventListener('abort', stop);
  try {
    if (!signal?.aborted) for await (const piece of stream as AsyncIterable<Buffer>) yield piece;
  } catch (error) {
    if (!signal?.aborted) throw fileError(error, path);
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

async function* fromFile(
  path: string,
  from: number,
  { opened, signal }: SourceOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const file =
    opened ??
    (path === '-'
      ? undefined
      : await open(path, 'r').catch((error: unknown) => {
          throw fileError(error, path);
        }));
  // A fresh buffer each time: the pieces' ends are kept by the one who cuts them into lines.
  const next = (position: number): Promise<{ bytesRead: number; buffer: Buffer }> => {
    const into = Buffer.allocUnsafeSlow(PIECE);
    const reading =
      file === undefined
        ? readDescriptor(STDIN, into, 0, PIECE, null)
        : file.read(into, 0, PIECE, opened ? position : null);
    // Whoever leaves the loop doesn't ask for what was read ahead.
    reading.catch(() => {});
    return reading;
  };
  try {
    let position = from;
    for (let ahead = next(position); ; ) {
      const { bytesRead, buffer } = await ahead.catch((error: unknown) => {
        throw fileError(error, path);
      });
      if (bytesRead === 0 || signal?.aborted) return;
      position += bytesRead;
      // The next piece is read while this one is worked on.
      ahead = next(position);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    if (file !== opened) await file?.close();
  }
}
