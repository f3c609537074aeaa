/**
 * Lines of followed logs in, stored traces out. What changed is committed together with how far the logs were read,
 * so that a program that is killed at any moment goes on where it was.
 *
 * What may go on stays in memory. Three things are kept in the store beside the traces, as no trace tells them: lines
 * that are no message's yet (pieces of split lines, a client whose message has no id), the clock of stamps without a
 * year, and the filters that were learnt.
 */
import type { Database } from 'better-sqlite3';
import type { ZoneOffset } from '../core/clock.js';
import type { Event } from '../core/event.js';
import { EventReader } from '../core/event-reader.js';
import type { StoredCase } from '../core/join/archive.js';
import { Joiner } from '../core/join/joiner.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import type { View } from '../core/trace/view.js';
import { packLoose } from '../ingest/pack-loose.js';
import { Packer } from '../ingest/packer.js';
import { storedCase } from '../ingest/stored-case.js';
import type { WaitingLine } from '../store/batch.js';
import { hashKey } from '../store/hash.js';
import { Reader, type Row } from '../store/reader.js';
import { BLOCK_BYTES } from '../store/segment.js';
import { Writer } from '../store/writer.js';

const SECOND = 1_000_000;
/** What happened within this time of the newest line is in memory, so it is taken there after a restart. */
const WARM = 60 * SECOND;
/** A message that may go on is packed when it was quiet for longer than Postfix ever waits between two attempts. */
const QUIET = 24 * 3600 * SECOND;
const QUIET_CHECK = 3600 * SECOND;

export interface EngineOptions {
  /** Written to by nobody else. */
  readonly db: Database;
  readonly patterns: PatternSet;
  readonly path: MailPath;
  readonly zone: ZoneOffset;
  /** The year of a log's first line, where stamps have none. */
  readonly year?: number | undefined;
}

/** What a commit stored. */
export interface Committed {
  /** What changed, under its number in the store. */
  readonly changed: readonly { readonly ref: number; readonly view: View }[];
  /** Numbers of traces that became part of another. */
  readonly gone: readonly number[];
}

/** How far a log was read. */
interface Checkpoint {
  /** What its reader wants to be told at the next start. */
  readonly position: unknown;
  /** `ClockOptions.after`. */
  readonly clock?: number | undefined;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #joiner: Joiner;
  readonly #packer: Packer;
  readonly #checkpoints = new Map<string, Checkpoint>();
  /** Logs that were read further since the last commit. */
  readonly #moved = new Set<string>();
  readonly #sources = new Map<string, EventReader>();
  /** Lines that the store keeps as waiting, by what stands for them in memory. */
  #waiting = new Map<object, number>();
  /** Those of logs that this process has not read from yet. */
  #waitingBefore: WaitingLine[];
  #waitingRead: number[] = [];
  #lastWaiting: number;
  /** Finished messages with loose lines, and how many characters. */
  readonly #loose = new Map<number, number>();
  #newest: number;
  #lines = 0;
  #quietChecked = 0;

