/**
 * Most mail is ordinary: it came in, the filter passed it, it came back under one new queue id and every recipient
 * was served at the first try; or it is Postfix' own, goes past the filter and was served so; or it was refused before
 * it had an id, by one line. Its summary is told in one look at its lines, where the whole view takes many.
 *
 * Whatever is not quite so is left to the view; for what is, both give the same (test/core/ordinary.test.ts).
 */
import { addressKey } from '../address-key.js';
import type { Event } from '../event.js';
import type { MailPath } from '../path.js';
import { replyOf } from '../response.js';
import { type CaseFacts, type DeliveryEvent, isOwnId } from './facts.js';
import { restingPlace } from './recipients.js';
import type { Summary } from './summary.js';

type Of<K extends Event['kind']> = Extract<Event, { readonly kind: K }>;

/** One queue id's lines: each of them once, and the deliveries. */
interface Half {
  readonly queueId: string;
  start: Of<'smtpd.client' | 'pickup'> | undefined;
  messageId: Of<'cleanup.message-id'> | undefined;
  active: Of<'qmgr.active'> | undefined;
  removed: Of<'removed'> | undefined;
  readonly deliveries: DeliveryEvent[];
}

/** The summary of an ordinary message; undefined when it is not one, or may not be. */
export function ordinarySummary(which: CaseFacts, path: MailPath): Summary | undefined {
  if (which.children.length > 0 || which.likely.length > 0) return undefined;
  const only = which.events.length === 1 ? which.events[0] : undefined;
  if (only?.kind === 'smtpd.reject') return refused(which, only);
  let one: Half | undefined;
  let two: Half | undefined;
  let verdict: Of<'amavis.verdict'> | undefined;
  let run: string | undefined;
  const passed: Of<'amavis.forward' | 'amavis.recipient'>[] = [];
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const event of which.events) {
    const { time } = event.at;
    if (time < first) first = time;
    if (time > last) last = time;
    switch (event.kind) {
      case 'smtpd.client':
      case 'pickup':
      case 'cleanup.message-id':
      case 'qmgr.active':
      case 'delivery':
      case 'removed':
      case 'queue.note': {
        const { queueId } = event;
        let half: Half;
        if (one === undefined || one.queueId === queueId) half = one ??= halfOf(queueId);
        else if (two === undefined || two.queueId === queueId) half = two ??= halfOf(queueId);
        else return undefined;
        if (!take(half, event)) return undefined;
        break;
      }
      case 'amavis.verdict':
        if (verdict !== undefined) return undefined;
        verdict = event;
        run ??= event.amavisId;
        if (run !== event.amavisId) return undefined;
        break;
      // What a higher $log_level adds.
      case 'amavis.received':
      case 'amavis.checking':
      case 'amavis.forward':
      case 'amavis.recipient':
      case 'amavis.timing':
        run ??= event.amavisId;
        if (run !== event.amavisId) return undefined;
        if (event.kind === 'amavis.forward' || event.kind === 'amavis.recipient') passed.push(event);
        break;
      default:
        return undefined;
    }
  }
  if (one === undefined) return undefined;
  if (two === undefined) return run === undefined ? unfiltered(which, one, first, last, path) : undefined;
  if (verdict === undefined || !passed.every((event) => isPassedAs(event, verdict))) return undefined;
  return filtered(which, [one, two], verdict, first, last, path);
}

function filtered(
  which: CaseFacts,
  [one, two]: readonly [Half, Half],
  verdict: Of<'amavis.verdict'>,
  first: number,
  last: number,
  path: MailPath,
): Summary | undefined {
  const [front, back] = verdict.queueId === one.queueId ? [one, two] : [two, one];
  const { start } = front;
  if (which.parent !== null || start === undefined || !isWhole(front) || !isWhole(back)) return undefined;
  if (!isFed(front, back, verdict) || back.start?.kind !== 'smtpd.client') return undefined;
  const told = back.start.origQueueId;
  if (start.origQueueId !== undefined || (told !== undefined && told !== front.queueId)) return undefined;
  const recipients = recipientsOf(front, back, verdict, path);
  if (recipients === undefined) return undefined;
  return done({
    state: stateOf(recipients),
    recipients,
    host: start.at.host,
    first,
    last,
    parent: null,
    queueIds: [front.queueId, back.queueId],
    sender: front.active?.sender ?? null,
    client: clientOf(start, verdict),
    filter: [
      {
        verdict: verdict.verdict,
        quarantine: verdict.quarantine ?? null,
        durationMs: verdict.durationMs ?? null,
      },
    ],
  });
}

