/**
 * Troubles of the whole system, not of one message: amavis down, a transport missing, the log losing lines. They are
 * put together from lines that name no message and from the problems of those that do.
 *
 * An incident begins with its first sign and ends with the first success after its last one (what counts as success
 * the entry says); one that no success ends is over when it was last seen.
 */
import { isoTime } from '../clock.js';
import { detached } from '../detached.js';
import type { Event } from '../event.js';
import type { Severity } from '../trace/trace.js';
import { BulkActions, type Pass } from './bulk-actions.js';
import type { Catalogue } from './catalogue.js';
import type { PathKnowledge } from './context.js';
import type { FoundProblem } from './diagnose.js';
import { attemptedEndpoint, namedEndpoint, namesOf, readEndpoint, wayBackNames } from './endpoint.js';
import type { Definition, Matcher, Sign } from './entry.js';
import { fillCommand, fillText, type Values } from './fill.js';
import { type GapWindow, LogGaps } from './gaps.js';
import { matchEvent } from './match.js';
import { signsOf } from './signs.js';
import { Story, type Subject } from './story.js';
import { isLater, Successes, type SuccessesState } from './successes.js';

export interface Incident {
  readonly code: string;
  readonly severity: Severity;
  readonly host: string;
  readonly begin: string;
  /** null: not over as far as the log goes. */
  readonly end: string | null;
  /** The last sign of it. */
  readonly lastSeen: string;
  /** How many messages it touched, and which; of MAX_COUNTED it is known that there were so many, or more. */
  readonly messages: number;
  readonly messageIds: readonly string[];
  readonly summary: string;
  readonly cause: string;
  readonly fix: string;
  readonly reference: string;
  readonly evidence: readonly string[];
}

/** The incidents as they are kept over restarts. */
export interface IncidentsState {
  readonly incidents: readonly {
    readonly code: string;
    readonly host: string;
    readonly begin: number;
    readonly last: number;
    readonly end: number | null;
    readonly told: boolean;
    readonly values: Values;
    readonly ids: readonly (readonly [ref: number, id: string])[];
    readonly evidence: readonly string[];
  }[];
  readonly successes: SuccessesState;
  readonly gaps: readonly GapWindow[];
  /** Absent in what earlier versions kept. */
  readonly bulk?: readonly Pass[];
}

/** A message, for incidents to remember. */
export interface Touched {
  /** The number that it is stored under. */
  readonly ref: number;
  /** Its trace's id, which is another one when a first line comes late. */
  id(): string;
}

interface Open {
  readonly definition: Definition;
  readonly host: string;
  begin: number;
  last: number;
  end: number | null;
  /** Whether lines without a message show it. */
  told: boolean;
  values: Values;
  /** The messages that it touched: the trace's id by the number that the message is stored under. */
  readonly ids: Map<number, string>;
  readonly evidence: string[];
}

const NONE: readonly Open[][] = [];
/** Messages that an incident remembers. */
export const MAX_COUNTED = 1000;
const MAX_EVIDENCE = 10;
const MAX_INCIDENTS = 1000;
/** Signs of an incident that no success ends belong together when no more than this lies between them (10 minutes). */
const QUIET = 600_000_000;
/** A cause is written at most this long after its first symptom (1 minute): logs of two programs interleave. */
const LATE = 60_000_000;

export class Incidents {
  readonly gaps: LogGaps;
  readonly bulk: BulkActions;
  readonly #catalogue: Catalogue;
  readonly #path: PathKnowledge;
  readonly #all: Open[] = [];
  /** By code and host, in the order of their beginnings; none touches another. */
  readonly #byKind = new Map<string, Open[]>();
  /** Messages that some incident touched. */
  readonly #touched = new Set<number>();
  /** Those lists of one host that a success ends, by `sign host`. */
  readonly #bySign = new Map<string, Open[][]>();
  readonly #successes: Successes;

