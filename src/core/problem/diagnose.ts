/**
 * What is or was wrong with one message: the catalogue's entries held against its events.
 *
 * One cause is told once: where several entries clip, the strongest stays (each entry names the codes that it
 * explains) and takes the others' lines and count along.
 */
import { addressKey } from '../address-key.js';
import { isoTime } from '../clock.js';
import type { Event } from '../event.js';
import { blockedInPart } from '../response.js';
import type { Problem, Severity } from '../trace/trace.js';
import type { Catalogue } from './catalogue.js';
import type { DiagnosisContext } from './context.js';
import { attemptedEndpoint, namedEndpoint, namesOf, readEndpoint, wayBackNames } from './endpoint.js';
import type { Definition, Matcher } from './entry.js';
import { fillCommand, fillText, type Values } from './fill.js';
import { matchEvent } from './match.js';
import { type EventOf, queueIdOf, Story, type Subject } from './story.js';

/** An entry that fits, with what shows it. */
interface Hit {
  readonly definition: Definition;
  /** Lines that show the problem; they alone count. */
  events: Event[];
  /** Lines that only add to its evidence. */
  readonly supports: Event[];
  readonly explained: Hit[];
  /** Lines without a message that name the cause. */
  readonly system: string[];
  values: Values;
  count: number | undefined;
  resolved: boolean | undefined;
  /** Whether only alternatives for otherwise unknown lines fit. */
  fallback: boolean;
}

const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };
const MAX_EVIDENCE = 10;
/** An error that no entry knows is part of a known one when it is this close to it (1 minute, in microseconds). */
const SAME_ATTEMPT = 60_000_000;

/**
 * The problems of a message, the worst first. `events` are all of its events in canonical order: by time, a cause
 * before its effect.
 */
export function diagnose(
  catalogue: Catalogue,
  trace: Subject,
  events: readonly Event[],
  context: DiagnosisContext,
): Problem[] {
  return presented(findProblems(catalogue, trace, events, context));
}

/** What is wrong with a message, before it is told in words. */
export interface FoundProblem {
  readonly definition: Definition;
  /** Its own code, and those that it explains. */
  readonly codes: readonly string[];
  /** The events that show it, in their order. */
  events(): readonly Event[];
  /** The lines that show it, those of the system's trouble first. */
  evidence(): readonly string[];
  present(): Problem;
}

export function findProblems(
  catalogue: Catalogue,
  trace: Subject,
  events: readonly Event[],
  context: DiagnosisContext,
): FoundProblem[] {
  const story = new Story(trace, events, context);
  const found: FoundProblem[] = [];
  for (const hit of strongestHits(catalogue, story).values()) {
    const { definition } = hit;
    const codes = withExplained(hit).map((one) => one.definition.code);
    found.push({
      definition,
      codes,
      events: () => eventsOf(hit, story),
      evidence: () => evidenceOf(hit, story),
      present: () => present(hit, story),
    });
  }
  return found;
}

/** The worst first. */
function presented(found: readonly FoundProblem[]): Problem[] {
  return found
    .map((problem) => problem.present())
    .sort(
      (a, b) =>
        SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] ||
        (a.firstSeen < b.firstSeen ? -1 : a.firstSeen > b.firstSeen ? 1 : 0),
    );
}

function strongestHits(catalogue: Catalogue, story: Story): Hits {
  const hits = findHits(catalogue, story);
  for (const [code, hit] of hits) if (hit.events.length === 0) hits.delete(code);
  if (hits.size > 0) {
    fold(hits);
    nameSystemCauses(catalogue, hits, story);
  }
  return hits;
}

type Hits = Map<string, Hit>;

function hitOf(hits: Hits, definition: Definition): Hit {
  let hit = hits.get(definition.code);
  if (hit === undefined) {
    hit = {
      definition,
      events: [],
      supports: [],
      explained: [],
      system: [],
      values: {},
      count: undefined,
      resolved: undefined,
      fallback: true,
    };
    hits.set(definition.code, hit);
  }
  return hit;
}

