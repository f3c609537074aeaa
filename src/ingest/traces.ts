/** Traces as users see them, made from what the store has. */
import type { Database } from 'better-sqlite3';
import { microsOf } from '../core/clock.js';
import { amavisKey, mailKey, messageKey, queueKey } from '../core/keys.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import type { Incident } from '../core/problem/incidents.js';
import { waitsNoMore } from '../core/problem/stuck.js';
import { buildTrace, type TraceContext, traceId } from '../core/trace/build.js';
import type { Trace } from '../core/trace/trace.js';
import { linesOf, type View, viewOf } from '../core/trace/view.js';
import { Reader, type Row, type SearchQuery } from '../store/reader.js';
import type { Diagnosis } from './diagnosis.js';
import { storedCase } from './stored-case.js';

export interface TracesOptions {
  readonly db: Database;
  readonly path: MailPath;
  readonly diagnosis: Diagnosis;
  readonly patterns: PatternSet;
  /** Microseconds; the newest line's time when not given. */
  readonly now?: (() => number) | undefined;
  /** Microseconds. */
  readonly stuckAfter: number;
}

/** A trace with its log lines. */
export interface Found {
  readonly trace: Trace;
  readonly lines: readonly string[];
}

const NOT_STUCK = { stuck: false, stuckSince: null } as const;

/** `host/id/stamp` */
const TRACE_ID = /^[^/]*\/.+\/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z)$/;

export class Traces {
  readonly #reader: Reader;
  readonly #patterns: PatternSet;
  readonly #context: Omit<TraceContext, 'now'>;
  readonly #now: () => number;
  readonly #diagnosis: Diagnosis;

  constructor({ db, path, diagnosis, patterns, now, stuckAfter }: TracesOptions) {
    this.#reader = new Reader(db);
    this.#patterns = patterns;
    this.#diagnosis = diagnosis;
    const newest = this.#reader.newest();
    this.#now = now ?? (() => newest);
    this.#context = { path, stuckAfter, parentOf: (parent) => this.#parentOf(parent) };
  }

  /** The messages that have this queue id, amavis id, mail_id, message-id or trace id, newest first. */
  withId(id: string): Found[] {
    const bare = id.replace(/^<(.*)>$/s, '$1');
    const found = new Map<number, Found>();
    const take = (row: Row, accept: (trace: Trace) => boolean): void => {
      if (found.has(row.id)) return;
      const one = this.#found(row);
      if (accept(one.trace)) found.set(row.id, one);
    };
    for (const key of [queueKey(bare), amavisKey(bare), mailKey(bare), messageKey(bare)])
      for (const row of this.#reader.byKey(key)) take(row, (trace) => hasId(trace, bare));
    const [, stamp] = TRACE_ID.exec(bare) ?? [];
    if (stamp !== undefined)
      for (const row of this.#reader.begunAt(microsOf(stamp))) take(row, (trace) => trace.id === bare);
    return [...found.values()].sort((a, b) => (a.trace.firstSeen < b.trace.firstSeen ? 1 : -1));
  }

  /** Newest first; `accept` has the last word. */
  *search(query: SearchQuery, accept: (trace: Trace) => boolean): IterableIterator<Trace> {
    for (const row of this.#reader.search(query)) {
      const trace = this.ofView(this.view(row));
      if (hasProblem(trace, row, query.problem) && accept(trace)) yield trace;
    }
  }

  /** Those that may go on, the longest quiet first. */
  *open(): IterableIterator<Trace> {
    for (const row of this.#reader.open()) yield this.ofView(this.view(row));
  }

  /** Troubles of the whole system, the oldest first. */
  incidents(): Incident[] {
    return this.#diagnosis.incidents.list();
  }

  /** The time that "now" stands for (microseconds). */
  get now(): number {
    return this.#now();
  }

  /** The trace of a message that is in memory. */
  ofView(view: View): Trace {
    const now = this.#now();
    const found = this.#excused(buildTrace(view, { ...this.#context, now }));
    const trace = { ...found, problems: this.#diagnosis.problems(found, view.facts.events) };
    if (trace.stuck && waitsNoMore(trace, { now, backoff: null })) return { ...trace, ...NOT_STUCK };
    return trace;
  }

  view(row: Row): View {
    return viewOf(storedCase(row, this.#reader, this.#patterns), this.#context.path);
  }

  #found(row: Row): Found {
    const view = this.view(row);
    return { trace: this.ofView(view), lines: linesOf(view.facts.events).map(({ raw }) => raw) };
  }

  /** A message is not stuck when the lines that would tell of it may have been lost. */
  #excused(trace: Trace): Trace {
    if (trace.stuckSince === null) return trace;
    const since = Date.parse(trace.stuckSince) * 1000;
    if (!this.#diagnosis.incidents.gaps.since(trace.host, since)) return trace;
    return { ...trace, ...NOT_STUCK };
  }

  #parentOf(parent: string): Pick<Trace, 'id' | 'queueIds'> | undefined {
    for (const key of [queueKey(parent), mailKey(parent)]) {
      for (const row of this.#reader.byKey(key)) {
        const view = this.view(row);
        const ids = [...view.chain.order, ...[...view.facts.runs.values()].map(({ mailId }) => mailId)];
        if (ids.includes(parent)) return { id: traceId(view), queueIds: view.chain.order };
      }
    }
    return undefined;
  }
}

/** A finished message has the problems that it was put away with; those of an open one are told anew. */
function hasProblem(trace: Trace, row: Row, code: string | undefined): boolean {
  if (code === undefined || row.open === 0) return true;
  return trace.problems.some((problem) => problem.code === code || problem.explains?.includes(code));
}

function hasId(trace: Trace, id: string): boolean {
  return (
    trace.id === id ||
    trace.messageId === id ||
    trace.queueIds.includes(id) ||
    trace.filter.some(({ amavisId, mailId }) => amavisId === id || mailId === id)
  );
}
