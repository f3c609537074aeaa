/** Following without a screen: one line each time a message changes, or its trace as JSON. */
import type { ZoneOffset } from '../core/clock.js';
import type { Trace } from '../core/trace/trace.js';
import { printableJson } from '../output/printable.js';
import { traceLine, traceNews } from '../output/trace-line.js';
import type { LiveFeed } from './feed.js';

/** Messages whose last line is remembered, so that it isn't printed twice. */
const REMEMBERED = 10_000;

export interface LinesOptions {
  readonly out: (text: string) => void;
  readonly json: boolean;
  readonly zone: ZoneOffset;
  /** ISO time: what is known since then is printed first, and nothing older; undefined: only what changes. */
  readonly since: string | undefined;
}

export function showLines(feed: LiveFeed, { out, json, zone, since }: LinesOptions): void {
  const told = new Map<string, string>();
  const lineOf = (trace: Trace, gone: readonly string[]): string => {
    if (json) return `${printableJson(gone.length === 0 ? trace : { ...trace, gone })}\n`;
    const news = traceNews(trace);
    if (told.get(trace.id) === news) return '';
    told.delete(trace.id);
    told.set(trace.id, news);
    return `${traceLine(trace, zone)}\n`;
  };
  /** `gone`: ids of traces that have become part of another, told with the first trace of the same moment. */
  const show = (traces: readonly Trace[], gone: readonly string[] = []): void => {
    const shown = since === undefined ? traces : traces.filter(({ lastSeen }) => lastSeen >= since);
    const text = shown.map((trace, index) => lineOf(trace, index === 0 ? gone : [])).join('');
    if (text !== '') out(text);
    for (const oldest of told.keys()) {
      if (told.size <= REMEMBERED) break;
      told.delete(oldest);
    }
  };
  if (since !== undefined) show(feed.traces());
  feed.subscribe(({ changed, gone }) => {
    for (const id of gone) told.delete(id);
    show(changed, gone);
  });
}
