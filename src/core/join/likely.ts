/**
 * Joins that no id proves: only the message-id, the time and the way that a message took tell that it went on. Each is
 * refused as soon as there are two answers, since one message-id may stand on many messages.
 *
 * - `lost-reply`: the filter was stopped after it gave the message back and before it answered. The feed says that the
 *   message may be sent more than once, and what came back meanwhile was fed by nobody.
 * - `pipe`: a filter run by pipe(8) gave the message back by sendmail(1).
 */
import type { Event } from '../event.js';
import type { MailPath } from '../path.js';
import { type DeliveryEvent, type Facts, gatherFacts, type LifeFacts } from '../trace/facts.js';
import { chainOf, isFilterDelivery } from '../trace/links.js';
import type { Link } from '../trace/trace.js';
import { isNearby } from './nearby.js';
import type { Case } from './node.js';

const SECOND = 1_000_000;
/** Clocks of whole seconds, and `delays=` that is rounded. */
export const NEAR = 2 * SECOND;

const LOST_REPLY = 'while sending end of data -- message may be sent more than once';

export interface LikelyJoin {
  readonly one: Case;
  readonly other: Case;
  readonly link: Link;
}

type Way = 'lost-reply' | 'pipe';

/** Where a message was last seen to go, or first seen to come from. */
interface End {
  readonly way: Way;
  readonly case: Case;
  readonly queueId: string;
  readonly host: string;
  readonly from: number;
  readonly to: number;
  readonly sender: string | undefined;
}

/** Whether the line leaves a question that another message's lines may answer. */
export function asksForMessage(event: Event): boolean {
  if (event.kind === 'pickup') return isSentBack(event);
  return event.kind === 'delivery' && (isPiped(event) || isLostReply(event));
}

/** Whether nothing tells where the message came from, though it may have come out of the filter. */
export function isOrphan({ lives }: Case): boolean {
  const [only] = lives;
  return only?.nearby === true && lives.length === 1;
}

/** What is likely among cases that share a message-id, none of which holds a likely join yet. */
export function likelyJoins(cases: readonly Case[], messageId: string, path: MailPath): LikelyJoin[] {
  const outs: End[] = [];
  const ins: End[] = [];
  for (const which of cases) collectEnds(which, messageId, path, outs, ins);
  const found: LikelyJoin[] = [];
  for (const end of ins) {
    const [out, ...others] = outs.filter((one) => leadsTo(one, end));
    if (out === undefined || others.some((other) => other.case !== out.case)) continue;
    if (ins.filter((other) => leadsTo(out, other)).length > 1) continue;
    const { queueId: from } = out;
    const link: Link = { from, to: end.queueId, via: ['message-id', end.way], confidence: 'likely' };
    found.push({ one: out.case, other: end.case, link });
  }
  return found;
}

function leadsTo(out: End, end: End): boolean {
  return (
    out.way === end.way &&
    out.case !== end.case &&
    out.host === end.host &&
    out.sender !== undefined &&
    out.sender === end.sender &&
    end.from >= out.from - NEAR &&
    end.from <= out.to + NEAR
  );
}

function collectEnds(which: Case, messageId: string, path: MailPath, outs: End[], ins: End[]): void {
  const facts = gatherFacts(which.events);
  for (const life of facts.lives.values()) {
    if (life.messageId?.messageId !== messageId) continue;
    const { queueId, first: from, active, pickup } = life;
    const sender = (active?.sender ?? pickup?.sender)?.toLowerCase();
    const end = { case: which, queueId, host: life.messageId.at.host, sender };
    for (const delivery of life.deliveries) {
      const way = wayOut(delivery, facts, path);
      const to = delivery.at.time;
      if (way !== undefined) outs.push({ ...end, way, from: to - workedOn(delivery), to });
    }
    const way = wayIn(life, facts, path);
    if (way !== undefined) ins.push({ ...end, way, from, to: from });
  }
}

function wayOut(delivery: DeliveryEvent, facts: Facts, path: MailPath): Way | undefined {
  if (isPiped(delivery)) return 'pipe';
  return isLostReply(delivery) && isFilterDelivery(delivery, facts.lives, path) ? 'lost-reply' : undefined;
}

function wayIn(life: LifeFacts, facts: Facts, path: MailPath): Way | undefined {
  const { queueId, pickup, client, aborted } = life;
  if (pickup !== undefined) return isSentBack(pickup) ? 'pipe' : undefined;
  if (client === undefined || aborted !== undefined || !isNearby(client.clientAddress)) return undefined;
  if (facts.lives.size > 1 || facts.proxies.length > 0 || facts.sessions.length > 0) return undefined;
  const { links } = chainOf(facts, path, []);
  return links.some(({ from, to }) => to === queueId && !facts.runs.has(from)) ? undefined : 'lost-reply';
}

/** Handed to a program by pipe(8). */
function isPiped({ at, status, response }: DeliveryEvent): boolean {
  if (status !== 'sent') return false;
  return at.daemon === 'pipe' || (at.daemon === '' && /^delivered via \S+ service/.test(response));
}

/** Handed to the filter, which may have passed it on though it did not say so. */
function isLostReply({ status, response }: DeliveryEvent): boolean {
  return (
    status === 'deferred' &&
    response.endsWith(LOST_REPLY) &&
    !response.startsWith('delivery temporarily suspended')
  );
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