/** What one line refused before there was a queue id. */
function refused({ parent }: CaseFacts, refusal: Of<'smtpd.reject'>): Summary | undefined {
  const { at, queueId, sender = null, recipient, clientAddress, clientName = null } = refusal;
  if (queueId !== undefined || parent !== null) return undefined;
  return done({
    state: 'rejected',
    recipients: recipient === undefined ? [] : [{ address: recipient, originalTo: null, state: 'rejected' }],
    host: at.host,
    first: at.time,
    last: at.time,
    parent,
    queueIds: [],
    sender,
    client: clientAddress === undefined ? null : { address: clientAddress || null, name: clientName },
    filter: [],
  });
}

/** A bounce, a notice, mail of this machine's own. What a stranger brought may have been meant for the filter. */
function unfiltered(
  which: CaseFacts,
  only: Half,
  first: number,
  last: number,
  path: MailPath,
): Summary | undefined {
  const { start, messageId, queueId, deliveries } = only;
  if (start?.origQueueId !== undefined || !isWhole(only)) return undefined;
  if (start?.kind === 'smtpd.client' && start.saslUsername === undefined && which.parent === null)
    return undefined;
  // Without its own id in the Message-ID it came from elsewhere, by a line that is missing.
  if (start === undefined && !isOwnId(messageId?.messageId, queueId)) return undefined;
  const recipients = new Map<string, Recipient>();
  for (const delivery of deliveries) {
    if (!isLastHop(delivery, path) || replyOf(delivery).queuedAs === queueId) return undefined;
    recipients.set(addressKey(delivery.recipient), recipientOf(delivery, delivery.originalTo));
  }
  if (recipients.size !== deliveries.length) return undefined;
  const served = [...recipients.values()];
  return done({
    state: stateOf(served),
    recipients: served,
    host: (start ?? messageId)?.at.host ?? '',
    first,
    last,
    parent: which.parent === null ? null : { ...which.parent, queueId: which.parent.id },
    queueIds: [queueId],
    sender: only.active?.sender ?? null,
    client:
      start?.kind === 'smtpd.client'
        ? { address: start.clientAddress || null, name: start.clientName }
        : null,
    filter: [],
  });
}

type Recipient = Summary['recipients'][number];

function stateOf(recipients: readonly Recipient[]): Summary['state'] {
  const state = recipients[0]?.state ?? null;
  return recipients.every((other) => other.state === state) ? state : 'partial';
}

/** With what is the same for all messages that are done. Field by field: spreading is slow, and this is done often. */
function done(own: Omit<Summary, 'open' | 'complete' | 'stuck' | 'children'>): Summary {
  return {
    host: own.host,
    first: own.first,
    last: own.last,
    state: own.state,
    open: false,
    complete: true,
    stuck: false,
    parent: own.parent,
    queueIds: own.queueIds,
    children: [],
    sender: own.sender,
    client: own.client,
    recipients: own.recipients,
    filter: own.filter,
  };
}

function halfOf(queueId: string): Half {
  return {
    queueId,
    start: undefined,
    messageId: undefined,
    active: undefined,
    removed: undefined,
    deliveries: [],
  };
}

/** Whether the line is the first of its kind, and nothing but ordinary. */
function take(
  half: Half,
  event: Of<
    'smtpd.client' | 'pickup' | 'cleanup.message-id' | 'qmgr.active' | 'delivery' | 'removed' | 'queue.note'
  >,
): boolean {
  switch (event.kind) {
    case 'smtpd.client':
    case 'pickup':
      if (half.start !== undefined) return false;
      half.start = event;
      return true;
    case 'cleanup.message-id':
      if (half.messageId !== undefined || event.resent === true) return false;
      half.messageId = event;
      return true;
    case 'qmgr.active':
      if (half.active !== undefined) return false;
      half.active = event;
      return true;
    case 'removed':
      // By the queue manager, or so where the head lost who wrote it: there is nothing that postsuper could delete.
      if (half.removed !== undefined || event.at.daemon === 'postsuper') return false;
      half.removed = event;
      return true;
    case 'delivery':
      half.deliveries.push(event);
      return event.status === 'sent';
    case 'queue.note':
      return true;
  }
}

