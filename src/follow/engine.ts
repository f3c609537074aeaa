/**
 * Lines of followed logs in, stored traces out. What changed is committed together with how far the logs were read,
 * so that a program that is killed at any moment goes on where it was.
 *
 * What may go on stays in memory. Beside the traces the store keeps what they don't tell: lines that are no message's
 * yet (pieces of split lines, a client whose message has no id), the clock of stamps without a year, the filters that
 * were learnt. What diagnosis has learnt is large, so it is only stored when messages are packed; until then it can be
 * learnt again from what is not packed and from the lines that belong to no message.
 */
import type { Database } from 'better-sqlite3';
import type { ClockOptions, ZoneOffset } from '../core/clock.js';
import { detached } from '../core/detached.js';
import type { Event } from '../core/event.js';
import { EventReader } from '../core/event-reader.js';
import type { StoredCase } from '../core/join/archive.js';
import { Attempts } from '../core/join/attempts.js';
import { type Case, Joiner, namelessNotes } from '../core/join/joiner.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import { linesOf, type View, viewOf } from '../core/trace/view.js';
import type { Diagnosis } from '../ingest/diagnosis.js';
import { learnAgain } from '../ingest/learn-again.js';
import { packLoose } from '../ingest/pack-loose.js';
import { Packer } from '../ingest/packer.js';
import { StoreArchive } from '../ingest/store-archive.js';
import { storedCase } from '../ingest/stored-case.js';
import { WaitingLines } from '../ingest/waiting-lines.js';
import { type Batch, SPLIT_LINES } from '../store/batch.js';
import { Reader, type Row } from '../store/reader.js';
import { BLOCK_BYTES } from '../store/segment.js';
import { Writer } from '../store/writer.js';

const SECOND = 1_000_000;
/** What happened within this time of the newest line is in memory, so it is taken there after a restart. */
const WARM = 60 * SECOND;
/** A message that may go on is packed when it was quiet for longer than Postfix ever waits between two attempts. */
const QUIET = 24 * 3600 * SECOND;
const QUIET_CHECK = 3600 * SECOND;
/** Packed at once: a block's worth, less what a last message may need. */
const ENOUGH_CHARACTERS = BLOCK_BYTES * 0.8;
const ENOUGH_SYSTEM_LINES = 1000;
/** Of messages that were tried again, those with so many lines are told with one commit: a screen waits for it. */
const TOLD_LINES = 1500;

export interface EngineOptions {
  /** Written to by nobody else. */
  readonly db: Database;
  readonly patterns: PatternSet;
  readonly path: MailPath;
  readonly diagnosis: Diagnosis;
  readonly zone: ZoneOffset;
  /** The year of a log's first line, where stamps have none. */
  readonly year?: number | undefined;
}

/** What a commit stored. */
export interface Committed {
  /** What changed, under its number in the store. */
  readonly changed: readonly Changed[];
  /** Numbers of traces that became part of another. */
  readonly gone: readonly number[];
}

interface Changed {
  readonly ref: number;
  readonly view: View;
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
  readonly #archive: StoreArchive;
  readonly #joiner: Joiner;
  readonly #attempts: Attempts;
  readonly #packer: Packer;
  readonly #checkpoints = new Map<string, Checkpoint>();
  /** Logs that were read further since the last commit. */
  readonly #moved = new Set<string>();
  readonly #sources = new Map<string, EventReader>();
  readonly #waiting: WaitingLines;
  /** Finished messages with loose lines, and how many characters. */
  readonly #loose = new Map<number, number>();
  /** Messages that diagnosis has learnt from; those among them that are packed, only while they are in memory. */
  readonly #known = new Set<number>();
  /** The problems that a case in memory is stored with. */
  readonly #problems = new WeakMap<Case, string>();
  #diagnosed: Batch['diagnosed'][number][] = [];
  #newest: number;
  #lines = 0;
  #quietChecked = 0;

