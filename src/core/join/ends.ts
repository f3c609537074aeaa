/**
 * Loose ends of messages, which `likely.ts` ties: those that went to the filter and of which no line tells what came of
 * it, and those that came out of nothing.
 */
import { addressKey } from '../address-key.js';
import type { Event } from '../event.js';
import type { MailPath } from '../path.js';
import { replyOf } from '../response.js';
import { type DeliveryEvent, type Facts, gatherFacts, type LifeFacts } from '../trace/facts.js';
import { type Chain, chainOf, isFilterDelivery } from '../trace/links.js';
import { isNearby } from './nearby.js';
import type { Case, Life } from './node.js';

const SECOND = 1_000_000;

const MAYBE_SENT = 'while sending end of data -- message may be sent more than once';
/** A child of amavis that is told to stop says so to each recipient, also once it has given the message back. */
const SHUT_DOWN =
  /^host \S+ said: 421 4\.3\.2 Service shutting down(?:, closing channel[^()]*)? \(in reply to end of DATA command\)$/;

const PIPED_BY_AMAVIS = /^250 2\.6\.0 Ok, id=\d+-[\d-]+$/;

type Way = 'lost-reply' | 'pipe';

/** What is known of a message under one queue id. */
export interface Message {
  readonly case: Case;
  readonly life: LifeFacts;
  readonly host: string;
  readonly sender: string | undefined;
  readonly size: number | undefined;
}

/** One recipient's line, after which it is open where the message went on. Addresses are keys. */
export interface Handover {
  readonly way: Way;
  readonly recipient: string;
  /** The filter's IP address or socket; undefined for a program. */
  readonly address: string | undefined;
  /** When it was worked on. */
  readonly from: number;
  readonly to: number;
}

export interface Source extends Message {
  readonly handovers: readonly Handover[];
}

/** What may have come out of the filter, and no line says of which message. */
export interface Copy extends Message {
  readonly way: Way;
  /** The client's IP address; undefined when sendmail(1) brought it. */
  readonly address: string | undefined;
  readonly from: number;
  /** Of each recipient, the address and the one that an alias was expanded from. */
  readonly recipients: readonly (readonly string[])[];
}

export interface Ends {
  readonly sources: readonly Source[];
  readonly copies: readonly Copy[];
  /** Messages whose lines do not tell what became of every recipient. */
  readonly untold: readonly Message[];
}

/** Whether the line leaves a question that another message's lines may answer. */
export function asksForMessage(event: Event): boolean {
  if (event.kind === 'pickup') return isSentBack(event);
  return event.kind === 'delivery' && (isPiped(event) || isLostReply(event));
}

/** Whether nothing tells where the message came from, though it may have come out of the filter. */
export function isOrphan({ lives, events }: Case): boolean {
  const [only] = lives;
  if (only === undefined || lives.length === 1) return only?.nearby === true;
  // What local(8) sent on has no client. Two from nearby may be copies that one run made.
  if (lives.some(isFromElsewhere)) return false;
  return lives.some(({ nearby, queueId }) => nearby && !events.some((event) => isFed(event, queueId)));
}

/** Whether the lines of one of its queue ids do not tell what became of every recipient, so that it may be a source. */
export function isUntold(which: Case, path: MailPath): boolean {
  let due = 0;
  let ids = 0;
  for (const event of which.events) {
    if (event.kind === 'qmgr.active') {
      due += event.nrcpt;
      ids++;
    } else if (event.kind === 'delivery' && event.status !== 'deferred') due--;
  }
  // What most mail has: one line a recipient, and no other try.
  if (due <= 0 && ids >= which.lives.length) return false;
  const facts = gatherFacts(which.events);
  const chain = chainOf(facts, path, []);
  for (const life of facts.lives.values()) {
    if ((life.messageId?.messageId ?? '') !== '' && lacksLines(life, chain)) return true;
  }
  return false;
}

/** The loose ends of cases that share a message-id. */
export function endsOf(cases: readonly Case[], messageId: string, path: MailPath): Ends {
  const sources: Source[] = [];
  const copies: Copy[] = [];
  const untold: Message[] = [];
  for (const which of cases) {
    const facts = gatherFacts(which.events);
    const chain = chainOf(facts, path, []);
    for (const life of facts.lives.values()) {
      if (life.messageId?.messageId !== messageId) continue;
      const message = messageOf(which, life, life.messageId.at.host);
      const handovers = handoversOf(life.deliveries, facts, path);
      if (handovers.length > 0) sources.push({ ...message, handovers });
      const copy = copyOf(message, facts, chain, path);
      if (copy !== undefined) copies.push(copy);
      else if (lacksLines(life, chain)) untold.push(message);
    }
  }
  return { sources, copies, untold };
}

