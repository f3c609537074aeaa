/**
 * One message's events, arranged for the questions that diagnosis asks: which queue ids it had, which of them came
 * back from the filter, and where each delivery went.
 */
import type { Event, EventKind } from '../event.js';
import { filterDestination } from '../filter-action.js';
import { isQueueId } from '../queue-id.js';
import {
  type Endpoint,
  endpointName,
  isLoopback,
  keptByLocalFilter,
  namedHost,
  replyOf,
} from '../response.js';
import type { RecipientState, Trace } from '../trace/trace.js';
import type { DiagnosisContext } from './context.js';
import type { Position } from './entry.js';

export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>;
type DeliveryEvent = EventOf<'delivery'>;

/** What diagnosis needs of a trace: little enough that it can be told without building the whole. */
export interface Subject
  extends Pick<Trace, 'host' | 'state' | 'stuck' | 'complete' | 'parent' | 'queueIds' | 'children'> {
  readonly recipients: readonly Pick<Trace['recipients'][number], 'address' | 'originalTo' | 'state'>[];
  readonly filter: readonly Pick<Trace['filter'][number], 'quarantine' | 'durationMs'>[];
}

/** One queue id of the message. */
interface QueueLife {
  readonly queueId: string;
  readonly events: Event[];
  readonly deliveries: DeliveryEvent[];
}

const MAILBOX_DAEMONS = new Set(['local', 'virtual', 'pipe', 'discard', 'lmtp']);
const MAILBOX_TEXT = /\b(?:unknown user|user unknown|no such user|mailbox|maildir|quota)\b/i;
/** Dovecot's LMTP server, where the head does not say which client it answered. */
const DOVECOT_TEXT =
  / said: (?:550 5\.1\.1 <[^>]{0,320}> User doesn't exist: |552 5\.2\.2 <[^>]{0,320}> Quota exceeded \(mailbox for user is full\)|451 4\.3\.0 <[^>]{0,320}> Temporary internal error)/;

export class Story {
  readonly trace: Subject;
  readonly events: readonly Event[];
  readonly context: DiagnosisContext;
  readonly #kinds = new Map<EventKind, readonly Event[]>();
  #lives: Map<string, QueueLife> | undefined;
  #feeds: DeliveryEvent[] | undefined;
  #reinjected: Set<string> | undefined;
  readonly #positions = new Map<DeliveryEvent, Position | null>();

  constructor(trace: Subject, events: readonly Event[], context: DiagnosisContext) {
    this.trace = trace;
    this.events = events;
    this.context = context;
  }

  /** Whether a recipient, or the message while its recipients are unknown, is in this state. */
  hasState(state: RecipientState): boolean {
    return this.trace.state === state || this.trace.recipients.some((recipient) => recipient.state === state);
  }

  /** The message's queue ids with what was logged of each. */
  get lives(): ReadonlyMap<string, QueueLife> {
    this.#lives ??= livesOf(this.events);
    return this.#lives;
  }

  has(kind: EventKind): boolean {
    for (const event of this.events) if (event.kind === kind) return true;
    return false;
  }

  of<K extends EventKind>(kind: K): readonly EventOf<K>[] {
    let found = this.#kinds.get(kind);
    if (found === undefined) {
      found = this.has(kind) ? this.events.filter((event) => event.kind === kind) : NONE;
      if (found !== NONE) this.#kinds.set(kind, found);
    }
    return found as readonly EventOf<K>[];
  }

  /** Whether the queue id was given to what came back from the filter. */
  cameBack(queueId: string): boolean {
    this.#reinjected ??= this.#findReinjected();
    return this.#reinjected.has(queueId);
  }

  /** The deliveries to the filter, tried or done. */
  get feeds(): readonly DeliveryEvent[] {
    this.#feeds ??= this.of('delivery').filter((event) => this.position(event) === 'filter');
    return this.#feeds;
  }

  /** The filter's endpoint that a delivery names; undefined when it goes elsewhere or names none. */
  filterEndpoint(event: DeliveryEvent): Endpoint | undefined {
    const endpoint = replyOf(event).endpoint;
    if (endpoint === undefined || this.context.path.isFilter(endpoint)) return endpoint;
    return this.#isNamedFilter(event, endpoint) ? endpoint : undefined;
  }

  /** Where a delivery went or tried to go; null when the log does not tell. */
  position(event: DeliveryEvent): Position | null {
    let position = this.#positions.get(event);
    if (position === undefined) {
      position = this.#findPosition(event);
      this.#positions.set(event, position);
    }
    return position;
  }

  #findPosition(event: DeliveryEvent): Position | null {
    const endpoint = replyOf(event).endpoint;
    if (endpoint !== undefined) {
      if (this.context.path.isFilter(endpoint) || keptByLocalFilter(event)) return 'filter';
      if (this.#isNamedFilter(event, endpoint)) return 'filter';
      if (endpoint.port === null && this.#isFilterHost(endpoint.address, event)) return 'filter';
      return beyond(event, endpoint);
    }
    if (event.relay !== 'none' && event.relay !== '') return beyond(event, undefined);
    const host = namedHost(event.response);
    if (host !== undefined && this.#isFilterHost(host, event)) return 'filter';
    if (host !== undefined) return beyond(event, { address: host, port: null });
    if (MAILBOX_TEXT.test(event.response)) return 'mailbox';
    if (this.cameBack(event.queueId) || !this.#mayBeFed(event.queueId)) return beyond(event, undefined);
    return null;
  }

  /** Whether a FILTER sent the message there, in vain. */
  #isNamedFilter({ queueId, status }: DeliveryEvent, endpoint: Endpoint): boolean {
    if (status === 'sent' || (!this.has('smtpd.action') && !this.has('cleanup.action'))) return false;
    // To the way back leads a FILTER that spares a message the filter.
    if (this.context.path.isReinjection(endpoint) || this.cameBack(queueId)) return false;
    const name = endpointName(endpoint);
    const sender = this.of('qmgr.active').find((active) => active.queueId === queueId)?.sender;
    return [...this.of('smtpd.action'), ...this.of('cleanup.action')].some((action) => {
      const filter = filterDestination(action, queueId, sender);
      return filter !== undefined && endpointName(filter) === name;
    });
  }

  /** Whether a host named without a port is where this message's filter is. */
  #isFilterHost(address: string, event: DeliveryEvent): boolean {
    if (this.cameBack(event.queueId)) return false;
    for (const other of this.events) {
      if (other.kind !== 'delivery' || other.queueId !== event.queueId) continue;
      const endpoint = replyOf(other).endpoint;
      if (endpoint?.address === address && this.context.path.isFilter(endpoint)) return true;
    }
    return isLoopback(address) && this.#mayBeFed(event.queueId);
  }

  /** Whether this queue id's deliveries may go to a filter: it did not come back from one, and there is one. */
  #mayBeFed(queueId: string): boolean {
    if (this.cameBack(queueId) || this.trace.parent !== null) return false;
    return this.context.surroundings?.filtersOn(this.trace.host) ?? true;
  }

  #findReinjected(): Set<string> {
    const found = new Set<string>();
    for (const event of this.events) {
      switch (event.kind) {
        case 'amavis.verdict':
          for (const id of event.queuedAs ?? []) if (isQueueId(id)) found.add(id);
          break;
        case 'amavis.forward':
          if (event.direction === 'FWD' && event.queuedAs !== undefined) found.add(event.queuedAs);
          break;
        case 'smtpd.proxy':
          if (event.queuedAs !== undefined) found.add(event.queuedAs);
          break;
        case 'smtpd.client':
          if (event.origQueueId !== undefined) found.add(event.queueId);
          break;
        case 'delivery': {
          if (event.status !== 'sent' || this.filterEndpoint(event) === undefined) break;
          const id = replyOf(event).queuedAs;
          if (id !== undefined) found.add(id);
          break;
        }
      }
    }
    return found;
  }
}

