/** What is known of the messages now: the feed that viewers look at, kept up to date by the commits. */
import type { Trace } from '../core/trace/trace.js';
import { linesOf, stuckSince, type View } from '../core/trace/view.js';
import type { Traces } from '../ingest/traces.js';
import type { Reader, Row } from '../store/reader.js';
import type { Committed } from './engine.js';
import type { Change, Counters, LiveFeed } from './feed.js';
import { Rates } from './rates.js';

/** Open messages that are looked after; more than this wait only after days of trouble. */
const MAX_OPEN = 2000;
/** Microseconds from one look at a message on which no line tells anything new to the next: what was done to all may tell. */
const LOOK_AGAIN = 600_000_000;

type Counts = Pick<Counters, 'lines' | 'unrecognized' | 'left'>;

interface Entry {
  readonly trace: Trace;
  /** When to look whether it has become stuck, or is so no more (microseconds); null when it is no longer open. */
  readonly lookAt: number | null;
}

export interface LiveOptions {
  readonly sources: readonly string[];
  readonly database: string | null;
  readonly reader: Reader;
  readonly traces: Traces;
  /** Microseconds. */
  readonly stuckAfter: number;
  /** Finished messages that are kept at hand; what is older is in the store. */
  readonly kept: number;
  /** Microseconds. */
  readonly now: () => number;
}