  constructor(catalogue: Catalogue, path: PathKnowledge, state?: IncidentsState) {
    this.#catalogue = catalogue;
    this.#path = path;
    this.gaps = new LogGaps(state?.gaps ?? []);
    this.bulk = new BulkActions(state?.bulk);
    for (const { code, ids, evidence, ...rest } of state?.incidents ?? []) {
      const definition = catalogue.definitions.get(code);
      if (definition === undefined) continue;
      const incident: Open = { definition, ids: new Map(ids), evidence: [...evidence], ...rest };
      for (const [ref] of ids) this.#touched.add(ref);
      this.#all.push(incident);
      this.#alike(definition, incident.host).push(incident);
    }
    for (const alike of this.#byKind.values()) alike.sort((a, b) => a.begin - b.begin);
    this.#successes = new Successes(state?.successes);
  }

  /** For another run of the program to go on from. */
  state(): IncidentsState {
    return {
      incidents: this.#all.map(({ definition, ids, ...rest }) => ({
        code: definition.code,
        ids: [...ids],
        ...rest,
      })),
      successes: this.#successes.state(),
      gaps: this.gaps.windows,
      bulk: this.bulk.passes,
    };
  }

  /**
   * Every event in the order of the log: those without a message show troubles, the others what works; `alone` when it
   * is known to belong to none. Whether it showed a trouble.
   */
  event(event: Event, alone = false): boolean {
    if (event.kind === 'log.lost') this.gaps.line(event);
    this.bulk.event(event);
    if (namesNoMessage(event) || (alone && event.kind === 'amavis.note')) return this.#symptom(event);
    this.#success(event);
    return false;
  }

  /** A message with its problems; again whenever it changed. */
  trace(trace: Subject, problems: readonly FoundProblem[], message: Touched, events: readonly Event[]): void {
    const left = this.#leave(message.ref);
    for (const { definition, events: shown, evidence } of problems) {
      if (definition.ends === undefined) continue;
      const touched = shown().map(({ at }) => this.#incidentAt(definition, trace.host, at.time));
      for (const incident of new Set(touched)) this.#touch(incident, message, evidence()[0] ?? '');
    }
    this.#hints(trace, message, events);
    this.#dropGroundless(left);
  }

  /** The message has become part of another one. */
  forget(ref: number): void {
    this.#dropGroundless(this.#leave(ref));
  }

  /** Takes the message out of the incidents that it touched. Gives these. */
  #leave(ref: number): readonly Open[] {
    return this.#touched.delete(ref) ? this.#all.filter(({ ids }) => ids.delete(ref)) : [];
  }

  /** What a message showed before all of it was read, and nothing else does, was no incident. */
  #dropGroundless(incidents: readonly Open[]): void {
    for (const incident of incidents)
      if (!incident.told && incident.ids.size === 0 && this.#all.includes(incident)) this.#drop(incident);
  }

  #touch(incident: Open, { ref, id }: Touched, line: string): void {
    if (incident.ids.size < MAX_COUNTED) {
      incident.ids.set(ref, id());
      this.#touched.add(ref);
    }
    addEvidence(incident, line);
  }

  /** What one message shows of the system without being in trouble itself. */
  #hints(trace: Subject, message: Touched, events: readonly Event[]): void {
    const found = (definition: Definition, shown: readonly Event[]): void => {
      const [first] = shown;
      if (first === undefined) return;
      this.#touch(this.#incidentAt(definition, trace.host, first.at.time), message, first.at.raw);
    };
    for (const event of events) {
      for (const matcher of this.#catalogue.hintsFor(event)) {
        if (matchEvent(matcher, event) !== undefined) found(matcher.definition, [event]);
      }
    }
    for (const definition of this.#catalogue.conditional) {
      if (definition.scope !== 'system') continue;
      const story = new Story(trace, events, { path: this.#path, surroundings: null, incidents: null });
      for (const condition of definition.conditions) found(definition, condition(story)?.events ?? []);
    }
  }

  /**
   * The first incident of these kinds on the host that lines without a message showed and that overlaps the time; not
   * one that is a symptom of another among them.
   */
  causeAt(
    kinds: readonly Definition[],
    host: string,
    begin: number,
    last: number,
  ): { readonly definition: Definition; readonly evidence: readonly string[] } | undefined {
    const causes: Open[] = [];
    for (const kind of kinds) {
      const alike = this.#byKind.get(kindOf(kind, host)) ?? [];
      let first: Open | undefined;
      for (let n = alike.length - 1; n >= 0; n--) {
        const incident = alike[n];
        if (incident === undefined || !lastsUntil(incident, begin)) break;
        if (incident.told && incident.begin <= last + LATE) first = incident;
      }
      if (first !== undefined) causes.push(first);
    }
    let cause: Open | undefined;
    for (const one of causes) {
      if (causes.some((other) => isCauseOf(other, one))) continue;
      if (cause === undefined || one.begin < cause.begin) cause = one;
    }
    return cause;
  }

  /** Oldest first. */
  list(): Incident[] {
    return [...this.#all].sort((a, b) => a.begin - b.begin).map(present);
  }

  #symptom(event: Event): boolean {
    const found: { definition: Definition; values: Values }[] = [];
    for (const matcher of this.#catalogue.matchersFor(event)) {
      if (matcher.supports || matcher.fallback) continue;
      const values = matchEvent(matcher, event);
      if (values !== undefined && this.#fitsPosition(matcher, event, values)) {
        found.push({ definition: matcher.definition, values });
      }
    }
    for (const { definition, values } of found) {
      if (found.some((other) => other.definition.explains.includes(definition.code))) continue;
      const { host, time, raw } = event.at;
      const incident = this.#incidentAt(definition, host, time);
      incident.told = true;
      incident.values = {
        ...incident.values,
        ...namesIn(event),
        ...wayBackNames(definition, event, values),
        ...values,
      };
      addEvidence(incident, raw);
    }
    return found.length > 0;
  }

  #fitsPosition(matcher: Matcher, event: Event, values: Values): boolean {
    if (matcher.position === undefined) return true;
    const endpoint = event.kind === 'connect.failed' ? readEndpoint(event.endpoint) : namedEndpoint(values);
    switch (matcher.position) {
      case 'filter':
        return this.#path.isFilter(endpoint);
      case 'reinject':
        return this.#path.isReinjection(endpoint);
      default:
        return false;
    }
  }

  #success(event: Event): void {
    for (const sign of signsOf(event, this.#path)) this.succeeded(sign, event.at.host, event.at.time);
  }

  /** Something was seen to work. */
  succeeded(sign: Sign, host: string, time: number): void {
    if (!this.#successes.add(sign, host, time)) return;
    for (const alike of this.#bySign.get(`${sign} ${host}`) ?? NONE) {
      // What began earlier ended earlier, too.
      for (let n = alike.length - 1; n >= 0; n--) {
        const incident = alike[n];
        if (incident === undefined || (incident.end !== null && incident.end <= time)) break;
        if (isLater(time, incident.last)) incident.end = time;
      }
    }
  }

  /**
   * The incident of this kind that a sign at this time belongs to: one that there is, made longer by it, or a new one.
   * Which signs are one incident does not depend on the order in which they become known.
   */
  #incidentAt(definition: Definition, host: string, time: number): Open {
    const alike = this.#alike(definition, host);
    const at = alike.findLastIndex(({ begin }) => begin <= time);
    const before = alike[at];
    const after = alike[at + 1];
    if (before !== undefined && time <= before.last) return before;
    const goesOn = before !== undefined && this.#areOne(definition, host, before.last, time);
    const came = after !== undefined && this.#areOne(definition, host, time, after.begin);
    let incident: Open;
    if (came) {
      incident = after;
      incident.begin = time;
      if (goesOn) this.#takeIn(incident, before);
    } else if (goesOn) {
      incident = before;
      incident.last = time;
    } else {
      incident = this.#begin(definition, host, time);
      alike.splice(at + 1, 0, incident);
      this.#forget();
    }
    this.#findEnd(incident);
    return incident;
  }

  #alike(definition: Definition, host: string): Open[] {
    const kind = kindOf(definition, host);
    const known = this.#byKind.get(kind);
    if (known !== undefined) return known;
    const alike: Open[] = [];
    this.#byKind.set(kind, alike);
    const sign = `${definition.ends} ${host}`;
    this.#bySign.set(sign, [...(this.#bySign.get(sign) ?? NONE), alike]);
    return alike;
  }

  /** Whether signs at these times are one incident's: nothing worked between, and it was not quiet for long. */
  #areOne(definition: Definition, host: string, from: number, to: number): boolean {
    const sign = signOf(definition);
    if (sign === undefined) return to - from <= quiet(definition);
    const success = this.#successes.firstAfter(sign, host, from);
    if (success !== undefined && success < to) return false;
    // Of a time before all that is remembered nobody knows what worked then.
    return to - from <= QUIET || !this.#successes.beginAfter(sign, host, from);
  }

  /** An earlier incident turned out to be the same. */
  #takeIn(incident: Open, earlier: Open): void {
    incident.begin = earlier.begin;
    incident.told ||= earlier.told;
    incident.values = { ...earlier.values, ...incident.values };
    for (const [ref, id] of earlier.ids) if (incident.ids.size < MAX_COUNTED) incident.ids.set(ref, id);
    for (const line of earlier.evidence) addEvidence(incident, line);
    this.#drop(earlier);
  }

  #findEnd(incident: Open): void {
    const { definition, host, last, end } = incident;
    const sign = signOf(definition);
    if (sign === undefined || (end !== null && isLater(end, last))) return;
    incident.end = this.#successes.firstAfter(sign, host, last) ?? null;
  }

  #begin(definition: Definition, host: string, time: number): Open {
    const incident: Open = {
      definition,
      host,
      begin: time,
      last: time,
      end: null,
      told: false,
      values: { reinjectPort: String(this.#path.reinjectionPort) },
      ids: new Map(),
      evidence: [],
    };
    this.#all.push(incident);
    return incident;
  }

  #forget(): void {
    const [oldest] = this.#all;
    if (this.#all.length > MAX_INCIDENTS && oldest !== undefined) this.#drop(oldest);
  }

  #drop(incident: Open): void {
    this.#all.splice(this.#all.indexOf(incident), 1);
    const alike = this.#alike(incident.definition, incident.host);
    alike.splice(alike.indexOf(incident), 1);
  }
}