const NONE: readonly Event[] = [];

function livesOf(events: readonly Event[]): Map<string, QueueLife> {
  const lives = new Map<string, QueueLife>();
  for (const event of events) {
    const queueId = queueIdOf(event);
    if (queueId === undefined) continue;
    let life = lives.get(queueId);
    if (life === undefined) {
      life = { queueId, events: [], deliveries: [] };
      lives.set(queueId, life);
    }
    life.events.push(event);
    if (event.kind === 'delivery') life.deliveries.push(event);
  }
  return lives;
}

/** A delivery that does not go to the filter: to a mailbox or to another MTA. */
function beyond(event: DeliveryEvent, endpoint: Endpoint | undefined): Position {
  if (MAILBOX_DAEMONS.has(event.at.daemon)) return 'mailbox';
  if (event.at.daemon === '' && DOVECOT_TEXT.test(event.response)) return 'mailbox';
  if (endpoint === undefined) {
    if (event.relay !== 'none' && event.relay !== '') return 'mailbox';
    return MAILBOX_TEXT.test(event.response) ? 'mailbox' : 'next';
  }
  // LMTP's own port and sockets lead to mailboxes, whoever logs the attempt.
  return endpoint.port === 24 || endpoint.address.includes('/') ? 'mailbox' : 'next';
}

/** The queue id that a line is about; undefined when it is about none. */
export function queueIdOf(event: Event): string | undefined {
  if (event.kind === 'amavis.verdict' || event.kind === 'amavis.checking') return undefined;
  return 'queueId' in event ? event.queueId : undefined;
}