  constructor(options: EngineOptions) {
    const { db, path, diagnosis } = options;
    this.#options = options;
    this.#reader = new Reader(db);
    this.#writer = new Writer(db);
    path.recall(this.#reader.endpoints());
    this.#packer = new Packer(path, diagnosis, this.#reader.lastIds());
    this.#archive = new StoreArchive(this.#reader, options.patterns, () => this.#packer.draft);
    this.#joiner = new Joiner(path, {
      recall: (...asked) => {
        const found = this.#archive.recall(...asked);
        for (const { ref } of found) this.#recalled(ref, this.#reader.byId(ref)?.block);
        return found;
      },
    });
    this.#attempts = new Attempts(this.#joiner, (again) => this.#packer.append(again));
    for (const { path: log, json } of this.#reader.checkpoints())
      this.#checkpoints.set(log, JSON.parse(json) as Checkpoint);
    this.#newest = this.#reader.newest();
    this.#joiner.resume(this.#resumed(this.#reader.recent(this.#newest - WARM)));
    for (const { row, view } of learnAgain(diagnosis, { ...options, reader: this.#reader })) {
      this.#noteLoose(row.id, view);
      if (!this.#joiner.holds(row.id)) this.#learn(row.id, view, row.problems);
    }
    this.#waiting = new WaitingLines(this.#reader.waiting());
    this.#waiting.readAgain(this.#newSource({ notAfter: 0, zone: options.zone }));
  }

  /** Where the reading of a log is to begin: what was committed last; undefined for one that was never read. */
  position(log: string): unknown {
    return this.#checkpoints.get(log)?.position;
  }

  /** Lines read, and how many of Postfix and amavis no pattern knew. */
  get counts(): { readonly lines: number; readonly unrecognized: number } {
    let unrecognized = 0;
    for (const { counts } of this.#sources.values()) unrecognized += counts.unrecognized;
    return { lines: this.#lines, unrecognized };
  }

  /**
   * Takes lines of a log, and what its reader wants to be told at the next start. `modified`: milliseconds, when
   * they were written at the latest. `year`: of a log's first line, where it has none and it is known.
   */
  read(log: string, lines: readonly string[], position: unknown, modified: number, year?: number): void {
    let clock = this.#checkpoints.get(log)?.clock;
    if (lines.length > 0) {
      const source = this.#sources.get(log) ?? this.#begin(log, { notAfter: modified, year, after: clock });
      for (const line of lines) if (line !== '') source.read(detached(line));
      clock = source.last;
    }
    this.#lines += lines.length;
    this.#checkpoints.set(log, { position, clock });
    this.#moved.add(log);
  }

  /** Whether messages were tried again of which no commit has told yet. */
  get isBehind(): boolean {
    return this.#attempts.hasBehind;
  }

  /**
   * Stores what changed and how far the logs were read, in one transaction. While there is more to read, messages that
   * were only tried again are left to be told later: they may be tried again before that.
   */
  commit(isCatchingUp = false): Committed {
    if (this.#moved.size === 0 && !this.isBehind) return { changed: [], gone: [] };
    this.#joiner.settle();
    const changed = new Map<number, View>();
    const gone: number[] = [];
    for (const which of this.#joiner.changed()) {
      gone.push(...which.refs.slice(1));
      const { ref, view, problems } = this.#packer.addLive(which);
      this.#joiner.stored(which, ref);
      this.#problems.set(which, problems);
      changed.set(ref, view);
    }
    for (const [ref, view] of changed) this.#noteLoose(ref, view);
    for (const ref of gone) this.#loose.delete(ref);
    const resting = this.#joiner.resting();
    for (const which of resting) this.#learnNameless(which);
    for (const which of resting) {
      const again = this.#putAway(which);
      if (again !== undefined) changed.set(again.ref, again.view);
    }
    if (!isCatchingUp) for (const [ref, view] of this.#triedAgain()) changed.set(ref, view);
    const checkpoints = [...this.#moved].map((path) => ({
      path,
      json: JSON.stringify(this.#checkpoints.get(path)),
    }));
    this.#write({ checkpoints });
    this.#moved.clear();
    return { changed: [...changed].map(([ref, view]) => ({ ref, view })), gone };
  }

  /** Packs the lines of finished messages when there are enough. To be called after a commit. */
  pack(): void {
    // A message that is to be told of is needed as it is.
    if (this.#newest - this.#quietChecked > QUIET_CHECK && !this.isBehind) {
      this.#quietChecked = this.#newest;
      const quiet = new Set<number>();
      for (const { id, last, block } of this.#reader.open()) {
        if (block !== null || last >= this.#newest - QUIET) continue;
        this.#loose.set(id, this.#reader.looseSize(id));
        quiet.add(id);
      }
      this.#attempts.packed(quiet);
    }
    let size = 0;
    const resting: number[] = [];
    for (const [ref, characters] of this.#loose) {
      if (this.#joiner.holds(ref)) continue;
      resting.push(ref);
      size += characters;
    }
    if (size > ENOUGH_CHARACTERS || this.#waiting.system > ENOUGH_SYSTEM_LINES) this.#packAll(resting);
  }

  /** At the end, after the last commit: packs what is finished and stores what was learnt. */
  close(): void {
    for (const which of this.#joiner.held()) this.#learnNameless(which);
    for (const which of this.#joiner.held()) this.#putAway(which);
    this.#packAll([...this.#loose.keys()]);
  }

  /** What diagnosis has learnt is stored with the lines that it was learnt from, so that it learns from none twice. */
  #packAll(refs: readonly number[]): void {
    const { db, diagnosis } = this.#options;
    db.transaction(() => {
      packLoose(db, refs);
      this.#waiting.forgetSystem();
      this.#write({ knowledge: diagnosis.knowledge() });
    }).immediate();
    for (const ref of refs) {
      this.#loose.delete(ref);
      this.#known.delete(ref);
    }
  }

  #write(more: Partial<Pick<Batch, 'checkpoints' | 'knowledge'>>): void {
    const waiting = this.#waiting.changes(this.#joiner.loose(), this.#sources);
    const endpoints = this.#options.path.takeLearnt();
    const draft = this.#packer.take();
    this.#writer.write(draft.batch({ ...more, endpoints, diagnosed: this.#diagnosed, waiting }));
    this.#archive.stored(draft);
    this.#diagnosed = [];
  }

  /** A case leaves memory: diagnosis learns from it, and tells its problems with what is known by now. */
  #putAway(which: Case): Changed | undefined {
    const [ref] = which.refs;
    if (ref === undefined) return undefined;
    const view = viewOf(which, this.#options.path);
    if (this.#problems.has(which)) {
      const lines = linesOf(view.facts.events).length;
      this.#attempts.putAway(which, ref, lines, view.open && view.state === 'deferred');
    } else {
      this.#attempts.left(which);
    }
    // One that was taken back and has not changed is known by its row alone.
    const before = this.#problems.get(which) ?? this.#reader.byId(ref)?.problems;
    const differs = this.#learn(ref, view, before);
    // A packed one is known to have been learnt from by its being packed.
    if (!view.open && !this.#loose.has(ref)) this.#known.delete(ref);
    return differs ? { ref, view } : undefined;
  }

  /** What a run of amavis noted that ended before a line named its message is told of the system. */
  #learnNameless(which: Case): void {
    for (const note of namelessNotes(which))
      if (this.#options.diagnosis.event(note, true)) this.#waiting.keepSystem(note);
  }

  /** Whether the problems are others than those that it is stored with. */
  #learn(ref: number, view: View, before: string | undefined): boolean {
    const codes = this.#options.diagnosis.putAway(view, ref, !this.#known.has(ref));
    if (!view.open) this.#known.add(ref);
    const problems = codes.join(' ');
    if (problems === before) return false;
    this.#diagnosed.push({ trace: ref, problems });
    return true;
  }

  #begin(log: string, clock: Omit<ClockOptions, 'zone'>): EventReader {
    const { zone, year = clock.year } = this.#options;
    const source = this.#newSource({ ...clock, year, zone });
    this.#sources.set(log, source);
    this.#waiting.readAgain(source, log);
    this.#waiting.readAgain(source, SPLIT_LINES);
    return source;
  }

  #newSource(clock: ConstructorParameters<typeof EventReader>[1]): EventReader {
    const event = (one: Event): void => {
      if (one.at.time > this.#newest) this.#newest = one.at.time;
      const alone = !this.#attempts.take(one) && this.#joiner.apply(one) === undefined;
      // A refusal without an id may turn out to be no message's after all.
      const isTrouble = this.#options.diagnosis.event(one, alone);
      if (alone || isTrouble) this.#waiting.keepSystem(one);
    };
    return new EventReader(this.#options.patterns, clock, { event, unrecognized: () => {} });
  }

  /** Messages that were tried again, as they are now. */
  *#triedAgain(): IterableIterator<readonly [ref: number, view: View]> {
    for (const ref of this.#attempts.takeBehind(TOLD_LINES)) {
      const { draft } = this.#packer;
      if (draft.has(ref) || draft.hasDropped(ref)) continue;
      const stored = this.#archive.byRef(ref);
      if (stored !== undefined) yield [ref, this.#packer.tellAgain(stored)];
    }
  }

  #noteLoose(ref: number, view: View): void {
    this.#loose.delete(ref);
    if (view.open) return;
    const size = view.facts.events.reduce((sum, { at }) => sum + at.raw.length, 0);
    this.#loose.set(ref, size);
  }

  #resumed(rows: readonly Row[]): StoredCase[] {
    return rows.map((row) => {
      this.#recalled(row.id, row.block);
      return storedCase(row, this.#reader, this.#options.patterns);
    });
  }

  /** What is packed has been learnt from. */
  #recalled(ref: number, block: number | null | undefined): void {
    if (typeof block === 'number' && !this.#joiner.holds(ref)) this.#known.add(ref);
  }
}