export class Live implements LiveFeed {
  readonly #options: LiveOptions;
  readonly #rates = new Rates();
  /** By their numbers in the store, in the order in which they were first told of. */
  readonly #entries = new Map<number, Entry>();
  readonly #open = new Set<number>();
  /** Whether the store has more open ones. */
  #more = false;
  readonly #byId = new Map<string, number>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #notices: string[] = [];
  #counts: Counts = { lines: 0, unrecognized: 0, left: 0 };
  readonly sources: readonly string[];
  readonly database: string | null;
  readonly ended: Promise<void>;
  /** Following has ended, with an error or without. */
  readonly end: (error?: unknown) => void;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.sources = options.sources;
    this.database = options.database;
    let end: Live['end'] = () => {};
    this.ended = new Promise((resolve, reject) => {
      end = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.ended.catch(() => {});
    this.end = end;
  }

  /** Takes up messages that the store has already, oldest first; nobody is told. */
  fill(rows: readonly Row[]): void {
    for (const row of rows) if (!this.#entries.has(row.id)) this.#put(row.id, this.#options.traces.view(row));
    this.#forget();
    this.#count();
  }

  /** Takes up what a commit stored, and tells it. */
  take({ changed, gone }: Committed, counts: Counts): void {
    const now = this.#options.now();
    this.#rates.lines(counts.lines - this.#counts.lines, now);
    this.#counts = counts;
    if (changed.length === 0 && gone.length === 0) return;
    const idsGone: string[] = [];
    for (const ref of gone) {
      const entry = this.#entries.get(ref);
      if (entry === undefined) continue;
      this.#drop(ref, entry.trace);
      idsGone.push(entry.trace.id);
    }
    const traces: Trace[] = [];
    for (const { ref, view } of changed) {
      const before = this.#entries.get(ref)?.trace;
      const trace = this.#put(ref, view);
      this.#rates.trace(trace, before, view.first, now);
      if (before !== undefined && before.id !== trace.id) idsGone.push(before.id);
      traces.push(trace);
    }
    this.#forget();
    traces.sort((a, b) => (a.lastSeen < b.lastSeen ? -1 : a.lastSeen > b.lastSeen ? 1 : 0));
    const still = new Set(traces.map(({ id }) => id));
    this.#tell({ changed: traces, gone: idsGone.filter((id) => !still.has(id)) });
  }

  /** Looks for messages that have become stuck or are so no more, and tells them. To be called every second or so. */
  watch(): void {
    this.#count();
    const { now, reader, traces } = this.#options;
    const at = now();
    const changed: Trace[] = [];
    for (const ref of this.#open) {
      const entry = this.#entries.get(ref);
      if (entry === undefined || entry.lookAt === null || entry.lookAt > at) continue;
      const row = reader.byId(ref);
      if (row === undefined) continue;
      const trace = this.#put(ref, traces.view(row));
      if (trace.stuck !== entry.trace.stuck) changed.push(trace);
    }
    if (changed.length > 0) this.#tell({ changed, gone: [] });
  }

  note(text: string): void {
    this.#notices.push(text);
    if (this.#notices.length > 20) this.#notices.shift();
  }

  notices(): readonly string[] {
    return this.#notices;
  }

  traces(): readonly Trace[] {
    return [...this.#entries.values()]
      .map(({ trace }) => trace)
      .sort((a, b) => (a.firstSeen < b.firstSeen ? -1 : a.firstSeen > b.firstSeen ? 1 : 0));
  }

  find(id: string): Trace | undefined {
    const ref = this.#byId.get(id);
    const known = ref === undefined ? undefined : this.#entries.get(ref);
    return known?.trace ?? this.#options.traces.withId(id)[0]?.trace;
  }

  evidence(id: string): readonly string[] {
    const ref = this.#byId.get(id);
    const row = ref === undefined ? undefined : this.#options.reader.byId(ref);
    if (row !== undefined) return linesOf(this.#options.traces.view(row).facts.events).map(({ raw }) => raw);
    return this.#options.traces.withId(id)[0]?.lines ?? [];
  }

  counters(): Counters {
    let inFilter = 0;
    let deferred = 0;
    let stuck = 0;
    for (const ref of this.#open) {
      const trace = this.#entries.get(ref)?.trace;
      if (trace === undefined) continue;
      if (trace.recipients.some(({ state }) => state === 'filtering') || trace.state === 'filtering')
        inFilter++;
      if (trace.state === 'deferred') deferred++;
      if (trace.stuck) stuck++;
    }
    return {
      ...this.#rates.now(this.#options.now()),
      inFilter,
      deferred,
      stuck,
      more: this.#more,
      ...this.#counts,
    };
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #put(ref: number, view: View): Trace {
    const trace = this.#options.traces.ofView(view);
    const before = this.#entries.get(ref)?.trace;
    if (before !== undefined && before.id !== trace.id) this.#byId.delete(before.id);
    this.#byId.set(trace.id, ref);
    const lookAt = this.#nextLook(view);
    this.#entries.set(ref, { trace, lookAt });
    if (lookAt === null) this.#open.delete(ref);
    else this.#open.add(ref);
    return trace;
  }

  #nextLook(view: View): number | null {
    const { now, stuckAfter } = this.#options;
    const progress = stuckSince(view, Number.POSITIVE_INFINITY, 0);
    if (progress === null) return null;
    // One that becomes stuck just now is not yet so.
    const at = progress + stuckAfter + 1;
    return at > now() ? at : now() + LOOK_AGAIN;
  }

  #drop(ref: number, trace: Trace): void {
    this.#entries.delete(ref);
    this.#open.delete(ref);
    if (this.#byId.get(trace.id) === ref) this.#byId.delete(trace.id);
  }

  #count(): void {
    this.#more = this.#options.reader.openCount() > this.#open.size;
  }

  /** Lets the oldest finished ones go, and of too many open ones the oldest, too. */
  #forget(): void {
    const { kept } = this.#options;
    let finished = this.#entries.size - this.#open.size - kept;
    let open = this.#open.size - MAX_OPEN;
    if (finished <= kept / 10 && open <= 0) return;
    for (const [ref, { trace }] of this.#entries) {
      const isOpen = this.#open.has(ref);
      if ((isOpen ? open : finished) <= 0) continue;
      if (isOpen) open--;
      else finished--;
      this.#drop(ref, trace);
    }
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
