/**
 * What the way back refuses. The smtpd there logs it under an id that comes to nothing, or under none, and it is no
 * message of its own: amavis' FWD line and the feed's line quote the reply that was given.
 */
import { addressKey } from '../address-key.js';
import { append } from '../append.js';
import type { Event } from '../event.js';
import { isLoopback } from '../response.js';
import { isOfMessage } from '../stage.js';
import { gatherFacts, type LifeFacts } from '../trace/facts.js';
import { quotedReply, wordsOf } from '../trace/quotes.js';
import { NEAR } from './likely.js';
import { isNearby } from './nearby.js';
import type { Case } from './node.js';

type Delivery = Extract<Event, { readonly kind: 'delivery' }>;
type Refused = Extract<Event, { readonly kind: 'smtpd.reject' | 'cleanup.action' | 'cleanup.aborted' }>;

export interface Refusal {
  readonly case: Case;
  readonly event: Refused;
  /** The words of the reply. */
  readonly words: string;
  /** What came to nothing; undefined where the refusal came before there was an id. */
  readonly queueId: string | undefined;
  readonly messageId: string | undefined;
  readonly loopback: boolean;
}

export interface Quote {
  readonly case: Case;
  readonly by: 'feed' | 'filter';
  /** The queue id that was fed, or amavis' id where that is not known. */
  readonly id: string;
  readonly words: string;
  readonly time: number;
  /** What was refused before this time was another message; -Infinity where no line tells. */
  readonly notBefore: number;
  /** Addresses as they compare. */
  readonly sender: string | undefined;
  readonly recipients: readonly string[];
  /** All of whom the message's lines quote the same. */
  readonly fellows: readonly string[];
}

/** smtpd's words for what cleanup logs in its own (cleanup_strerror.c). */
const ERRORS: readonly (readonly [string, string])[] = [
  ['hopcount exceeded', 'Error: too many hops'],
  ['queue file size limit exceeded', 'Error: message file too big'],
  ['write queue file', 'Error: queue file write error'],
];
const ROUNDING = 1.05;
/** delays= has no more than hundredths of a second. */
const LEAST_DELAY = 0.02;
const ACTION_REPLY = /.*: [45]\.\d{1,3}\.\d{1,3} ([^;]+)/;

/** Whether the line refuses what may come from the filter, or says that the way back refused something. */
export function asksForRefusal(event: Event): boolean {
  switch (event.kind) {
    case 'smtpd.reject':
      if (event.queueId !== undefined) return isOfMessage(event.stage);
      return event.clientAddress !== undefined && isNearby(event.clientAddress);
    case 'cleanup.aborted':
    case 'cleanup.action':
      return wordsOfRefusal(event) !== undefined;
    default:
      return quoteIn(event) !== undefined;
  }
}

/** Refusals in the case by which no message is known. */
export function refusalsOf(which: Case): Refusal[] {
  const found: Refusal[] = [];
  for (const event of which.events) {
    if (event.kind !== 'smtpd.reject' && event.kind !== 'cleanup.aborted' && event.kind !== 'cleanup.action')
      continue;
    const words = wordsOfRefusal(event);
    if (words === undefined) continue;
    if (event.kind === 'smtpd.reject' && event.queueId === undefined) {
      const { clientAddress: address } = event;
      if (address === undefined || !isNearby(address)) continue;
      const rest = { queueId: undefined, messageId: undefined, loopback: isLoopback(address) };
      found.push({ case: which, event, words, ...rest });
      continue;
    }
    // A message that came in from elsewhere, or is known to have been more than this, is no refused copy.
    const [life] = which.lives;
    if (which.lives.length !== 1 || which.runs.length > 0 || life?.nearby !== true || life.sender !== null)
      continue;
    const client = which.events.find((other) => other.kind === 'smtpd.client');
    const loopback = client?.kind === 'smtpd.client' && isLoopback(client.clientAddress);
    const messageId = life.messageId ?? undefined;
    found.push({ case: which, event, words, queueId: life.queueId, messageId, loopback });
  }
  return found;
}

