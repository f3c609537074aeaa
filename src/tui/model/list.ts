/** Which messages the list shows and which part of them is on the screen. */
import type { Trace } from '../../core/trace/trace.js';
import { isFailure, isWaiting, type Only, parseFilter } from './filter.js';

export interface Listing {
  /** Stuck ones, the one that waits longest first; they stay on top. */
  readonly pinned: readonly Trace[];
  /** The others, newest last; where only waiting ones are shown, the longest waiting first. */
  readonly rest: readonly Trace[];
}

/** `traces` oldest first; `rows` that the list has in all, of which the pinned ones take a third at most. */
export function listing(traces: readonly Trace[], filter: string, only: Only, rows: number): Listing {
  const fits = parseFilter(filter);
  const shown = traces.filter(
    (trace) => (only === 'all' || (only === 'failures' ? isFailure(trace) : isWaiting(trace))) && fits(trace),
  );
  if (only === 'waiting') {
    return {
      pinned: [],
      rest: [...shown.filter(({ stuck }) => stuck), ...shown.filter(({ stuck }) => !stuck)],
    };
  }
  const pinned = shown.filter(({ stuck }) => stuck).slice(0, Math.floor(rows / 3));
  const top = new Set(pinned);
  return { pinned, rest: pinned.length === 0 ? shown : shown.filter((trace) => !top.has(trace)) };
}

/** The place of a trace that was seen before: by its id, or by an id on its path when it has been named anew. */
export function indexOf(traces: readonly Trace[], wanted: Trace): number {
  const same = traces.findIndex(({ id }) => id === wanted.id);
  if (same >= 0) return same;
  const ids = new Set(wanted.queueIds);
  const runs = new Set(wanted.filter.map(({ amavisId }) => amavisId));
  return traces.findIndex(
    (trace) =>
      trace.host === wanted.host &&
      (trace.queueIds.some((id) => ids.has(id)) || trace.filter.some(({ amavisId }) => runs.has(amavisId))),
  );
}

/**
 * The first row to show of `count` so that row `chosen` stands `row` rows below the top; null is the end of the list,
 * which stays in sight as it grows.
 */
export function windowStart(count: number, height: number, chosen: number | null, row: number): number {
  const last = Math.max(0, count - height);
  if (chosen === null || chosen < 0) return last;
  return Math.min(last, Math.max(0, chosen - Math.min(Math.max(0, row), height - 1)));
}
