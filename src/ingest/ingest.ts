/**
 * Lines in, stored traces out: what import and follow have in common.
 *
 * What is not stored yet is found in memory, so a late line finds its message wherever it is.
 */
import type { ClockOptions } from '../core/clock.js';
import type { Event } from '../core/event.js';
import { COUNTS, type Counts, EventReader } from '../core/event-reader.js';
import { Attempts } from '../core/join/attempts.js';
import { Joiner, type Rested } from '../core/join/joiner.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import { type Batch, NEWEST, type RowContent, SPLIT_LINES } from '../store/batch.js';
import type { Reader } from '../store/reader.js';
import { type Block, decompressBlock, textAt, unpackLines } from '../store/segment.js';
import type { Diagnosis } from './diagnosis.js';
import { Packer } from './packer.js';
import { replay } from './replay.js';
import { NUMBERS, type Sorted } from './sorted.js';
import { SplitLines } from './split-lines.js';
import { StoreArchive } from './store-archive.js';
import { WaitingLines } from './waiting-lines.js';

/** For lines whose time is known. */
const TIMED: ClockOptions = { notAfter: 0, zone: () => 0 };
/** Messages with so many lines are told again in one batch. */
const TOLD_LINES = 20_000;
/** After so many events, what is at rest is put away: soon enough that it goes while it is new to the garbage collector. */
const REST_EVERY = 500;

export interface IngestOptions {
  readonly patterns: PatternSet;
  readonly path: MailPath;
  readonly reader: Reader;
  readonly diagnosis: Diagnosis;
  /** Puts a batch into the store, or throws. */
  readonly store: (batch: Batch) => void;
  readonly onUnrecognized?: ((raw: string) => void) | undefined;
}

export class Ingest {
  readonly #options: IngestOptions;
  readonly #archive: StoreArchive;
  readonly #joiner: Joiner;
  readonly #packer: Packer;
  readonly #attempts: Attempts;
  /** Lines that are no message's yet, such as a client before the queue: their message may stand in the next log. */
  readonly #waiting: WaitingLines;
  /** Puts together what was split over the end of a log and the beginning of another, whichever came first. */
  readonly #split: SplitLines;
  /** Filters that the sorting learnt, to be stored. */
  readonly #learnt: string[] = [];
  #newest: number;
  #failed = false;
  #sinceRest = 0;
  readonly counts: Counts = { lines: 0, events: 0, ignored: 0, unrecognized: 0 };

