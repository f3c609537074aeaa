/**
 * Lines in, stored traces out: what import and follow have in common.
 *
 * The reading side (this) parses and joins; the sink stores. What is handed to the sink stays findable in memory
 * until it has arrived, so a late line finds its message wherever it is.
 */
import type { ClockOptions } from '../core/clock.js';
import type { Event } from '../core/event.js';
import { type Counts, EventReader } from '../core/event-reader.js';
import type { StoredCase } from '../core/join/archive.js';
import { Joiner } from '../core/join/joiner.js';
import type { Case } from '../core/join/node.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import type { Batch } from '../store/batch.js';
import type { Reader } from '../store/reader.js';
import type { Sink } from '../store/sink.js';
import type { Diagnosis } from './diagnosis.js';
import { Packer } from './packer.js';
import { StoreArchive } from './store-archive.js';

/** Batches under way at once: enough to keep the writer busy, few enough to bound memory. */
const MAX_UNDER_WAY = 3;

export interface IngestOptions {
  readonly patterns: PatternSet;
  readonly path: MailPath;
  readonly reader: Reader;
  readonly diagnosis: Diagnosis;
  readonly sink: Sink;
  readonly onUnrecognized?: ((raw: string) => void) | undefined;
}

interface Parcel {
  readonly stored: StoredCase;
  readonly hashes: readonly number[];
}

export class Ingest {
  readonly #options: IngestOptions;
  readonly #archive: StoreArchive;
  readonly #joiner: Joiner;
  readonly #packer: Packer;
  readonly #underWay = new Set<Promise<void>>();
  #parcels: Parcel[] = [];
  #failure: unknown;
  readonly counts: Counts = { lines: 0, events: 0, ignored: 0, unrecognized: 0 };

  constructor(options: IngestOptions) {
    this.#options = options;
    options.path.recall(options.reader.endpoints());
    this.#archive = new StoreArchive(options.reader, options.patterns);
    this.#joiner = new Joiner(options.path, this.#archive);
    this.#packer = new Packer(options.path, options.diagnosis, options.reader.lastIds());
  }

  /** Traces stored for the first time, and stored ones that something was added to. */
  get traces(): { readonly added: number; readonly changed: number } {
    return { added: this.#packer.added, changed: this.#packer.changed };
  }

  /** Begins a stream of lines with a clock of its own. */
  source(clock: ClockOptions): EventReader {
    return new EventReader(this.#options.patterns, clock, {
      event: (event: Event) => this.#options.diagnosis.event(event, this.#joiner.apply(event) === undefined),
      unrecognized: (raw) => this.#options.onUnrecognized?.(raw),
    });
  }

  /** After a piece of a stream: puts away what is at rest. */
  async settle(): Promise<void> {
    for (const resting of this.#joiner.rest()) this.#put(resting);
    if (this.#packer.isFull) await this.#send();
  }

  /** At the end of a stream: puts everything away. */
  async endSource(source: EventReader): Promise<void> {
    source.end();
    for (const key of ['lines', 'events', 'ignored', 'unrecognized'] as const)
      this.counts[key] += source.counts[key];
    for (const rest of this.#joiner.drain()) this.#put(rest);
    if (this.#packer.isFull) await this.#send();
  }

  /** Waits until all is stored. */
  async finish(): Promise<void> {
    await this.#send(this.#options.diagnosis.knowledge());
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #put(which: Case): void {
    const { ref, hashes } = this.#packer.add(which);
    const { events, parent, children, likely } = which;
    const parcel = { stored: { ref, events, parent, children, likely }, hashes };
    this.#archive.put(parcel.stored, hashes);
    this.#parcels.push(parcel);
  }

  async #send(knowledge: Batch['knowledge'] = []): Promise<void> {
    const batch: Batch = this.#packer.take({ knowledge });
    const parcels = this.#parcels;
    this.#parcels = [];
    const done: Promise<void> = this.#options.sink
      .write(batch)
      .then(() => this.#archive.arrived(parcels))
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
    while (this.#underWay.size >= MAX_UNDER_WAY) await Promise.race(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
