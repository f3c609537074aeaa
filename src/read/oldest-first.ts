/** The logs of one import in the order of their times, and the year with which each begins where stamps have none. */
import { stat } from 'node:fs/promises';
import type { ClockOptions, ZoneOffset } from '../core/clock.js';
import { LineReader } from '../core/line.js';
import { UserError } from '../user-error.js';
import { firstYear, lacksYear } from './first-year.js';
import { type Input, openInput } from './input.js';
import { eachLine } from './lines.js';
import { rotatedName, rotations } from './rotation.js';
import { putAside, readAhead } from './stream.js';

export interface Log {
  readonly path: string;
  /** Bytes, as it is packed; 0 where that is not known. */
  readonly size: number;
  /** Milliseconds since 1970: no line is later. */
  readonly notAfter: number;
  /** Of the first line, where its stamp has none and it is known. */
  readonly year: number | undefined;
  /** Where a stream was put aside. */
  readonly file?: string | undefined;
  /** What was wrong with the stream that was put aside. */
  readonly was?: Pick<Input, 'warnings' | 'cutLines'> | undefined;
  /** What can be read only once, to be read now. */
  readonly stream?: Input | undefined;
}

export interface Reading {
  readonly zone: ZoneOffset;
  /** --year: of the oldest log's first line. */
  readonly year: number | undefined;
  readonly signal: AbortSignal;
  /** Hears of a log that can't be read; it is left out. */
  readonly onError: (error: UserError) => void;
}

interface Candidate extends Pick<Log, 'path' | 'size' | 'file' | 'was' | 'stream'> {
  /** Milliseconds since 1970: when it was last written to; now for a stream. */
  readonly modified: number;
  /** The first line with a stamp. */
  readonly first: string | undefined;
}

interface Dated {
  readonly log: Log;
  /** Milliseconds since 1970: its first line. */
  readonly begins: number | undefined;
}

const DAY = 86_400_000;
/** A log begins no earlier than the one before it in its rotation, less what a clock may be set back. */
const STEP_BACK = 31 * DAY;
/**
 * Half a year: how far a log's last line may be from the day in its name, which may be its first, and from the
 * beginning of the next log, which may have been begun before this one was left. A wrong year is further off.
 */
const NEAR = 183 * DAY;

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
  dated.sort((a, b) => (a.begins ?? Number.POSITIVE_INFINITY) - (b.begins ?? Number.POSITIVE_INFINITY) || 0);
  return dated.map(({ log }) => log);
}

async function candidateOf(path: string, { year, signal }: Reading): Promise<Candidate> {
  const stats = path === '-' ? undefined : await stat(path).catch(() => undefined);
  const input = await openInput(path, { signal });
  if (stats?.isFile()) {
    let first: string | undefined;
    for await (const { text } of input) {
      first = firstLine(text);
      break;
    }
    return { path, size: stats.size, modified: stats.mtimeMs, first };
  }
  // What can be read only once.
  const { chunk, whole } = await readAhead(input);
  const first = firstLine(chunk?.text ?? '');
  if (first === undefined || year !== undefined || !lacksYear(first))
    return { path, size: 0, modified: Date.now(), first, stream: whole };
  const file = await putAside(whole, signal);
  const { size, mtimeMs } = await stat(file);
  return { path, size, modified: mtimeMs, first, file, was: whole };
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
async function dateByEnd(rotation: readonly Candidate[], { zone, signal }: Reading): Promise<Dated[]> {
  const dated: Dated[] = [];
  let next: { readonly modified: number; readonly begins: number | undefined } | undefined;
  for (const [at, candidate] of [...rotation.entries()].reverse()) {
    const { modified, first, ...log } = candidate;
    const { day } = rotatedName(log.path);
    // Where the files' times go against the names, the names mean something else.
    const isBefore = next !== undefined && modified <= next.modified + DAY;
    const notAfter = Math.min(
      modified,
      day === undefined ? Number.POSITIVE_INFINITY : day + NEAR,
      isBefore ? (next?.begins ?? Number.POSITIVE_INFINITY) + NEAR : Number.POSITIVE_INFINITY,
    );
    const clock: ClockOptions = { notAfter, zone };
    const begins = beginning(candidate, clock);
    const before = rotation[at - 1]?.modified;
    // It begins after the one before it was last written to, so this year is the only one.
    const isCertain = before !== undefined && begins !== undefined && before - DAY <= begins;
    const isDated = first === undefined || !lacksYear(first);
    const year = isDated || isCertain ? undefined : await firstYear(log.file ?? log.path, clock, { signal });
    next = { modified, begins: beginning(candidate, { ...clock, year }) };
    dated.push({ log: { ...log, notAfter, year }, begins: next.begins });
  }
  return dated;
}

/** From the first log on, whose year is given: each of the others begins after the one before. */
async function dateByBeginning(rotation: readonly Candidate[], { zone, year }: Reading): Promise<Dated[]> {
  let before = Number.NEGATIVE_INFINITY;
  let current = year ?? 0;
  return rotation.map((candidate) => {
    const { modified, first: _, ...log } = candidate;
    const beginsIn = (of: number): number | undefined =>
      beginning(candidate, { notAfter: modified, year: of, zone });
    if ((beginsIn(current) ?? before) < before - STEP_BACK) current++;
    const begins = beginsIn(current);
    before = begins ?? before;
    return { log: { ...log, notAfter: modified, year: current }, begins };
  });
}

function beginning({ first }: Candidate, clock: ClockOptions): number | undefined {
  const time = first === undefined ? undefined : new LineReader(clock).read(first)?.time;
  return time === undefined ? undefined : time / 1000;
}