  constructor(options: IngestOptions) {
    this.#options = options;
    options.path.recall(options.reader.endpoints());
    this.#newest = options.reader.newestLine();
    this.#packer = new Packer(options.path, options.diagnosis, options.reader.lastIds());
    this.#archive = new StoreArchive(options.reader, options.patterns, () => this.#packer.draft);
    this.#joiner = new Joiner(options.path, this.#archive);
    this.#attempts = new Attempts(this.#joiner, (again) => this.#packer.append(again));
    this.#waiting = new WaitingLines(options.reader.waiting());
    this.#waiting.readAgain(
      new EventReader(options.patterns, TIMED, {
        event: (event) => this.#joiner.apply(event),
        unrecognized: () => {},
      }),
    );
    this.#split = new SplitLines(options.patterns, (event) => this.#event(event));
    this.#waiting.readAgain(this.#split, SPLIT_LINES);
  }

  /** Traces stored for the first time, and stored ones that something was added to. */
  get traces(): { readonly added: number; readonly changed: number } {
    return { added: this.#packer.added, changed: this.#packer.changed };
  }

  /** The time of the newest line of all imports (microseconds), 0 when there was none. */
  get newest(): number {
    return this.#newest;
  }

  /** Whether something could not be stored. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Begins a log; with a clock where its lines come as they stand there. */
  source(clock: ClockOptions = TIMED): EventReader {
    return new EventReader(this.#options.patterns, clock, {
      event: (event) => this.#event(event),
      unrecognized: (raw) => this.#options.onUnrecognized?.(raw),
    });
  }

  /** A sorted piece of a log: its ordinary messages go to the store as they are, unless one of their ids is known. */
  take(sorted: Sorted, source: EventReader): void {
    this.#options.reader.together(() => this.#piece(sorted, source));
    this.settle();
  }

  #piece(sorted: Sorted, source: EventReader): void {
    const { path, diagnosis, onUnrecognized } = this.#options;
    for (const [host, name] of sorted.seen.instances) this.#joiner.learnInstance(host, name);
    path.recall(sorted.endpoints);
    this.#learnt.push(...sorted.endpoints);
    diagnosis.worked(sorted.shown.successes);
    // A log that is read again teaches nothing again.
    if (this.#messages(sorted)) diagnosis.learn(sorted.shown.surroundings);
    if (sorted.times.length > 0) {
      sorted.lines.split('\n').forEach((line, n) => {
        source.read(line, sorted.times[n]);
      });
    }
    for (const raw of sorted.unrecognized) onUnrecognized?.(raw);
    for (const key of COUNTS) this.counts[key] += sorted.counts[key];
    for (const [host, time] of sorted.seen.clocks) {
      this.#joiner.hear(host, time);
      this.#newest = Math.max(this.#newest, time);
    }
  }

  /** Whether any of them is new. */
  #messages({ rows, ids, numbers, keys, others, blocks }: Sorted): boolean {
    if (numbers.length === 0) return false;
    const each = ids.split('\n');
    const adopted: (number | undefined)[] = [];
    const plain: (Uint8Array | undefined)[] = [];
    let key = 0;
    let other = 0;
    rows.split('\n').forEach((row, n) => {
      const at = n * NUMBERS;
      const place = numbers[at] ?? 0;
      const block = blocks[place] as Block;
      const time = numbers[at + 1] ?? 0;
      const hashes = keys.subarray(key, key + (numbers[at + 2] ?? 0));
      key += hashes.length;
      const asked = others.subarray(other, other + (numbers[at + 3] ?? 0));
      other += asked.length;
      if (this.#isUnknown(each[n] ?? '', time, asked)) {
        adopted[place] ??= this.#packer.draft.adopt(block);
        this.#packer.addReady(adopted[place], row, hashes);
      } else {
        const { start, length } = JSON.parse(row) as RowContent;
        plain[place] ??= decompressBlock(block.data);
        const lines = unpackLines(textAt(plain[place], start ?? 0, length ?? 0));
        // Imported before: its lines would tell nothing new.
        if (this.#archive.has(hashes[0] ?? 0, lines)) return;
        for (const event of replay(lines, this.#options.patterns)) this.#event(event);
      }
    });
    return adopted.length > 0;
  }

  /** Whether no other line is about the message with these ids (`Sorted.ids`). */
  #isUnknown(ids: string, time: number, asked: Float64Array): boolean {
    if (ids === '') return !this.#archive.hasAny(asked);
    const [amavisId = '', mailId = '', ...queueIds] = ids.split(' ');
    const message = { queueIds, amavisId, mailId: mailId === '' ? null : mailId, time };
    return this.#joiner.isUnknown(message, this.#archive.mayHaveAny(asked));
  }

  #event(event: Event): void {
    if (event.at.time > this.#newest) this.#newest = event.at.time;
    const isTaken = this.#attempts.take(event) || this.#joiner.apply(event) !== undefined;
    this.#options.diagnosis.event(event, !isTaken);
    if (++this.#sinceRest >= REST_EVERY) this.#rest();
  }

  #rest(): void {
    this.#sinceRest = 0;
    this.#putAway(this.#joiner.rest());
  }

  #putAway({ changed, known, nameless }: Rested): void {
    for (const note of nameless) this.#options.diagnosis.event(note, true);
    for (const which of changed) {
      const { ref, lines, isDeferred } = this.#packer.add(which);
      this.#attempts.putAway(which, ref, lines, isDeferred);
    }
    for (const which of known) this.#attempts.left(which);
  }

  /** After a piece of a stream: puts away what is at rest, and stores what there is. */
  settle(): void {
    this.#rest();
    if (this.#packer.isFull) this.#send();
  }

  /** At the end of a stream: puts everything away. */
  endSource(source: EventReader): void {
    const cut = source.cut();
    source.end();
    this.#split.add(cut);
    for (const key of COUNTS) this.counts[key] += source.counts[key];
    const waiting = [...this.#joiner.loose()];
    this.#putAway(this.#joiner.drain());
    for (const event of waiting) this.#joiner.apply(event);
    if (this.#packer.isFull) this.#send();
  }

  /** Stores all that is left. */
  finish(): void {
    while (this.#attempts.hasBehind) {
      // What is told again is read from the store.
      this.#send();
      for (const ref of this.#attempts.takeBehind(TOLD_LINES)) {
        const stored = this.#archive.byRef(ref);
        if (stored !== undefined) this.#packer.tellAgain(stored);
      }
    }
    this.#send({
      knowledge: [...this.#options.diagnosis.knowledge(), { name: NEWEST, json: String(this.#newest) }],
      waiting: this.#waiting.changes(this.#joiner.loose(), new Map([[SPLIT_LINES, this.#split]])),
    });
  }

  /** Nothing more is stored once something could not be: what comes later may rest on it. */
  #send(more: Partial<Pick<Batch, 'knowledge' | 'waiting'>> = {}): void {
    const draft = this.#packer.take();
    if (this.#failed) return;
    const endpoints = [...this.#learnt.splice(0), ...this.#options.path.takeLearnt()];
    try {
      this.#options.store(draft.batch({ ...more, endpoints }));
    } catch (error) {
      this.#failed = true;
      throw error;
    }
    this.#archive.stored(draft);
  }
}
