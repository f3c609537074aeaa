/**
 * Most mail is ordinary: it came in, the filter passed it, it came back under one new queue id and every recipient
 * was served at the first try. Its summary is told in one look at its lines, where the whole view takes many.
 *
 * Whatever is not quite so is left to the view; for what is, both give the same (test/core/ordinary.test.ts).
 */
import type { Event } from '../event.js';
import type { MailPath } from '../path.js';
import { replyOf } from '../response.js';
import type { CaseFacts, DeliveryEvent } from './facts.js';
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
  if (which.parent !== null || which.children.length > 0 || which.likely.length > 0) return undefined;
  let one: Half | undefined;
  let two: Half | undefined;
  let verdict: Of<'amavis.verdict'> | undefined;
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
      case 'removed': {
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
        break;
      case 'amavis.timing':
        break;
      default:
        return undefined;
    }
  }
  if (one === undefined || two === undefined || verdict === undefined) return undefined;
  const [front, back] = verdict.queueId === one.queueId ? [one, two] : [two, one];
  const { start } = front;
  if (start === undefined || !isWhole(front) || !isWhole(back)) return undefined;
  if (!isFed(front, back, verdict) || back.start?.kind !== 'smtpd.client') return undefined;
  const told = back.start.origQueueId;
  if (start.origQueueId !== undefined || (told !== undefined && told !== front.queueId)) return undefined;
  const recipients = recipientsOf(front, back, verdict, path);
  if (recipients === undefined) return undefined;
  const state = recipients[0]?.state ?? null;
  return {
    host: start.at.host,
    first,
    last,
    state: recipients.every((other) => other.state === state) ? state : 'partial',
    open: false,
    complete: true,
    stuck: false,
    parent: null,
    queueIds: [front.queueId, back.queueId],
    children: [],
    sender: front.active?.sender ?? null,
    client: clientOf(start, verdict),
    recipients,
    filter: [
      {
        verdict: verdict.verdict,
        quarantine: verdict.quarantine ?? null,
        durationMs: verdict.durationMs ?? null,
      },
    ],
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
  event: Of<'smtpd.client' | 'pickup' | 'cleanup.message-id' | 'qmgr.active' | 'delivery' | 'removed'>,
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

/** Each recipient where it rests; undefined unless what went into the filter and what came out of it are the same. */
function recipientsOf(
  front: Half,
  back: Half,
  verdict: Of<'amavis.verdict'>,
  path: MailPath,
): Summary['recipients'] | undefined {
  const count = front.deliveries.length;
  if (back.deliveries.length !== count) return undefined;
  const fed = new Map<string, DeliveryEvent>();
  for (const delivery of front.deliveries) {
    const { endpoint, queuedAs, forwardedAs, amavisId } = replyOf(delivery);
    if (!path.isFilter(endpoint) || queuedAs !== back.queueId || forwardedAs !== undefined) return undefined;
    if (amavisId !== undefined && amavisId !== verdict.amavisId) return undefined;
    fed.set(delivery.recipient.toLowerCase(), delivery);
  }
  if (fed.size !== count || !verdict.recipients.every((address) => fed.has(address.toLowerCase())))
    return undefined;
  const recipients: Summary['recipients'][number][] = [];
  const found = new Set<string>();
  for (const delivery of back.deliveries) {
    const { endpoint, queuedAs, forwardedAs, amavisId, fromMta } = replyOf(delivery);
    // A filter behind the filter, an alias, a forward: not ordinary.
    if (delivery.originalTo !== undefined || path.isFilter(endpoint) || fromMta !== undefined)
      return undefined;
    if (forwardedAs !== undefined || amavisId !== undefined) return undefined;
    if (queuedAs === front.queueId || queuedAs === back.queueId) return undefined;
    const address = delivery.recipient.toLowerCase();
    const before = fed.get(address);
    if (before === undefined || found.has(address)) return undefined;
    found.add(address);
    const { originalTo } = before;
    recipients.push({
      address: delivery.recipient,
      originalTo: originalTo === undefined || originalTo.toLowerCase() === address ? null : originalTo,
      state: restingPlace(delivery),
    });
  }
  return recipients;
}

function clientOf(start: Of<'smtpd.client' | 'pickup'>, verdict: Of<'amavis.verdict'>): Summary['client'] {
  if (start.kind === 'smtpd.client') return { address: start.clientAddress, name: start.clientName };
  return verdict.clientAddress === undefined ? null : { address: verdict.clientAddress, name: null };
}
