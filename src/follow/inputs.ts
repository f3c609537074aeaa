/** Where followed lines come from: log files, or the systemd journal. */
import { stat } from 'node:fs/promises';
import type { ClockOptions } from '../core/clock.js';
import { ensureReadable } from '../read/ensure-readable.js';
import { firstYear } from '../read/first-year.js';
import { readJournal } from '../read/journal.js';
import type { Checkpoint } from '../tail/checkpoint.js';
import { type Following, follow } from '../tail/follow.js';
import { logFiles } from '../tail/log-files.js';
import type { From } from '../tail/plain-generation.js';
import { offsetSince } from './since.js';

/** Some lines of a log, with what is to be told at the next start to go on after them. */
interface Piece {
  readonly log: string;
  readonly lines: readonly string[];
  readonly position: unknown;
  /** Milliseconds: when the lines were written at the latest. */
  readonly modified: number;
  /** The year of the first line of a log that is begun with, where stamps have none and it was found out. */
  readonly year?: number | undefined;
  /** Bytes of all logs that are there and still to be read after these lines; of the journal it isn't known. */
  readonly left?: number | undefined;
}

/** Ends when its signal says so, or at the logs' end when they are read once. */
export interface LogInput extends AsyncIterable<Piece> {
  /** Opens the logs anew. */
  reopen(): void;
}

/** Where to begin in a log that was never read before. */
export interface Beginning {
  readonly fromStart: boolean;
  /** Microseconds. */
  readonly since: number | undefined;
  /** Bytes before the end. */
  readonly tail: number;
}

export interface Reading {
  /** Reads what is there and ends. */
  readonly once: boolean;
  readonly signal: AbortSignal;
  readonly onNotice: (text: string) => void;
  /** What was told with the last piece of an earlier run. */
  readonly position: (log: string) => unknown;
}

/** What the journal is called among the logs. */
export const JOURNAL = 'journald';

/** Follows files. Throws a UserError for one that is to be read once and can't be. */
export async function openFiles(
  paths: readonly string[],
  beginning: Beginning,
  clock: Omit<ClockOptions, 'notAfter'>,
  { once, signal, onNotice, position }: Reading,
): Promise<LogInput> {
  const checkpoints: Checkpoint[] = [];
  const from = new Map<string, From>();
  const years = new Map<string, number | undefined>();
  for (const path of paths) {
    const known = position(path) as Checkpoint | undefined;
    if (known !== undefined) {
      checkpoints.push(known);
      if (isUntouched(known)) years.set(path, await yearOf(await nameOf(known), 'start', clock));
    } else {
      if (once) await ensureReadable(path);
      const begin = await beginOf(path, beginning, clock);
      from.set(path, begin);
      years.set(path, await yearOf(path, begin, clock));
    }
  }
  const following = follow(paths, {
    checkpoints,
    from: (path) => from.get(path) ?? 'start',
    once,
    signal,
    onNotice: ({ message }) => onNotice(message),
  });
  return {
    [Symbol.asyncIterator]: () => filePieces(following, years, onNotice),
    reopen: () => following.reopen(),
  };
}

async function beginOf(
  path: string,
  { fromStart, since, tail }: Beginning,
  clock: Omit<ClockOptions, 'notAfter'>,
): Promise<From> {
  if (fromStart) return 'start';
  if (since !== undefined) return offsetSince(path, since, clock);
  if (tail === 0) return 'end';
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  return Math.max(0, size - tail);
}

/** Whether the earlier run ended before its first line was stored: the lines tell the year as if there had been none. */
function isUntouched({ offset, older }: Checkpoint): boolean {
  return offset === 0 && older === undefined;
}

/** What the file is called by now. */
async function nameOf({ path, dev, ino }: Checkpoint): Promise<string> {
  const files = await logFiles(path);
  return files.find((file) => file.dev === dev && file.ino === ino)?.path ?? path;
}

/** What the rest of a log tells; nothing of one that can't be read yet. */
async function yearOf(
  path: string,
  begin: From,
  clock: Omit<ClockOptions, 'notAfter'>,
): Promise<number | undefined> {
  if (begin === 'end' || clock.year !== undefined) return clock.year;
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile()) return undefined;
  const from = begin === 'start' ? 0 : begin;
  return firstYear(path, { ...clock, notAfter: stats.mtimeMs }, { from }).catch(() => undefined);
}

async function* filePieces(
  following: Following,
  years: ReadonlyMap<string, number | undefined>,
  onNotice: Reading['onNotice'],
): AsyncGenerator<Piece, void, undefined> {
  const leftOf = new Map<string, number>();
  for await (const { path, lines, cut, checkpoint, left: own } of following) {
    if (cut > 0) onNotice(`${path}: ${cut} lines longer than 1 MiB were cut to that`);
    leftOf.set(path, own);
    const left = [...leftOf.values()].reduce((sum, one) => sum + one, 0);
    yield { log: path, lines, position: checkpoint, modified: checkpoint.time, year: years.get(path), left };
  }
}

/** Follows the journal. */
export function openJournal({ fromStart, since }: Beginning, { once, signal, position }: Reading): LogInput {
  const known = position(JOURNAL) as string | undefined;
  const options = { follow: !once, afterCursor: known, fromStart, since, signal };
  return { [Symbol.asyncIterator]: () => journalPieces(options, known), reopen: () => {} };
}

async function* journalPieces(
  options: Parameters<typeof readJournal>[0],
  known: string | undefined,
): AsyncGenerator<Piece, void, undefined> {
  let position = known;
  for await (const { lines, cursor } of readJournal(options)) {
    position = cursor ?? position;
    yield { log: JOURNAL, lines, position, modified: Date.now() };
  }
}