/** What the case's lines quote of refusals. */
export function quotesOf(which: Case): Quote[] {
  const found: Quote[] = [];
  const facts = gatherFacts(which.events);
  for (const life of facts.lives.values()) {
    const sender = life.active === undefined ? undefined : addressKey(life.active.sender);
    const told = new Map<string, string[]>();
    const cameIn = arrivalOf(life);
    for (const delivery of life.deliveries) {
      const words = quoteIn(delivery);
      if (words === undefined) continue;
      const recipient = addressKey(delivery.recipient);
      append(told, words, recipient);
      found.push({
        case: which,
        by: 'feed',
        id: life.queueId,
        words,
        time: delivery.at.time,
        notBefore: attemptBegan(delivery) ?? cameIn,
        sender,
        recipients: [recipient],
        fellows: told.get(words) ?? [],
      });
    }
  }
  for (const run of facts.runs.values()) {
    const fed = run.queueId === null ? undefined : facts.lives.get(run.queueId);
    const id = fed?.queueId ?? run.amavisId;
    const notBefore = fed === undefined ? Number.NEGATIVE_INFINITY : arrivalOf(fed);
    for (const forward of run.forwards) {
      const words = quoteIn(forward);
      if (words === undefined) continue;
      const recipients = forward.recipients.map(addressKey);
      const sender = addressKey(forward.sender);
      const time = forward.at.time;
      const fellows = recipients;
      found.push({ case: which, by: 'filter', id, words, time, notBefore, sender, recipients, fellows });
    }
  }
  return found;
}

/** Whether the quote may be of this refusal. */
export function isQuoteOf(
  quote: Quote,
  { case: own, event, words, messageId, loopback, queueId }: Refusal,
): boolean {
  if (quote.words !== words || Math.abs(quote.time - event.at.time) > NEAR) return false;
  if (event.at.time < quote.notBefore - slack(event.at.time, quote.time)) return false;
  if (queueId !== undefined && quote.case === own) return false;
  if (loopback && !quote.case.events.some(({ at }) => at.host === event.at.host)) return false;
  if (messageId !== undefined && messageId !== '') return knowsMessageId(quote.case, messageId);
  if (event.kind === 'cleanup.aborted') return true;
  const { sender, recipient } = event;
  if (sender !== undefined && quote.sender !== undefined && addressKey(sender) !== quote.sender) return false;
  // Of several recipients cleanup names one.
  if (event.kind === 'cleanup.action')
    return recipient === undefined || isNamed(addressKey(recipient), quote.fellows);
  if (recipient !== undefined) return quote.recipients.includes(addressKey(recipient));
  // smtpd names the recipient of a message that has only one.
  return queueId === undefined || quote.fellows.length > 1;
}

/** Postfix completes an address without a domain before cleanup logs it. */
function isNamed(recipient: string, names: readonly string[]): boolean {
  return names.includes(recipient) || names.includes(recipient.slice(0, recipient.lastIndexOf('@')));
}

function arrivalOf({ client, pickup }: LifeFacts): number {
  return (client ?? pickup)?.at.time ?? Number.NEGATIVE_INFINITY;
}

/** By its delays=: the third and fourth are the connection's and the transmission's seconds, in two digits. */
function attemptBegan({ at, delays }: Delivery): number | undefined {
  const [, , setUp, sending] = delays ?? [];
  if (setUp === undefined || sending === undefined) return undefined;
  return at.time - ((setUp + sending) * ROUNDING + LEAST_DELAY) * 1_000_000;
}

/** How far apart stamps of one moment are: those of whole seconds are cut. */
function slack(...times: readonly number[]): number {
  return times.some((time) => time % 1_000_000 === 0) ? 1_000_000 : 50_000;
}

function wordsOfRefusal(event: Refused): string | undefined {
  switch (event.kind) {
    case 'smtpd.reject':
      return event.queueId === undefined || isOfMessage(event.stage) ? wordsOf(event.response) : undefined;
    case 'cleanup.aborted':
      return ERRORS.find(([logged]) => event.text.includes(logged))?.[1];
    case 'cleanup.action':
      return event.action === 'reject' || event.action === 'milter-reject'
        ? ACTION_REPLY.exec(event.text)?.[1]
        : undefined;
  }
}

function quoteIn(event: Event): string | undefined {
  if (event.kind === 'delivery') return event.status === 'sent' ? undefined : quotedReply(event.response);
  return event.kind === 'amavis.forward' && event.direction === 'FWD'
    ? quotedReply(event.response)
    : undefined;
}

function knowsMessageId({ events }: Case, messageId: string): boolean {
  return events.some(
    (event) =>
      (event.kind === 'cleanup.message-id' || event.kind === 'amavis.verdict') &&
      event.messageId === messageId,
  );
}
