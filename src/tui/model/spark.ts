/** The past minutes as numbers, one a bucket, and as a row of bars. */
import type { Trace } from '../../core/trace/trace.js';
import type { Style } from '../../output/style.js';
import { percentile } from './percentile.js';

/** Milliseconds that one bar stands for. */
export const BUCKET = 10_000;
/** So many are kept: 20 minutes. */
const KEPT = 120;
const MINUTE = 60_000;

export interface Sample {
  readonly messagesPerMinute: number;
  /** Milliseconds, the median of the bucket; null when nothing was filtered. */
  readonly filterTime: number | null;
}

/** What the traces tell of the buckets before `now`, oldest first: the history that a screen opens with. */
export function pastSamples(traces: readonly Trace[], now: number): readonly Sample[] {
  const starts = traces.map(({ firstSeen }) => Date.parse(firstSeen));
  const ends = Array.from({ length: KEPT }, (_, index) => now - (KEPT - 1 - index) * BUCKET);
  return ends.map((end) => ({
    messagesPerMinute: starts.filter((start) => start > end - MINUTE && start <= end).length,
    filterTime: filterTime(traces, end),
  }));
}

export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  return [...samples, sample].slice(-KEPT);
}

/** The median of what amavis took in the bucket that ends at `end`. */
export function filterTime(traces: readonly Trace[], end: number): number | null {
  const from = new Date(end - BUCKET).toISOString();
  const to = new Date(end).toISOString();
  const times: number[] = [];
  for (const { lastSeen, filter } of traces) {
    if (lastSeen < from) continue;
    for (const { time, durationMs } of filter) {
      if (durationMs !== null && time > from && time <= to) times.push(durationMs);
    }
  }
  return percentile(times, 0.5);
}

const BARS = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.:-=+*#' };

/** The last values as bars, the highest of them full; what is unknown is left blank. */
export function sparkline(values: readonly (number | null)[], columns: number, { unicode }: Style): string {
  const bars = unicode ? BARS.unicode : BARS.ascii;
  const shown = values.slice(-columns);
  const top = Math.max(...shown.map((value) => value ?? 0));
  const text = shown.map((value) => {
    if (value === null) return ' ';
    const level = top === 0 || value === 0 ? 0 : Math.max(1, Math.round((value / top) * (bars.length - 1)));
    return bars.charAt(level);
  });
  return text.join('').padStart(columns);
}
