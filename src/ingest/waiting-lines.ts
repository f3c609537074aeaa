/** Lines that the store keeps beside the messages, for a program that goes on where this one ended. */
import type { Event } from '../core/event.js';
import type { EventReader } from '../core/event-reader.js';
import { type Batch, SYSTEM_LINES, type WaitingLine } from '../store/batch.js';

/** What stands in the place of a path for lines of whichever log. */
const NO_LOG = '';

const LEARNT_FROM: ReadonlySet<Event['kind']> = new Set([
  'connect.failed',
  'system.note',
  'log.lost',
  'amavis.note',
  'smtpd.reject',
]);

type Text = Pick<WaitingLine, 'time' | 'raw'>;
type Line = Pick<Event['at'], 'time' | 'raw' | 'pieces'>;

/**
 * Two kinds: lines that are no message's yet, kept until they are (pieces of split lines, by their log, and events),
 * and lines about the system, kept until what they taught is stored.
 */
export class WaitingLines {
  /** Lines that are no message's yet, by what stands for them in memory. */
  #kept = new Map<object, readonly number[]>();
  /** Those of an earlier run whose log this one has not read from yet. */
  #before: readonly WaitingLine[];
  #system: number[];
  #added: WaitingLine[] = [];
  #removed: number[] = [];
  #last: number;

  constructor(stored: readonly WaitingLine[]) {
    this.#before = stored.filter(({ path }) => path !== SYSTEM_LINES);
    this.#system = stored.filter(({ path }) => path === SYSTEM_LINES).map(({ id }) => id);
    this.#last = stored.at(-1)?.id ?? 0;
  }

  /** How many lines about the system are kept. */
  get system(): number {
    return this.#system.length;
  }

  /** Reads an earlier run's lines of a log, or without it the events: from then on they stand for themselves. */
  readAgain(source: Pick<EventReader, 'read'>, log = NO_LOG): void {
    for (const { id, path, raw, time } of this.#before) {
      if (path !== log) continue;
      source.read(raw, time);
      this.#removed.push(id);
    }
    this.#before = this.#before.filter(({ path }) => path !== log);
  }

  /** Keeps a line about the system, if anything is learnt from such. */
  keepSystem({ kind, at }: Event): void {
    if (LEARNT_FROM.has(kind)) this.#system.push(this.#add(SYSTEM_LINES, at));
  }

  forgetSystem(): void {
    this.#removed.push(...this.#system);
    this.#system = [];
  }

  /** What is to be stored, when these events are no message's and these logs are read. */
  changes(
    events: Iterable<Event>,
    sources: ReadonlyMap<string, Pick<EventReader, 'pending'>>,
  ): Batch['waiting'] {
    const kept = new Map<object, readonly number[]>();
    const keep = (path: string, line: Line): void => {
      const { time, raw, pieces = [raw] } = line;
      const ids = this.#kept.get(line) ?? pieces.map((piece) => this.#add(path, { time, raw: piece }));
      kept.set(line, ids);
    };
    for (const { at } of events) keep(NO_LOG, at);
    for (const [path, source] of sources) for (const line of source.pending()) keep(path, line);
    for (const [line, ids] of this.#kept) if (!kept.has(line)) this.#removed.push(...ids);
    this.#kept = kept;
    const changes = { added: this.#added, removed: this.#removed };
    this.#added = [];
    this.#removed = [];
    return changes;
  }

  #add(path: string, { time, raw }: Text): number {
    const id = ++this.#last;
    this.#added.push({ id, path, time, raw });
    return id;
  }
}
