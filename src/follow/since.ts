/** Where in a log the lines since a time begin. */
import { type FileHandle, open } from 'node:fs/promises';
import type { ClockOptions } from '../core/clock.js';
import { LineReader } from '../core/line.js';

const PIECE = 64 * 1024;

/**
 * An offset in bytes, at most 64 kB before the first line at or after `since` (microseconds); 0 for a log that isn't
 * there. Searched by halves, as a log's lines are in the order of their times.
 */
export async function offsetSince(
  path: string,
  since: number,
  clock: Omit<ClockOptions, 'notAfter'>,
): Promise<number> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return 0;
  try {
    const { size, mtimeMs } = await file.stat();
    let low = 0;
    let high = size;
    while (high - low > PIECE) {
      const middle = Math.floor((low + high) / 2);
      const time = await timeAfter(file, middle, { ...clock, notAfter: mtimeMs });
      if (time !== undefined && time < since) low = middle;
      else high = middle;
    }
    return low;
  } finally {
    await file.close();
  }
}

/** The time of the first line that begins after the offset and has one, within 64 kB. */
async function timeAfter(file: FileHandle, offset: number, clock: ClockOptions): Promise<number | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE), 0, PIECE, offset);
  const [, ...lines] = buffer.toString('latin1', 0, bytesRead).split('\n');
  const reader = new LineReader(clock);
  for (const line of lines.slice(0, -1)) {
    const time = reader.read(line)?.time;
    if (time !== undefined) return time;
  }
  return undefined;
}