function isWhole({ messageId, active, removed, deliveries }: Half): boolean {
  return messageId !== undefined && active !== undefined && removed !== undefined && deliveries.length > 0;
}

/** Whether amavis says that it took the message from the one id and gave it back as the other. */
function isFed(front: Half, back: Half, { action, queueId, queuedAs }: Of<'amavis.verdict'>): boolean {
  return (
    action === 'Passed' && queueId === front.queueId && queuedAs?.length === 1 && queuedAs[0] === back.queueId
  );
}

/** Whether the line says of the message, or of one of its recipients, what the main line says. */
function isPassedAs(
  event: Of<'amavis.forward' | 'amavis.recipient'>,
  { queuedAs }: Of<'amavis.verdict'>,
): boolean {
  if (event.kind === 'amavis.forward') return event.direction === 'FWD' && event.queuedAs === queuedAs?.[0];
  return event.action === 'Passed' && (event.queuedAs ?? queuedAs)?.join() === queuedAs?.join();
}

/** Each recipient where it rests; undefined unless all that went into the filter came out of it, and nothing else. */
function recipientsOf(
  front: Half,
  back: Half,
  verdict: Of<'amavis.verdict'>,
  path: MailPath,
): readonly Recipient[] | undefined {
  const fed = new Map<string, DeliveryEvent>();
  for (const delivery of front.deliveries) {
    const { endpoint, queuedAs, forwardedAs, amavisId } = replyOf(delivery);
    if (!path.isFilter(endpoint) || queuedAs !== back.queueId || forwardedAs !== undefined) return undefined;
    if (amavisId !== undefined && amavisId !== verdict.amavisId) return undefined;
    fed.set(addressKey(delivery.recipient), delivery);
  }
  if (fed.size !== front.deliveries.length) return undefined;
  if (!verdict.recipients.every((address) => fed.has(addressKey(address)))) return undefined;
  const recipients = new Map<string, Recipient>();
  const matched = new Set<DeliveryEvent>();
  for (const delivery of back.deliveries) {
    const { queuedAs } = replyOf(delivery);
    if (!isLastHop(delivery, path) || queuedAs === front.queueId || queuedAs === back.queueId)
      return undefined;
    const address = addressKey(delivery.recipient);
    // An alias may be expanded behind the filter.
    const alias = delivery.originalTo === undefined ? undefined : fed.get(addressKey(delivery.originalTo));
    const before = fed.get(address) ?? alias;
    if (before === undefined || (alias !== undefined && alias !== before)) return undefined;
    matched.add(before);
    recipients.set(address, recipientOf(delivery, before.originalTo ?? delivery.originalTo));
  }
  const each = recipients.size === back.deliveries.length && matched.size === fed.size;
  return each ? [...recipients.values()] : undefined;
}

/** Whether the message ends here: not in a filter, nor thrown away, nor forwarded under another queue id. */
function isLastHop(delivery: DeliveryEvent, path: MailPath): boolean {
  const { endpoint, forwardedAs, amavisId, fromMta } = replyOf(delivery);
  if (path.isFilter(endpoint) || fromMta !== undefined) return false;
  return forwardedAs === undefined && amavisId === undefined && restingPlace(delivery) !== 'deleted';
}

function recipientOf(delivery: DeliveryEvent, originalTo: string | undefined): Recipient {
  const { recipient: address } = delivery;
  const same = originalTo === undefined || addressKey(originalTo) === addressKey(address);
  return { address, originalTo: same ? null : originalTo, state: restingPlace(delivery) };
}

function clientOf(start: Of<'smtpd.client' | 'pickup'>, verdict: Of<'amavis.verdict'>): Summary['client'] {
  if (start.kind === 'smtpd.client') return { address: start.clientAddress || null, name: start.clientName };
  return verdict.clientAddress === undefined ? null : { address: verdict.clientAddress || null, name: null };
}