  constructor(options: EngineOptions) {
    const { db, path } = options;
    this.#options = options;
    this.#reader = new Reader(db);
    this.#writer = new Writer(db);
    path.recall(this.#reader.endpoints());
    this.#joiner = new Joiner(path, { recall: (key) => this.#recall(this.#reader.byHash(hashKey(key))) });
    this.#packer = new Packer(path, this.#reader.lastIds(), true);
    for (const { path: log, json } of this.#reader.checkpoints())
      this.#checkpoints.set(log, JSON.parse(json) as Checkpoint);
    for (const { id } of this.#reader.loose()) this.#loose.set(id, this.#reader.looseSize(id));
    this.#newest = this.#reader.newest();
    this.#joiner.resume(this.#recall(this.#reader.recent(this.#newest - WARM)));
    this.#waitingBefore = this.#reader.waiting();
    this.#lastWaiting = this.#waitingBefore.at(-1)?.id ?? 0;
    const nowhere = this.#newSource({ notAfter: 0, zone: options.zone });
    this.#readWaiting('', nowhere);
  }

  /** Where the reading of a log is to begin: what was committed last; undefined for one that was never read. */
  position(log: string): unknown {
    return this.#checkpoints.get(log)?.position;
  }

  /**
   * Takes lines of a log, and what its reader wants to be told at the next start. `modified`: milliseconds, when
   * they were written at the latest.
   */
  read(log: string, lines: readonly string[], position: unknown, modified: number): void {
    const before = this.#checkpoints.get(log);
    let clock = before?.clock;
    if (lines.length > 0) {
      const source = this.#sources.get(log) ?? this.#begin(log, modified, clock);
      for (const line of lines) if (line !== '') source.read(line);
      clock = source.last;
    }
    this.#lines += lines.length;
    this.#checkpoints.set(log, { position, clock });
    this.#moved.add(log);
  }

  /** Stores what changed and how far the logs were read, in one transaction. */
  commit(): Committed {
    if (this.#moved.size === 0) return { changed: [], gone: [] };
    const changed: { ref: number; view: View }[] = [];
    const gone: number[] = [];
    for (const which of this.#joiner.changed()) {
      gone.push(...which.refs.slice(1));
      const { ref, view } = this.#packer.add(which);
      this.#joiner.stored(which, ref);
      changed.push({ ref, view });
    }
    const checkpoints = [...this.#moved].map((path) => ({
      path,
      json: JSON.stringify(this.#checkpoints.get(path)),
    }));
    this.#writer.write(this.#packer.take(checkpoints, this.#waitingChanges()));
    this.#moved.clear();
    for (const { ref, view } of changed) this.#noteLoose(ref, view);
    for (const ref of gone) this.#loose.delete(ref);
    this.#joiner.rest();
    return { changed, gone };
  }

  /** Packs finished messages' lines when they fill a block; at the end, `all` of them. To be called after a commit. */
  pack(all = false): void {
    if (this.#newest - this.#quietChecked > QUIET_CHECK) {
      this.#quietChecked = this.#newest;
      for (const { id, last, block } of this.#reader.open())
        if (block === null && last < this.#newest - QUIET) this.#loose.set(id, this.#reader.looseSize(id));
    }
    let size = 0;
    const resting: number[] = [];
    for (const [ref, characters] of this.#loose) {
      if (!all && this.#joiner.holds(ref)) continue;
      resting.push(ref);
      size += characters;
    }
    if (resting.length === 0 || (!all && size < BLOCK_BYTES)) return;
    const rows = resting.flatMap((ref) => this.#reader.byId(ref) ?? []);
    for (const ref of packLoose(this.#options.db, rows, all)) this.#loose.delete(ref);
  }

  /** Lines read, and how many of Postfix and amavis no pattern knew. */
  get counts(): { readonly lines: number; readonly unrecognized: number } {
    let unrecognized = 0;
    for (const { counts } of this.#sources.values()) unrecognized += counts.unrecognized;
    return { lines: this.#lines, unrecognized };
  }

  #begin(log: string, modified: number, after: number | undefined): EventReader {
    const { zone, year } = this.#options;
    const source = this.#newSource({ notAfter: modified, year, after, zone });
    this.#sources.set(log, source);
    this.#readWaiting(log, source);
    return source;
  }

  #newSource(clock: ConstructorParameters<typeof EventReader>[1]): EventReader {
    const event = (one: Event): void => {
      if (one.at.time > this.#newest) this.#newest = one.at.time;
      this.#joiner.apply(one);
    };
    return new EventReader(this.#options.patterns, clock, { event, unrecognized: () => {} });
  }

  /** Lines that waited when the program ended: read again, they stand for themselves anew. */
  #readWaiting(log: string, source: EventReader): void {
    for (const { id, raw, time } of this.#waitingBefore.filter(({ path }) => path === log)) {
      source.read(raw, time);
      this.#waitingRead.push(id);
    }
    this.#waitingBefore = this.#waitingBefore.filter(({ path }) => path !== log);
  }

  #waitingChanges(): { added: WaitingLine[]; removed: number[] } {
    const added: WaitingLine[] = [];
    const removed = this.#waitingRead;
    this.#waitingRead = [];
    const now = new Map<object, number>();
    const keep = (path: string, one: { readonly time: number; readonly raw: string }): void => {
      let id = this.#waiting.get(one);
      if (id === undefined) {
        id = ++this.#lastWaiting;
        added.push({ id, path, time: one.time, raw: one.raw });
      }
      now.set(one, id);
    };
    for (const { at } of this.#joiner.loose()) keep('', at);
    for (const [path, source] of this.#sources) for (const line of source.pending()) keep(path, line);
    for (const [one, id] of this.#waiting) if (!now.has(one)) removed.push(id);
    this.#waiting = now;
    return { added, removed };
  }

  #noteLoose(ref: number, view: View): void {
    this.#loose.delete(ref);
    if (view.open) return;
    this.#loose.set(
      ref,
      view.facts.events.reduce((sum, { at }) => sum + at.raw.length, 0),
    );
  }

  #recall(rows: readonly Row[]): StoredCase[] {
    return rows
      .filter(({ id }) => !this.#joiner.holds(id))
      .map((row) => storedCase(row, this.#reader, this.#options.patterns));
  }
}
