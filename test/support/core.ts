/** Lines through the pure core, without a store. */
import { EventReader } from '../../src/core/event-reader.js';
import { emptyArchive } from '../../src/core/join/archive.js';
import { type Case, Joiner } from '../../src/core/join/joiner.js';
import { MailPath, type PathOptions } from '../../src/core/path.js';
import { buildTrace } from '../../src/core/trace/build.js';
import type { Trace } from '../../src/core/trace/trace.js';
import { viewOf } from '../../src/core/trace/view.js';
import { compilePatterns } from '../../src/read/pattern-files.js';

const patterns = compilePatterns([]);

/** The traces of some lines, in the order of their ids, seen from `now`. Stamps without a year are of 2026, UTC. */
export function tracesOf(lines: readonly string[], options: PathOptions = {}, now = 0): Trace[] {
  const path = new MailPath(options);
  return byId(
    casesOf(lines, path).map((which) =>
      buildTrace(viewOf(which, path), { path, now, stuckAfter: 300_000_000, parentOf: () => undefined }),
    ),
  );
}

/** In one order, also where one process wrote the same first line twice within a second, and two have one id. */
export function byId(traces: readonly Trace[]): Trace[] {
  const before = (a: Trace, b: Trace): boolean =>
    a.id === b.id ? JSON.stringify(a) < JSON.stringify(b) : a.id < b.id;
  return [...traces].sort((a, b) => (before(a, b) ? -1 : 1));
}

/** What the joiner makes of some lines. */
export function casesOf(lines: readonly string[], path: MailPath): Case[] {
  const joiner = new Joiner(path, emptyArchive);
  const clock = { notAfter: Date.parse('2026-12-31T00:00:00Z'), year: 2026, zone: () => 0 };
  const reader = new EventReader(patterns, clock, {
    event: (event) => joiner.apply(event),
    unrecognized: () => {},
  });
  for (const line of lines) reader.read(line);
  reader.end();
  return [...joiner.drain().changed];
}
