import { readdirSync, readFileSync } from 'node:fs';
import type { Event } from '../../src/core/event.js';
import { EventReader } from '../../src/core/event-reader.js';
import { emptyArchive } from '../../src/core/join/archive.js';
import { Joiner } from '../../src/core/join/joiner.js';
import { MailPath } from '../../src/core/path.js';
import { type PatternFile, PatternSet } from '../../src/core/pattern.js';
import { Catalogue } from '../../src/core/problem/catalogue.js';
import { diagnose, findProblems } from '../../src/core/problem/diagnose.js';
import { Incidents } from '../../src/core/problem/incidents.js';
import { Surroundings } from '../../src/core/problem/surroundings.js';
import { buildTrace, traceId } from '../../src/core/trace/build.js';
import { summaryOf } from '../../src/core/trace/summary.js';
import type { Trace } from '../../src/core/trace/trace.js';
import { viewOf } from '../../src/core/trace/view.js';

const MINUTE = 60_000_000;

function json(file: string): unknown {
  return JSON.parse(readFileSync(`patterns/${file}`, 'utf8'));
}

const files = readdirSync('patterns')
  .filter((name) => name.endsWith('.json'))
  .sort();
const problemFiles = files.filter((file) => file.startsWith('problems'));

/** The catalogue as it is delivered. */
export const catalogue = new Catalogue(problemFiles.map((file) => ({ file, content: json(file) })));

const patterns = new PatternSet(
  files
    .filter((file) => !problemFiles.includes(file))
    .map((file) => ({ ...(json(file) as object), file }) as PatternFile),
);

/** The events of the lines, as the delivered patterns read them. */
export function eventsOf(lines: readonly string[]): Event[] {
  const events: Event[] = [];
  const clock = { notAfter: Date.UTC(2026, 11, 31), year: 2026, zone: () => 0 };
  const reader = new EventReader(patterns, clock, {
    event: (event) => events.push(event),
    unrecognized: () => {},
  });
  for (const line of lines) reader.read(line);
  reader.end();
  return events;
}

export interface Diagnosed {
  readonly traces: Trace[];
  readonly incidents: Incidents;
}

export interface Setting {
  /** Minutes after the last line from which the traces are looked at. */
  readonly minutesLater?: number;
  /** Lines of other mail, from which the system is known. */
  readonly before?: readonly string[];
  readonly filters?: readonly string[];
}

/** The traces of the lines with their problems, the oldest first. */
export function diagnosed(lines: readonly string[], setting: Setting = {}): Diagnosed {
  const path = new MailPath(setting.filters === undefined ? {} : { filters: setting.filters });
  const surroundings = new Surroundings(path);
  const incidents = new Incidents(catalogue, path);
  const run = (some: readonly string[]): Trace[] => {
    const events = eventsOf(some);
    const joiner = new Joiner(path, emptyArchive);
    for (const event of events) {
      incidents.event(event);
      if (joiner.apply(event) === undefined) surroundings.line(event);
    }
    const last = Math.max(0, ...events.map(({ at }) => at.time));
    const now = last + (setting.minutesLater ?? 0) * MINUTE;
    const { changed, nameless } = joiner.drain();
    for (const note of nameless) incidents.event(note, true);
    const traces = changed.map((which) => {
      const view = viewOf(which, path);
      const trace = buildTrace(view, { path, now, stuckAfter: 5 * MINUTE, parentOf: () => undefined });
      return { trace, events: view.facts.events };
    });
    for (const { trace, events: own } of traces) surroundings.trace(trace, own);
    return traces
      .map(({ trace, events: own }) => {
        const context = { path, surroundings, incidents };
        const problems = diagnose(catalogue, trace, own, context);
        const message = { ref: refOf(trace.id), id: () => trace.id };
        incidents.trace(trace, findProblems(catalogue, trace, own, context), message, own);
        return { ...trace, problems };
      })
      .sort((a, b) => (a.firstSeen < b.firstSeen ? -1 : 1));
  };
  if (setting.before !== undefined) run(setting.before);
  return { traces: run(lines), incidents };
}

const refs = new Map<string, number>();

/** The number of a message that keeps its id. */
function refOf(id: string): number {
  const ref = refs.get(id) ?? refs.size + 1;
  refs.set(id, ref);
  return ref;
}

/** Tells the incidents of the messages that the lines make, as when these are put away. */
export function takeIn(lines: readonly string[], incidents: Incidents): void {
  const path = new MailPath();
  const joiner = new Joiner(path, emptyArchive);
  for (const event of eventsOf(lines)) joiner.apply(event);
  for (const which of joiner.drain().changed) {
    const view = viewOf(which, path);
    const subject = summaryOf(view);
    const { events } = view.facts;
    const found = findProblems(catalogue, subject, events, { path, surroundings: null, incidents });
    incidents.trace(subject, found, { ref: refOf(traceId(view)), id: () => traceId(view) }, events);
  }
}

/** The codes of all problems of all traces. */
export function codesOf(traces: readonly Trace[]): string[] {
  return traces.flatMap(({ problems }) => problems.map(({ code }) => code));
}
