/** Whole logs in the order in which they were written, whatever the order given. */
import { stat } from 'node:fs/promises';
import type { ZoneOffset } from '../core/clock.js';
import { LineReader } from '../core/line.js';
import { fileError } from './file-error.js';
import { openInput } from './input.js';
import { eachLine } from './lines.js';

export interface Log {
  readonly path: string;
  /** Bytes of the file; null for a pipe. */
  readonly size: number | null;
  /** Milliseconds: when it was last written to; now for a pipe. */
  readonly modified: number;
  /** Of its first line, where stamps have none; undefined to infer it from `modified`. */
  readonly year: number | undefined;
}

interface Order {
  readonly zone: ZoneOffset;
  /** Of the first line of all logs; undefined to infer each log's. */
  readonly year: number | undefined;
  /** Hears of each log that can't be read (UserError); it is left out. */
  readonly complain: (error: unknown) => void;
}

/** When a log begins. */
interface Begin {
  /** Microseconds; undefined when no line has a time. */
  readonly first: number | undefined;
  /** The year that was inferred; undefined when its first stamp has a zone. */
  readonly inferred: number | undefined;
}

/** Pipes come last: they can be read only once, so nobody knows when they begin. */
export async function oldestFirst(paths: readonly string[], { zone, year, complain }: Order): Promise<Log[]> {
  const begun: (Omit<Log, 'year'> & Begin)[] = [];
  for (const path of paths) {
    try {
      const stats = path === '-' ? undefined : await stat(path).catch((error) => failed(error, path));
      if (stats?.isFile() || stats?.isDirectory()) {
        const begin = await beginOf(path, stats.mtimeMs, zone);
        begun.push({ path, size: stats.size, modified: stats.mtimeMs, ...begin });
      } else {
        begun.push({ path, size: null, modified: Date.now(), first: undefined, inferred: undefined });
      }
    } catch (error) {
      complain(error);
    }
  }
  begun.sort((a, b) => (a.first ?? Number.POSITIVE_INFINITY) - (b.first ?? Number.POSITIVE_INFINITY) || 0);
  const oldest = begun.find(({ inferred }) => inferred !== undefined)?.inferred;
  return begun.map(({ path, size, modified, inferred }) => ({
    path,
    size,
    modified,
    // As many years after the oldest log as their files' times say.
    year: year === undefined ? undefined : year + ((inferred ?? oldest ?? 0) - (oldest ?? 0)),
  }));
}

async function beginOf(path: string, modified: number, zone: ZoneOffset): Promise<Begin> {
  const reader = new LineReader({ notAfter: modified, zone });
  let first: number | undefined;
  for await (const chunk of await openInput(path)) {
    eachLine(chunk.text, (line) => {
      first ??= reader.read(line)?.time;
    });
    break;
  }
  const { last } = reader;
  const inferred = last === undefined ? undefined : new Date(last + zone(last) * 60_000).getUTCFullYear();
  return { first, inferred };
}

function failed(error: unknown, path: string): never {
  throw fileError(error, path);
}
