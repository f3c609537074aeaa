/** The logs of one import in the order of their times, and the year with which each begins where stamps have none. */
import type { FileHandle } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import type { ClockOptions, ZoneOffset } from '../core/clock.js';
import { LineReader } from '../core/line.js';
import { UserError } from '../user-error.js';
import { firstYear, firstYearOf, lacksYear } from './first-year.js';
import { type Input, openInput } from './input.js';
import { eachLine } from './lines.js';
import { rotatedName, rotations } from './rotation.js';
import { putAside, readAhead } from './stream.js';

export interface Log {
  readonly path: string;
  /** Bytes, as it is packed; 0 where that is not known. */
  readonly size: number;
  readonly clock: ClockOptions;
  /** To be iterated once. */
  readonly open: () => Promise<Input>;
}

export interface Reading {
  readonly zone: ZoneOffset;
  /** --year: of the oldest log's first line. */
  readonly year: number | undefined;
  readonly signal: AbortSignal;
  /** Hears of a log that can't be read; it is left out. */
  readonly onError: (error: UserError) => void;
}

interface Candidate {
  readonly path: string;
  readonly size: number;
  /** Milliseconds since 1970: when it was last written to; now for a stream. */
  readonly modified: number;
  /** The first line with a stamp. */
  readonly first: string | undefined;
  readonly open: () => Promise<Input>;
  /** What a stream was put aside in. */
  readonly file?: FileHandle | undefined;
}

type Dated = Log & {
  /** Milliseconds since 1970: its first line. */
  readonly begins: number | undefined;
};

const DAY = 86_400_000;
/** A log begins no earlier than the one before it in its rotation, less what a clock may be set back. */
const STEP_BACK = 31 * DAY;
/** How far a log's lines may be from the day in its name, which may be its first or its last. */
const NEAR_NAME = 183 * DAY;

/** The logs that can be read (`-` is standard input), the one with the oldest first line first. */
export async function oldestFirst(paths: readonly string[], reading: Reading): Promise<Log[]> {
  const candidates: Candidate[] = [];
  const tried = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reading.onError(error);
    }
  };
  for (const path of paths) await tried(async () => void candidates.push(await candidateOf(path, reading)));
  const dated: Dated[] = [];
  for (const rotation of rotations(candidates)) {
    const date = reading.year === undefined ? dateByEnd : dateByBeginning;
    await tried(async () => void dated.push(...(await date(rotation, reading))));
  }
  return dated.sort(
    (a, b) => (a.begins ?? Number.POSITIVE_INFINITY) - (b.begins ?? Number.POSITIVE_INFINITY) || 0,
  );
}

async function candidateOf(path: string, { year, signal }: Reading): Promise<Candidate> {
  const stats = path === '-' ? undefined : await stat(path).catch(() => undefined);
  const input = await openInput(path);
  if (stats?.isFile()) {
    for await (const { text } of input) {
      const first = firstLine(text);
      return { path, size: stats.size, modified: stats.mtimeMs, first, open: () => openInput(path) };
    }
    return { path, size: stats.size, modified: stats.mtimeMs, first: undefined, open: () => openInput(path) };
  }
  // What can be read only once.
  const { chunk, whole } = await readAhead(input);
  const first = firstLine(chunk?.text ?? '');
  const isDated = first === undefined || year !== undefined || !lacksYear(first);
  if (isDated) return { path, size: 0, modified: Date.now(), first, open: async () => whole };
  const { file, size, again } = await putAside(whole, signal);
  return { path, size, modified: Date.now(), first, open: again, file };
}

function firstLine(text: string): string | undefined {
  const reader = new LineReader({ notAfter: 0, zone: () => 0 });
  let first: string | undefined;
  eachLine(text, (line) => {
    if (first === undefined && reader.read(line) !== undefined) first = line;
  });
  return first;
}

/** From the last log to the first, since it is their ends whose years are known. */
async function dateByEnd(rotation: readonly Candidate[], { zone }: Reading): Promise<Dated[]> {
  const dated: Dated[] = [];
  let next: { readonly modified: number; readonly begins: number | undefined } | undefined;
  for (const [at, log] of [...rotation.entries()].reverse()) {
    const { day } = rotatedName(log.path);
    // Where the files' times go against the names, the names mean something else.
    const isBefore = next !== undefined && log.modified <= next.modified + DAY;
    const notAfter = Math.min(
      log.modified,
      day === undefined ? Number.POSITIVE_INFINITY : day + NEAR_NAME,
      isBefore ? (next?.begins ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
    );
    const clock: ClockOptions = { notAfter, zone };
    const begins = beginning(log, clock);
    const before = rotation[at - 1]?.modified;
    // It begins after the one before it was last written to, so this year is the only one.
    const isCertain = before !== undefined && begins !== undefined && before - DAY <= begins;
    const isDated = log.first === undefined || !lacksYear(log.first);
    const year = isDated || isCertain ? undefined : await yearOf(log, clock);
    const own = { ...clock, year };
    next = { modified: log.modified, begins: beginning(log, own) };
    dated.push({ path: log.path, size: log.size, open: log.open, clock: own, begins: next.begins });
  }
  return dated;
}

function yearOf({ path, file }: Candidate, clock: ClockOptions): Promise<number | undefined> {
  return file === undefined ? firstYear(path, clock) : firstYearOf(file, clock);
}

/** From the first log on, whose year is given: each of the others begins after the one before. */
async function dateByBeginning(rotation: readonly Candidate[], { zone, year }: Reading): Promise<Dated[]> {
  let before = Number.NEGATIVE_INFINITY;
  let current = year ?? 0;
  return rotation.map((log) => {
    const clockIn = (candidate: number): ClockOptions => ({ notAfter: log.modified, year: candidate, zone });
    if ((beginning(log, clockIn(current)) ?? before) < before - STEP_BACK) current++;
    const clock = clockIn(current);
    const begins = beginning(log, clock);
    before = begins ?? before;
    return { path: log.path, size: log.size, open: log.open, clock, begins };
  });
}

function beginning({ first }: Candidate, clock: ClockOptions): number | undefined {
  const time = first === undefined ? undefined : new LineReader(clock).read(first)?.time;
  return time === undefined ? undefined : time / 1000;
}