function findHits(catalogue: Catalogue, story: Story): Hits {
  const hits: Hits = new Map();
  const unclaimed: { event: Event; matchers: Matcher[] }[] = [];
  for (const event of story.events) {
    const matchers = catalogue.matchersFor(event);
    if (matchers.length === 0) continue;
    let claimed = false;
    for (const matcher of matchers) {
      if (matcher.fallback || matcher.definition.scope === 'system') continue;
      if (tryMatch(hits, story, event, matcher) && !matcher.supports) claimed = true;
    }
    const fallbacks = claimed ? [] : matchers.filter(({ fallback }) => fallback);
    if (fallbacks.length > 0) unclaimed.push({ event, matchers: fallbacks });
  }
  for (const definition of catalogue.conditional) {
    if (definition.scope === 'system') continue;
    for (const condition of definition.conditions) {
      const finding = condition(story);
      if (finding === undefined) continue;
      const hit = hitOf(hits, definition);
      hit.events.push(...finding.events.filter((event) => !hit.events.includes(event)));
      hit.values = { ...hit.values, ...finding.values };
      hit.system.push(...(finding.system ?? []));
      hit.count = finding.count;
      hit.resolved = finding.resolved;
      hit.fallback = false;
    }
  }
  if (unclaimed.length === 0) return hits;
  const known = new Set([...hits.values()].flatMap((hit) => hit.events));
  for (const { event, matchers } of unclaimed) {
    if (known.has(event)) continue;
    for (const matcher of matchers) if (tryMatch(hits, story, event, matcher)) break;
  }
  return hits;
}

function tryMatch(hits: Hits, story: Story, event: Event, matcher: Matcher): boolean {
  const present = hits.get(matcher.definition.code);
  if (present?.events.includes(event)) return false;
  if (!mayFit(matcher, story, event)) return false;
  const values = matchEvent(matcher, event);
  if (values === undefined || !fitsPosition(matcher, story, event, values)) return false;
  const hit = hitOf(hits, matcher.definition);
  (matcher.supports ? hit.supports : hit.events).push(event);
  hit.values = { ...hit.values, ...wayBackNames(matcher.definition, event, values), ...values };
  if (!matcher.fallback) hit.fallback = false;
  return true;
}

/** Looks at where a delivery went before its text is read. */
function mayFit({ position }: Matcher, story: Story, event: Event): boolean {
  if (event.kind !== 'delivery' || position === undefined || position === 'reinject') return true;
  return story.position(event) === position && !wasPassedOn(story, event);
}

/** By SMTP the filter has one reply for all: how many it kept back says nothing of whom it passed the message on for. */
function wasPassedOn({ trace }: Story, { response, recipient }: EventOf<'delivery'>): boolean {
  if (blockedInPart(response) === 0) return false;
  const key = addressKey(recipient);
  return trace.recipients.some(
    ({ address, originalTo, state }) =>
      state !== null &&
      state !== 'blocked' &&
      (addressKey(address) === key || addressKey(originalTo ?? '') === key),
  );
}

function fitsPosition(matcher: Matcher, story: Story, event: Event, values: Values): boolean {
  const { position } = matcher;
  if (position === undefined) return true;
  const { path } = story.context;
  if (position === 'reinject') return path.isReinjection(namedEndpoint(values));
  if (event.kind === 'delivery') return story.position(event) === position;
  if (event.kind !== 'connect.failed') return false;
  return path.isFilter(readEndpoint(event.endpoint)) === (position === 'filter');
}

/** Lets the stronger of the hits take the weaker along. */
function fold(hits: Hits): void {
  for (const [code, weak] of [...hits]) {
    const strong = [...hits.values()].find(
      (hit) => hit !== weak && hit.definition.explains.includes(code) && belongsTo(weak, hit),
    );
    if (strong === undefined) continue;
    hits.delete(code);
    strong.explained.push(weak);
  }
}

/** A known symptom belongs to its cause whenever it shows; an unknown error only when both are of one attempt. */
function belongsTo(weak: Hit, strong: Hit): boolean {
  if (!weak.fallback) return true;
  return weak.events.every((event) =>
    strong.events.some(({ at }) => Math.abs(at.time - event.at.time) <= SAME_ATTEMPT),
  );
}

/** Where a line without a message tells why: that is the problem, and what the message shows is its symptom. */
function nameSystemCauses(catalogue: Catalogue, hits: Hits, story: Story): void {
  const { incidents } = story.context;
  if (incidents === null) return;
  for (const [code, hit] of [...hits]) {
    const first = hit.events[0];
    const last = hit.events.at(-1);
    if (first === undefined || last === undefined) continue;
    const kinds = catalogue.explainersOf(code);
    const cause = incidents.causeAt(kinds, first.at.host, first.at.time, last.at.time);
    if (cause === undefined) continue;
    hits.delete(code);
    const strong = hitOf(hits, cause.definition);
    strong.explained.push(hit);
    strong.system.push(...cause.evidence.slice(0, 2));
    strong.values = { ...hit.values, ...strong.values };
  }
}

/** Hits that a hit took along, and those that they took along. */
function withExplained(hit: Hit): Hit[] {
  return [hit, ...hit.explained.flatMap(withExplained)];
}

