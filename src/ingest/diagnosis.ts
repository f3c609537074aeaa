/**
 * Diagnosis with all that is known beside a message: learnt while logs are read in, kept in the store, and used again
 * when traces are shown.
 */
import type { Event } from '../core/event.js';
import type { MailPath } from '../core/path.js';
import type { Catalogue } from '../core/problem/catalogue.js';
import type { DiagnosisContext } from '../core/problem/context.js';
import { diagnose, type FoundProblem, findProblems } from '../core/problem/diagnose.js';
import type { Sign } from '../core/problem/entry.js';
import { Incidents, type IncidentsState } from '../core/problem/incidents.js';
import { hasNoProblem } from '../core/problem/ordinary.js';
import type { Subject } from '../core/problem/story.js';
import { Surroundings, type SurroundingsState } from '../core/problem/surroundings.js';
import { traceId } from '../core/trace/build.js';
import { type Summary, summaryOf } from '../core/trace/summary.js';
import type { Problem } from '../core/trace/trace.js';
import type { View } from '../core/trace/view.js';
import type { Batch } from '../store/batch.js';

const INCIDENTS = 'incidents';
const SURROUNDINGS = 'surroundings';

/** What messages show of the system they pass. */
export interface Shown {
  readonly successes: readonly {
    readonly sign: Sign;
    readonly host: string;
    readonly times: readonly number[];
  }[];
  readonly surroundings: SurroundingsState;
}

export class Diagnosis {
  readonly incidents: Incidents;
  readonly #surroundings: Surroundings;
  readonly #catalogue: Catalogue;
  readonly #context: DiagnosisContext;

  /** `stored` is what `knowledge` gave when the store was last written. */
  constructor(catalogue: Catalogue, path: MailPath, stored: Batch['knowledge']) {
    const kept = new Map(stored.map(({ name, json }) => [name, json]));
    this.#catalogue = catalogue;
    this.incidents = new Incidents(catalogue, path, restored<IncidentsState>(kept.get(INCIDENTS)));
    this.#surroundings = new Surroundings(path, restored<SurroundingsState>(kept.get(SURROUNDINGS)));
    this.#context = { path, surroundings: this.#surroundings, incidents: this.incidents };
  }

  /** A line as it is read; `alone` when it belongs to no message. Whether it showed a trouble of the system. */
  event(event: Event, alone: boolean): boolean {
    if (alone) this.#surroundings.line(event);
    return this.incidents.event(event, alone);
  }

  /** Whether a message that is ordinary by its summary has no problem, and its system neither. */
  hasNoProblem(events: readonly Event[]): boolean {
    return hasNoProblem(this.#catalogue, events);
  }

  /** An ordinary message without a problem, put away for the first time. */
  putAwayOrdinary(summary: Summary, events: readonly Event[]): void {
    this.#surroundings.trace(summary, events);
  }

  /** What ordinary messages that were put together elsewhere saw work. */
  worked(successes: Shown['successes']): void {
    for (const { sign, host, times } of successes)
      for (const time of times) this.incidents.succeeded(sign, host, time);
  }

  /** What they show to be usual; once, as messages put away here are counted once. */
  learn(surroundings: SurroundingsState): void {
    this.#surroundings.absorb(surroundings);
  }

  /** A message as it is put away, stored under `ref`; `first` when it never was before. The codes that it is found by. */
  putAway(view: View, ref: number, first: boolean, summary = summaryOf(view)): string[] {
    const { events } = view.facts;
    if (first && !summary.open) this.#surroundings.trace(summary, events);
    const found = findProblems(this.#catalogue, summary, events, this.#context);
    this.incidents.trace(summary, found, { ref, id: () => traceId(view) }, events);
    return codesOf(found);
  }

  /** The message that was stored under this number has become part of another one. */
  forget(ref: number): void {
    this.incidents.forget(ref);
  }

  /** The codes that a message is found by as it is now; nothing is learnt from it. */
  codes(summary: Summary, events: readonly Event[]): string[] {
    return codesOf(findProblems(this.#catalogue, summary, events, this.#context));
  }

  problems(subject: Subject, events: readonly Event[]): Problem[] {
    return diagnose(this.#catalogue, subject, events, this.#context);
  }

  knowledge(): Batch['knowledge'] {
    return [
      { name: INCIDENTS, json: JSON.stringify(this.incidents.state()) },
      { name: SURROUNDINGS, json: JSON.stringify(this.#surroundings.state()) },
    ];
  }
}

function codesOf(found: readonly FoundProblem[]): string[] {
  return [...new Set(found.flatMap(({ codes }) => codes))];
}

function restored<T>(json: string | undefined): T | undefined {
  return json === undefined ? undefined : (JSON.parse(json) as T);
}
