/**
 * The year of a log's first line, where stamps have none. Its last line is told by the file's time; how many New Years
 * lie between the two only the lines tell. A small log, or a packed one, is looked through; of a large one only as
 * many lines as it takes to see that no year is hidden between two of them.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { ClockOptions } from '../core/clock.js';
import { LineReader } from '../core/line.js';
import { fileError } from './file-error.js';
import { openInput, packingOf } from './input.js';
import { eachLine } from './lines.js';

/** A plain log up to this size is looked through. */
const SMALL = 8 * 1024 * 1024;
/** Of a larger one, so many places are looked at to begin with. */
const PLACES = 256;
/** What lies between two places is looked through when it is no longer than this. */
const PIECE = 64 * 1024;
/** How much is read to find a line at a place. */
const PEEK = 8 * 1024;
/** Two places with less between them, going forward, have no New Year between them that they don't show. */
const NEAR = 2 * 86_400_000;
const DAY_STAMP = /^[A-Z][a-z]{2} [ \d]\d /;
/** A leap year, to compare the places' days in. */
const SOME_YEAR = 2000;

/**
 * Undefined when no stamp lacks its year. `from` is a place to begin at; the signal ends the looking. Throws a
 * UserError when the file can't be read.
 */
export async function firstYear(
  path: string,
  clock: ClockOptions,
  { from = 0, signal }: { readonly from?: number; readonly signal?: AbortSignal } = {},
): Promise<number | undefined> {
  const days = new Days(clock);
  if ((await packingOf(path)) === 'none') {
    const file = await open(path, 'r').catch((error: unknown) => Promise.reject(fileError(error, path)));
    try {
      await lookThrough(file, from, days);
    } finally {
      await file.close();
    }
  } else {
    for await (const { text } of await openInput(path, { from })) {
      eachLine(text, (line) => days.read(line));
      if (signal?.aborted) break;
    }
  }
  return days.firstYear;
}

async function lookThrough(file: FileHandle, from: number, days: Days): Promise<void> {
  const { size } = await file.stat();
  const { line } = await placeAt(file, from);
  if (line !== undefined && !lacksYear(line)) return;
  if (size - from > SMALL) await lookAtPlaces(file, { from, size }, days);
  else eachLine(await textAt(file, from, size - from), (each) => days.read(each));
}

/** Whether a line's stamp has no year. */
export function lacksYear(line: string): boolean {
  const reader = new LineReader({ notAfter: 0, zone: () => 0 });
  reader.read(line);
  return reader.firstYear !== undefined;
}

/** Reads of each day's lines in a row only the first: the others tell no more. */
class Days {
  readonly #reader: LineReader;
  #day = '\n';

  constructor(clock: ClockOptions) {
    this.#reader = new LineReader(clock);
  }

  get firstYear(): number | undefined {
    return this.#reader.firstYear;
  }

  read(line: string): void {
    if (line.startsWith(this.#day)) return;
    this.#reader.read(line);
    this.#day = DAY_STAMP.exec(line)?.[0] ?? '\n';
  }
}

/** A place in a log: where a line begins, if one with a stamp is near. */
interface Place {
  readonly offset: number;
  readonly line?: string;
  /** Milliseconds, as if all stamps were of one year. */
  readonly time?: number;
}

async function lookAtPlaces(
  file: FileHandle,
  { from, size }: { readonly from: number; readonly size: number },
  days: Days,
): Promise<void> {
  const step = Math.max(PIECE, Math.ceil((size - from) / PLACES));
  let place = await placeAt(file, from);
  for (let offset = from + step; offset < size; offset += step) {
    const next = await placeAt(file, offset);
    await lookBetween(file, place, next, days);
    place = next;
  }
  await lookBetween(file, place, { offset: size }, days);
}

async function lookBetween(file: FileHandle, from: Place, to: Place, days: Days): Promise<void> {
  if (from.line !== undefined) days.read(from.line);
  if (from.time !== undefined && to.time !== undefined) {
    const passed = to.time - from.time;
    if (passed >= 0 && passed <= NEAR) return;
  }
  if (to.offset - from.offset <= PIECE) {
    eachLine(await textAt(file, from.offset, to.offset - from.offset), (line) => days.read(line));
    return;
  }
  const middle = await placeAt(file, Math.floor((from.offset + to.offset) / 2));
  if (middle.offset >= to.offset) {
    for (let at = from.offset; at < to.offset; at += PIECE)
      eachLine(await textAt(file, at, Math.min(PIECE, to.offset - at)), (line) => days.read(line));
    return;
  }
  await lookBetween(file, from, middle, days);
  await lookBetween(file, middle, to, days);
}

/** The first line with a stamp that begins after an offset. */
async function placeAt(file: FileHandle, offset: number): Promise<Place> {
  const text = await textAt(file, offset, PEEK);
  let at = offset === 0 ? 0 : text.indexOf('\n') + 1;
  for (let end = text.indexOf('\n', at); end >= 0; end = text.indexOf('\n', at)) {
    const line = text.slice(at, end);
    const found = new LineReader({ notAfter: 0, year: SOME_YEAR, zone: () => 0 }).read(line);
    if (found !== undefined) return { offset: offset + at, line, time: found.time / 1000 };
    at = end + 1;
  }
  return { offset };
}

/** Bytes as characters: stamps are ASCII, and an offset in the one is an offset in the other. */
async function textAt(file: FileHandle, offset: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  return buffer.toString('latin1', 0, bytesRead);
}
