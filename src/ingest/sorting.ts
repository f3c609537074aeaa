/** Lines in, sorted pieces out: what comes before the joiner, so that it can be done in a thread of its own. */
import type { ClockOptions } from '../core/clock.js';
import type { Event } from '../core/event.js';
import { COUNTS, type Counts, EventReader } from '../core/event-reader.js';
import { INSTANCE_DAEMONS } from '../core/join/lives.js';
import { type OrdinaryMail, Sorter } from '../core/join/sorter.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import type { Catalogue } from '../core/problem/catalogue.js';
import { hasNoProblem } from '../core/problem/ordinary.js';
import { signsOf } from '../core/problem/signs.js';
import { Successes } from '../core/problem/successes.js';
import { Surroundings } from '../core/problem/surroundings.js';
import { linesOf } from '../core/trace/view.js';
import { hashKey } from '../store/hash.js';
import { BlockBuilder } from '../store/segment.js';
import { keysOf, rowOf } from './row.js';
import type { Sorted } from './sorted.js';

/** After so many events it is looked what is at rest: soon, so that it goes while it is new to the garbage collector. */
const REST_EVERY = 100;
/** A piece is full when it holds about this many characters of lines. */
const FULL = 512 * 1024;

export interface SortingOptions {
  readonly patterns: PatternSet;
  readonly path: MailPath;
  readonly catalogue: Catalogue;
  readonly clock: ClockOptions;
  /** Whether lines that no pattern knows are wanted. */
  readonly showUnrecognized: boolean;
}

/** Sorts one log. */
export class Sorting {
  readonly #options: SortingOptions;
  readonly #reader: EventReader;
  readonly #sorter: Sorter;
  #piece: Piece;
  #sinceRest = 0;
  /** Counts that earlier pieces told. */
  #told: Counts = { lines: 0, events: 0, ignored: 0, unrecognized: 0 };

  constructor(options: SortingOptions) {
    const { patterns, path, catalogue, clock, showUnrecognized } = options;
    this.#options = options;
    this.#piece = new Piece(path);
    this.#sorter = new Sorter(path, {
      message: (mail) => {
        if (!hasNoProblem(catalogue, mail.events)) return false;
        this.#piece.add(mail);
        return true;
      },
      rest: (event) => this.#piece.leave(event),
    });
    this.#reader = new EventReader(patterns, clock, {
      event: (event) => this.#take(event),
      unrecognized: (raw) => {
        if (showUnrecognized) this.#piece.unrecognized.push(raw);
      },
    });
  }

  read(line: string): void {
    this.#reader.read(line);
  }

  /** Counts a line that is not to be read: the cut end of a log. */
  skip(): void {
    this.#reader.skip();
  }

  get isFull(): boolean {
    return this.#piece.size >= FULL;
  }

  /** What was sorted since the last time. */
  take(): Sorted {
    const { counts } = this.#reader;
    const piece = this.#piece;
    const since = { ...counts };
    for (const key of COUNTS) since[key] -= this.#told[key];
    this.#told = { ...counts };
    this.#piece = new Piece(this.#options.path);
    return piece.sorted(since);
  }

  /** The last piece, at the end of the log: all that was held. */
  end(): Sorted {
    this.#sorter.drain();
    // What lost its rest may find it in another log, which the joiner's side knows.
    for (const line of this.#reader.release()) this.#piece.leaveLine(line);
    return this.take();
  }

  #take(event: Event): void {
    this.#piece.see(event);
    this.#sorter.take(event);
    if (++this.#sinceRest < REST_EVERY) return;
    this.#sinceRest = 0;
    this.#sorter.rest(event.at.time);
    this.#piece.gather();
  }
}

/** A piece in the making. */
class Piece {
  readonly #path: MailPath;
  readonly #blocks = new BlockBuilder(0);
  readonly #rows: string[] = [];
  readonly #ids = new Gathered();
  readonly #numbers: number[] = [];
  readonly #keys: number[] = [];
  readonly #others: number[] = [];
  readonly #lines = new Gathered();
  readonly #times: number[] = [];
  readonly #clocks = new Map<string, number>();
  readonly #instances = new Map<string, Set<string>>();
  readonly #successes = new Successes();
  readonly #surroundings: Surroundings;
  readonly unrecognized: string[] = [];
  /** Characters of lines. */
  size = 0;

  constructor(path: MailPath) {
    this.#path = path;
    this.#surroundings = new Surroundings(path);
  }

  /** A line of any message. */
  see({ at }: Event): void {
    const { host, time, daemon, instance } = at;
    if (time > (this.#clocks.get(host) ?? 0)) this.#clocks.set(host, time);
    if (!INSTANCE_DAEMONS.has(daemon)) return;
    const known = this.#instances.get(host);
    if (known === undefined) this.#instances.set(host, new Set([instance]));
    else known.add(instance);
  }

  add(mail: OrdinaryMail): void {
    const { summary, events, lives, runs, others } = mail;
    const place = this.#blocks.add(linesOf(events));
    const keys = keysOf(mail);
    this.#rows.push(rowOf(mail, summary, '', place));
    const [run] = runs;
    const queueIds = lives.map(({ queueId }) => queueId).join(' ');
    this.#ids.push(run === undefined ? '' : `${run.amavisId} ${run.mailId ?? ''} ${queueIds}`);
    this.#numbers.push(place.block, summary.first, keys.length, others.length);
    for (const key of keys) this.#keys.push(key);
    for (const key of others) this.#others.push(hashKey(key));
    this.size += place.length;
    this.#surroundings.trace(summary, events);
    for (const event of events) {
      for (const sign of signsOf(event, this.#path)) this.#successes.add(sign, event.at.host, event.at.time);
    }
  }

  /** A line for the joiner. */
  leave(event: Event): void {
    for (const line of linesOf([event])) this.leaveLine(line);
  }

  leaveLine({ raw, time }: Pick<Event['at'], 'raw' | 'time'>): void {
    this.#lines.push(raw);
    this.#times.push(time);
    this.size += raw.length;
  }

  gather(): void {
    this.#ids.gather();
    this.#lines.gather();
  }

  /** `counts` are those of all the lines read. */
  sorted(counts: Counts): Sorted {
    const left = this.#times.length;
    return {
      rows: this.#rows.join('\n'),
      ids: this.#ids.text(),
      numbers: new Float64Array(this.#numbers),
      keys: new Float64Array(this.#keys),
      others: new Float64Array(this.#others),
      blocks: this.#blocks.all(),
      lines: this.#lines.text(),
      times: new Float64Array(this.#times),
      unrecognized: this.unrecognized,
      seen: {
        clocks: [...this.#clocks],
        instances: [...this.#instances].flatMap(([host, names]) =>
          [...names].map((name) => [host, name] as const),
        ),
      },
      shown: { successes: [...this.#successes.all()], surroundings: this.#surroundings.state() },
      endpoints: this.#path.takeLearnt(),
      counts: { ...counts, lines: counts.lines - left, events: counts.events - left },
    };
  }
}

/** Lines of text. Until they are gathered, each may be cut from a chunk of the log, and keeps all of that in memory. */
class Gathered {
  readonly #parts: string[] = [];
  #new: string[] = [];

  push(line: string): void {
    this.#new.push(line);
  }

  gather(): void {
    if (this.#new.length === 0) return;
    this.#parts.push(this.#new.join('\n'));
    this.#new = [];
  }

  text(): string {
    this.gather();
    return this.#parts.join('\n');
  }
}
