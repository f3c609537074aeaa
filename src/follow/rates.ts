/** Rates of the wall clock's last seconds. */
import type { Trace } from '../core/trace/trace.js';
import type { Counters } from './feed.js';

const SECOND = 1_000_000;
const LINES_OVER = 5;
const MESSAGES_OVER = 60;
const FILTER_TIMES = 1000;

export class Rates {
  /** Counts by the second. */
  readonly #lines = new Map<number, number>();
  readonly #messages = new Map<number, number>();
  readonly #filterTimes: number[] = [];

  lines(count: number, now: number): void {
    add(this.#lines, Math.floor(now / SECOND), count, LINES_OVER);
  }

  /** A message that is new (`before` is undefined) or changed; `first`: when its first line was written. */
  trace(trace: Trace, before: Trace | undefined, first: number, now: number): void {
    if (before === undefined && now - first < MESSAGES_OVER * SECOND)
      add(this.#messages, Math.floor(first / SECOND), 1, MESSAGES_OVER);
    const known = new Set(before?.filter.filter(({ durationMs }) => durationMs !== null).map(runName));
    for (const run of trace.filter) {
      if (run.durationMs !== null && !known.has(runName(run))) this.#filterTimes.push(run.durationMs);
    }
    if (this.#filterTimes.length > FILTER_TIMES)
      this.#filterTimes.splice(0, this.#filterTimes.length - FILTER_TIMES);
  }

  now(now: number): Pick<Counters, 'linesPerSecond' | 'messagesPerMinute' | 'filterTimes'> {
    const second = Math.floor(now / SECOND);
    return {
      linesPerSecond: sum(this.#lines, second - LINES_OVER) / LINES_OVER,
      messagesPerMinute: sum(this.#messages, second - MESSAGES_OVER),
      filterTimes: this.#filterTimes,
    };
  }
}

function runName({ amavisId, time, action }: Trace['filter'][number]): string {
  return `${amavisId} ${time} ${action}`;
}

function add(counts: Map<number, number>, second: number, count: number, over: number): void {
  counts.set(second, (counts.get(second) ?? 0) + count);
  if (counts.size > over * 2) for (const old of counts.keys()) if (old < second - over) counts.delete(old);
}

function sum(counts: Map<number, number>, after: number): number {
  let total = 0;
  for (const [second, count] of counts) if (second > after) total += count;
  return total;
}