/** Those of the lines after which it is open where the message went on. */
export function handoversOf(deliveries: readonly DeliveryEvent[], facts: Facts, path: MailPath): Handover[] {
  return deliveries.flatMap((delivery) => handoverOf(delivery, facts, path) ?? []);
}

function messageOf(which: Case, life: LifeFacts, host: string): Message {
  const { active, pickup } = life;
  const sender = active?.sender ?? pickup?.sender;
  return {
    case: which,
    life,
    host,
    sender: sender === undefined ? undefined : addressKey(sender),
    size: active?.size,
  };
}

function handoverOf(delivery: DeliveryEvent, facts: Facts, path: MailPath): Handover | undefined {
  const recipient = addressKey(delivery.recipient);
  const to = delivery.at.time;
  const from = to - workedOn(delivery);
  if (isPiped(delivery)) return { way: 'pipe', recipient, address: undefined, from, to };
  const address = replyOf(delivery).endpoint?.address;
  if (address === undefined || !isLostReply(delivery) || !isFilterDelivery(delivery, facts.lives, path))
    return undefined;
  return { way: 'lost-reply', recipient, address, from, to };
}

function copyOf(message: Message, facts: Facts, { links }: Chain, path: MailPath): Copy | undefined {
  const { queueId, first: from, pickup, client, aborted, deliveries } = message.life;
  if (deliveries.length === 0 || aborted !== undefined) return undefined;
  const recipients = deliveries.map(({ recipient, originalTo }) =>
    originalTo === undefined ? [addressKey(recipient)] : [addressKey(recipient), addressKey(originalTo)],
  );
  if (pickup !== undefined)
    return isSentBack(pickup) ? { ...message, way: 'pipe', address: undefined, from, recipients } : undefined;
  if (client === undefined || client.origQueueId !== undefined || !isNearby(client.clientAddress))
    return undefined;
  if (facts.proxies.length > 0 || facts.sessions.length > 0) return undefined;
  if (links.some((link) => link.to === queueId && !facts.runs.has(link.from))) return undefined;
  // What goes to the filter has yet to come out of it.
  if (deliveries.some((delivery) => isFilterDelivery(delivery, facts.lives, path))) return undefined;
  return { ...message, way: 'lost-reply', address: client.clientAddress, from, recipients };
}

/** Whether some recipient's line is missing, so that the message may have taken a way that is not known. */
function lacksLines(
  { queueId, active, aborted, discarded, deliveries }: LifeFacts,
  { reinjected }: Chain,
): boolean {
  if (aborted !== undefined || discarded || reinjected.has(queueId)) return false;
  if (active === undefined) return true;
  const told = new Set(deliveries.map(({ recipient, originalTo }) => `${recipient} ${originalTo}`));
  return told.size < active.nrcpt;
}

function isFromElsewhere({ starter, smtpd, nearby }: Life): boolean {
  return starter !== null && (smtpd === 0 || !nearby);
}

/** Whether the line says that the queue id was given to a message that has another one. */
function isFed(event: Event, queueId: string): boolean {
  if (event.kind === 'delivery') return replyOf(event).queuedAs === queueId;
  return (
    event.kind === 'amavis.verdict' &&
    event.queueId !== undefined &&
    event.queuedAs?.includes(queueId) === true
  );
}

/** Handed to a program by pipe(8), or by amavis whose $forward_method is a `pipe:`: it names no MTA then. */
function isPiped({ at, status, response }: DeliveryEvent): boolean {
  if (status !== 'sent') return false;
  return (
    PIPED_BY_AMAVIS.test(response) ||
    at.daemon === 'pipe' ||
    (at.daemon === '' && /^delivered via \S+ service/.test(response))
  );
}

/** Handed to the filter, which may have passed it on though it did not say so. */
function isLostReply({ status, response }: DeliveryEvent): boolean {
  if (status !== 'deferred' || response.startsWith('delivery temporarily suspended')) return false;
  return response.endsWith(MAYBE_SENT) || SHUT_DOWN.test(response);
}

/** By sendmail(1), perhaps out of pipe(8), which runs nothing as root. */
function isSentBack({ uid, origQueueId }: Extract<Event, { readonly kind: 'pickup' }>): boolean {
  return uid !== 0 && origQueueId === undefined;
}

/** Connection set-up and transmission; all the time in the queue where the log has no `delays=`. */
function workedOn({ delay, delays }: DeliveryEvent): number {
  const [, , connect = 0, send = 0] = delays ?? [];
  return (delays === undefined ? delay : connect + send) * SECOND;
}