function present(hit: Hit, story: Story): Problem {
  const { definition } = hit;
  const events = eventsOf(hit, story);
  const codes = withExplained(hit)
    .slice(1)
    .map((one) => one.definition.code);
  const values = { ...valuesOf(story, events), ...hit.values };
  const also = codes.length === 0 ? '' : ` This is also behind: ${codes.join(', ')}.`;
  const queueId = events.map(queueIdOf).find((id) => id !== undefined);
  return {
    code: definition.code,
    severity: definition.severity,
    stage: definition.stage,
    queueId: queueId ?? null,
    resolved: hit.resolved ?? isResolved(definition, story, events),
    count: hit.count ?? timesSeen(events),
    firstSeen: isoTime(events[0]?.at.time ?? 0),
    lastSeen: isoTime(events.at(-1)?.at.time ?? 0),
    summary: fillText(definition.summary, values),
    cause: fillText(definition.cause, values) + also,
    fix: fillCommand(definition.fix, values),
    reference: definition.reference,
    explains: codes,
    evidence: evidenceOf(hit, story),
  };
}

function eventsOf(hit: Hit, story: Story): readonly Event[] {
  const shown = new Set(withExplained(hit).flatMap(({ events }) => events));
  return story.events.filter((event) => shown.has(event));
}

function evidenceOf(hit: Hit, story: Story): readonly string[] {
  const shown = new Set(withExplained(hit).flatMap(({ events, supports }) => [...events, ...supports]));
  const lines = story.events.filter((event) => shown.has(event)).map(({ at }) => at.raw);
  return [...hit.system, ...ends(lines)];
}

/** The first and the last of many lines. */
function ends(lines: readonly string[]): readonly string[] {
  if (lines.length <= MAX_EVIDENCE) return lines;
  return [...lines.slice(0, MAX_EVIDENCE / 2), ...lines.slice(-MAX_EVIDENCE / 2)];
}

/** How often it happened: one attempt leaves several lines, so those of one kind about one recipient are counted. */
function timesSeen(events: readonly Event[]): number {
  const counts = new Map<string, number>();
  for (const event of events) {
    const about = event.kind === 'delivery' ? `${event.queueId} ${event.recipient}` : '';
    const key = `${event.kind} ${about}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Math.max(1, ...counts.values());
}

function isResolved(definition: Definition, story: Story, events: readonly Event[]): boolean {
  switch (definition.remedy) {
    case 'never':
      return false;
    case 'release':
      return story.trace.children.some(({ kind }) => kind === 'release');
    case 'delivery':
      return isOvercome(story, events);
  }
}

/** Whether every delivery that failed was done later; without any, whether the message got where it should. */
function isOvercome(story: Story, events: readonly Event[]): boolean {
  const failed = new Map<string, EventOf<'delivery'>>();
  for (const event of events) {
    if (event.kind === 'delivery' && event.status !== 'sent') {
      failed.set(`${event.queueId} ${event.recipient}`, event);
    }
  }
  if (failed.size > 0) return [...failed.values()].every((event) => wasDoneLater(story, event));
  return story.trace.recipients.every(
    ({ state }) =>
      state === 'delivered' || state === 'relayed' || state === 'blocked' || state === 'rejected',
  );
}

function wasDoneLater(story: Story, failed: EventOf<'delivery'>): boolean {
  const from = story.events.indexOf(failed);
  const again = story.events.slice(from + 1);
  const requeuedAs = again.find((event) => event.kind === 'pickup' && event.origQueueId === failed.queueId);
  const ids = new Set([failed.queueId, requeuedAs === undefined ? undefined : queueIdOf(requeuedAs)]);
  return again.some(
    (event) =>
      event.kind === 'delivery' &&
      event.status === 'sent' &&
      ids.has(event.queueId) &&
      event.recipient === failed.recipient,
  );
}

/** What the message itself tells for the placeholders. */
function valuesOf(story: Story, events: readonly Event[]): Values {
  const values: Record<string, string> = { reinjectPort: String(story.context.path.reinjectionPort) };
  const queueId = events.map(queueIdOf).findLast((id) => id !== undefined) ?? story.trace.queueIds[0];
  if (queueId !== undefined) values['queueId'] = queueId;
  for (const event of events) {
    if ('amavisId' in event && event.amavisId !== undefined) values['amavisId'] = event.amavisId;
  }
  for (const run of story.trace.filter) if (run.quarantine !== null) values['quarantine'] = run.quarantine;
  for (const feed of story.feeds) {
    const endpoint = story.filterEndpoint(feed);
    if (endpoint !== undefined) Object.assign(values, namesOf('filter', endpoint));
    if (feed.at.service !== '') values['transport'] = feed.at.service;
  }
  const tried = events.findLast((event) => attemptedEndpoint(event) !== undefined);
  const endpoint = tried === undefined ? undefined : attemptedEndpoint(tried);
  if (endpoint !== undefined) Object.assign(values, namesOf('endpoint', endpoint));
  return values;
}
