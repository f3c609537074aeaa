/** Traces as users see them, made from what the store has. */
import type { Database } from 'better-sqlite3';
import { amavisKey, mailKey, messageKey, queueKey } from '../core/keys.js';
import type { MailPath } from '../core/path.js';
import type { PatternFile, PatternSet } from '../core/pattern.js';
import { buildTrace, type TraceContext, traceId } from '../core/trace/build.js';
import type { Trace } from '../core/trace/trace.js';
import { type View, viewOf } from '../core/trace/view.js';
import { compilePatterns, parsePatternFile } from '../read/pattern-files.js';
import { Reader, type Row, type SearchQuery } from '../store/reader.js';
import { storedCase } from './stored-case.js';

export interface TracesOptions {
  readonly db: Database;
  readonly path: MailPath;
  /** A site's own patterns, besides those that imports left in the store. */
  readonly patterns: readonly PatternFile[];
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

export class Traces {
  readonly #reader: Reader;
  readonly #patterns: PatternSet;
  readonly #context: Omit<TraceContext, 'now'>;
  readonly #now: () => number;

  constructor({ db, path, patterns, now, stuckAfter }: TracesOptions) {
    this.#reader = new Reader(db);
    const stored = this.#reader.patterns().map(({ file, json }) => parsePatternFile(file, json));
    this.#patterns = compilePatterns([...patterns, ...stored]);
    path.recall(this.#reader.endpoints());
    const newest = this.#reader.newest();
    this.#now = now ?? (() => newest);
    this.#context = { path, stuckAfter, idOf: (parent) => this.#idOf(parent) };
  }

  /** The messages that have this queue id, amavis id, mail_id, message-id or trace id, newest first. */
  withId(id: string): Found[] {
    const bare = id.replace(/^<(.*)>$/s, '$1');
    const found = new Map<number, Found>();
    const inner = /^[^/]*\/([^/]+)\/\d{4}-\d\d-\d\dT/.exec(bare)?.[1];
    const names = inner === undefined ? [bare] : [bare, inner];
    for (const name of names) {
      for (const key of [queueKey(name), amavisKey(name), mailKey(name), messageKey(name)]) {
        for (const row of this.#reader.byKey(key)) {
          if (found.has(row.id)) continue;
          const one = this.#found(row);
          if (
            names.some((wanted) => hasId(one.trace, wanted)) &&
            (inner === undefined || one.trace.id === bare)
          ) {
            found.set(row.id, one);
          }
        }
      }
    }
    return [...found.values()].sort((a, b) => (a.trace.firstSeen < b.trace.firstSeen ? 1 : -1));
  }

  /** Newest first; `accept` has the last word. */
  *search(query: SearchQuery, accept: (trace: Trace) => boolean): IterableIterator<Trace> {
    for (const row of this.#reader.search(query)) {
      const { trace } = this.#found(row);
      if (accept(trace)) yield trace;
    }
  }

  /** The trace of a message that is in memory. */
  ofView(view: View): Trace {
    return buildTrace(view, { ...this.#context, now: this.#now() });
  }

  ofRow(row: Row): Trace {
    return this.ofView(this.view(row));
  }

  view(row: Row): View {
    return viewOf(storedCase(row, this.#reader, this.#patterns), this.#context.path);
  }

  #found(row: Row): Found {
    const lines = this.#reader.linesOf(row).map(({ raw }) => raw);
    return { trace: this.ofRow(row), lines };
  }

  #idOf(parent: string): string | undefined {
    for (const key of [queueKey(parent), mailKey(parent)]) {
      for (const row of this.#reader.byKey(key)) {
        const view = this.view(row);
        const ids = [...view.chain.order, ...[...view.facts.runs.values()].map(({ mailId }) => mailId)];
        if (ids.includes(parent)) return traceId(view);
      }
    }
    return undefined;
  }
}

function hasId(trace: Trace, id: string): boolean {
  return (
    trace.id === id ||
    trace.messageId === id ||
    trace.queueIds.includes(id) ||
    trace.filter.some(({ amavisId, mailId }) => amavisId === id || mailId === id)
  );
}