function kindOf({ code }: Definition, host: string): string {
  return `${code} ${host}`;
}

/** Whether the one is known to bring the other about, and had begun by then. */
function isCauseOf(one: Open, other: Open): boolean {
  return one.definition.explains.includes(other.definition.code) && one.begin <= other.begin + LATE;
}

/** Whether it was not over at the time. Of two that are alike the earlier one is over earlier. */
function lastsUntil({ definition, last, end }: Open, time: number): boolean {
  return signOf(definition) === undefined ? last + quiet(definition) >= time : end === null || end >= time;
}

/** The success that ends such incidents; undefined when only quiet does. */
function signOf({ ends }: Definition): Sign | undefined {
  return ends === 'quiet' ? undefined : ends;
}

/** What a refused connection tells for the texts. */
function namesIn(event: Event): Values {
  const endpoint = attemptedEndpoint(event);
  return endpoint === undefined ? {} : { ...namesOf('endpoint', endpoint), ...namesOf('filter', endpoint) };
}

/** A hint on the configuration holds until it is heeded, however seldom mail shows it. */
function quiet({ severity }: Definition): number {
  return severity === 'info' ? Number.POSITIVE_INFINITY : QUIET;
}

function addEvidence(incident: Open, line: string): void {
  if (incident.evidence.length < MAX_EVIDENCE && !incident.evidence.includes(line))
    incident.evidence.push(detached(line));
}

function namesNoMessage(event: Event): boolean {
  switch (event.kind) {
    case 'connect.failed':
    case 'system.note':
    case 'log.lost':
      return true;
    case 'amavis.note':
      return event.amavisId === undefined && event.mailId === undefined;
    case 'smtpd.reject':
      return event.queueId === undefined;
    default:
      return false;
  }
}

function present(incident: Open): Incident {
  const { definition, values } = incident;
  const over = signOf(definition) === undefined ? incident.last : incident.end;
  return {
    code: definition.code,
    severity: definition.severity,
    host: incident.host,
    begin: isoTime(incident.begin),
    end: over === null ? null : isoTime(over),
    lastSeen: isoTime(incident.last),
    messages: incident.ids.size,
    messageIds: [...incident.ids.values()],
    summary: fillText(definition.summary, values),
    cause: fillText(definition.cause, values),
    fix: fillCommand(definition.fix, values),
    reference: definition.reference,
    evidence: incident.evidence,
  };
}
