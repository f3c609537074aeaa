/** The trace as users see it, from the view of a case. */
import { isoTime } from '../clock.js';
import type { MailPath } from '../path.js';
import { isQueueId } from '../queue-id.js';
import { type Facts, isOwnMail, type LifeFacts, type RunFacts, refusedBy } from './facts.js';
import { hopsOf } from './hops.js';
import type { Chain } from './links.js';
import type { FilterRun, Trace, TraceClient, TraceRecipient } from './trace.js';
import { stuckSince, type View } from './view.js';

export interface TraceContext {
  readonly path: MailPath;
  /** Microseconds: the wall clock while following, else the newest line's time. */
  readonly now: number;
  /** Microseconds without progress after which an open message is stuck. */
  readonly stuckAfter: number;
  /** The trace's id and queue ids for a parent's queue id or mail_id; undefined when that message is not known. */
  readonly parentOf: (parent: string) => Pick<Trace, 'id' | 'queueIds'> | undefined;
}

export function buildTrace(view: View, context: TraceContext): Trace {
  const { facts, chain, recipients } = view;
  const since = stuckSince(view, context.now, context.stuckAfter);
  return {
    id: traceId(view),
    host: view.host,
    messageId: messageIdOf(view),
    sender: senderOf(view),
    size: sizeOf(view),
    client: clientOf(view),
    origin: originOf(view),
    firstSeen: isoTime(view.first),
    lastSeen: isoTime(view.last),
    state: view.state,
    complete: view.complete,
    stuck: since !== null,
    stuckSince: since === null ? null : isoTime(since),
    queueIds: chain.order,
    filter: filterRuns(facts, chain),
    hops: hopsOf(facts, chain, context.path),
    recipients: recipients.map(toRecipient),
    links: chain.links,
    parent: parentOf(view, context),
    children: [...view.case.children].sort((a, b) => (a.queueId < b.queueId ? -1 : 1)),
    problems: [],
  };
}

/** `host/first id/time`: a function of the message's own lines, so the same in every database. */
export function traceId(view: View): string {
  const { facts, root } = view;
  const first = facts.events[0];
  const id =
    root?.queueId ??
    [...facts.runs.keys()].sort()[0] ??
    `NOQUEUE-${digest(first === undefined ? '' : `${first.at.pid} ${first.at.message}`)}`;
  return `${view.host}/${id}/${isoTime(view.first)}`;
}

/** Short and stable; FNV-1a. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function livesInOrder({ facts, chain }: View): LifeFacts[] {
  return chain.order.flatMap((id) => facts.lives.get(id) ?? []);
}

/** As the message went through them: of several passes the first tells whence it came. */
function runsInOrder({ facts, chain }: View): RunFacts[] {
  const place = ({ amavisId }: RunFacts): number => chain.order.indexOf(chain.feeders.get(amavisId) ?? '');
  return [...facts.runs.values()].sort((a, b) => place(a) - place(b));
}

function messageIdOf(view: View): string | null {
  for (const life of livesInOrder(view)) {
    const id = life.messageId?.messageId;
    if (id !== undefined && id !== '') return id;
  }
  for (const { verdicts } of runsInOrder(view)) {
    for (const { messageId } of verdicts) if (messageId !== undefined && messageId !== '') return messageId;
  }
  return null;
}

export function senderOf(view: View): string | null {
  for (const life of livesInOrder(view)) {
    const sender = life.active?.sender ?? life.pickup?.sender ?? life.expired?.sender;
    if (sender !== undefined) return sender;
  }
  const { proxies, refusals, events } = view.facts;
  for (const run of runsInOrder(view)) {
    const sender =
      run.verdicts[0]?.sender ?? run.forwards[0]?.sender ?? run.checking?.sender ?? run.received?.sender;
    if (sender !== undefined) return sender;
  }
  const told = [...proxies, ...refusals].find(({ sender }) => sender !== undefined)?.sender;
  if (told !== undefined) return told;
  for (const event of events) {
    if (event.kind !== 'cleanup.action' && event.kind !== 'smtpd.action' && event.kind !== 'smtpd.reject')
      continue;
    if (event.sender !== undefined) return event.sender;
  }
  return null;
}

function sizeOf(view: View): number | null {
  const [first] = view.chain.order;
  const arrived = first === undefined ? undefined : view.facts.lives.get(first)?.active;
  if (arrived !== undefined) return arrived.size;
  for (const run of runsInOrder(view)) {
    const size = run.verdicts[0]?.size ?? run.received?.size;
    if (size !== undefined) return size;
  }
  // What the filter gave back has grown by its headers: better than nothing.
  for (const life of livesInOrder(view)) if (life.active !== undefined) return life.active.size;
  return null;
}

export function clientOf(view: View): TraceClient | null {
  const { facts, root, chain } = view;
  const helo = heloOf(facts, chain);
  const session = facts.sessions[0];
  const client =
    session ?? (root !== undefined && !chain.reinjected.has(root.queueId) ? root.client : undefined);
  if (client !== undefined) {
    return {
      name: client.clientName,
      address: client.clientAddress || null,
      port: client.clientPort ?? null,
      helo,
      saslUsername: client.saslUsername ?? null,
    };
  }
  const refusal = facts.refusals.find(({ clientAddress }) => clientAddress !== undefined);
  if (refusal !== undefined) {
    const { clientName = null, clientAddress = null, clientPort = null } = refusal;
    return { name: clientName, address: clientAddress || null, port: clientPort, helo, saslUsername: null };
  }
  for (const { verdicts } of runsInOrder(view)) {
    const verdict = verdicts[0];
    if (verdict?.clientAddress === undefined) continue;
    return {
      name: null,
      address: verdict.clientAddress || null,
      port: verdict.clientPort ?? null,
      helo,
      saslUsername: null,
    };
  }
  return null;
}

/** As the client said it, not the filter when it gave the message back. */
function heloOf({ events, refusedBack }: Facts, { reinjected }: Chain): string | null {
  for (const event of events) {
    if (!('helo' in event) || event.helo === undefined) continue;
    if ('queueId' in event && event.queueId !== undefined && reinjected.has(event.queueId)) continue;
    if (event.kind !== 'smtpd.reject' || !refusedBack.includes(event)) return event.helo;
  }
  return null;
}

function originOf(view: View): string | null {
  const { root, facts, chain } = view;
  if (view.case.parent !== null) return view.case.parent.kind;
  if (facts.proxies.length > 0 || facts.sessions.length > 0) return 'smtpd';
  if (root === undefined) {
    if (facts.runs.size > 0) return 'amavis';
    const [first] = facts.refusals;
    return first === undefined ? null : refusedBy(first);
  }
  if (root.client !== undefined)
    return chain.reinjected.has(root.queueId) ? 'amavis' : root.client.at.daemon || 'smtpd';
  if (root.pickup !== undefined) return 'pickup';
  return isOwnMail(root) ? 'internal' : null;
}

function parentOf(view: View, context: TraceContext): Trace['parent'] {
  const { parent } = view.case;
  if (parent === null) return null;
  const known = context.parentOf(parent.id);
  // A mail_id may look like a queue id: whose id it is tells the parent, where that is known.
  const isIts = known === undefined ? isQueueId(parent.id) : known.queueIds.includes(parent.id);
  const queueId = isIts ? parent.id : (known?.queueIds[0] ?? null);
  return { id: known?.id ?? parent.id, queueId, kind: parent.kind };
}

function filterRuns({ runs }: Facts, { feeders }: Chain): FilterRun[] {
  const found: FilterRun[] = [];
  for (const run of runs.values()) {
    if (run.release !== undefined) continue;
    if (run.verdicts.length === 0) found.push(withoutVerdict(run, feeders.get(run.amavisId) ?? null));
    for (const verdict of run.verdicts) {
      found.push({
        amavisId: run.amavisId,
        mailId: verdict.mailId ?? run.mailId,
        action: verdict.action,
        verdict: verdict.verdict,
        detail: verdict.detail ?? null,
        actions: verdict.actions ?? [],
        hits: verdict.hits ?? null,
        tests: verdict.tests ?? [],
        quarantine: verdict.quarantine ?? null,
        queueId: verdict.queueId ?? null,
        queuedAs: verdict.queuedAs ?? (verdict.action === 'Passed' ? [...run.queuedAs] : []),
        recipients: verdict.recipients,
        durationMs: verdict.durationMs ?? null,
        time: isoTime(verdict.at.time),
      });
    }
  }
  return found.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

function withoutVerdict(run: RunFacts, feeder: string | null): FilterRun {
  return {
    amavisId: run.amavisId,
    mailId: run.mailId,
    action: null,
    verdict: null,
    detail: null,
    actions: [],
    hits: null,
    tests: [],
    quarantine: null,
    queueId: run.queueId ?? feeder,
    queuedAs: [...run.queuedAs],
    recipients: run.forwards[0]?.recipients ?? run.checking?.recipients ?? run.received?.recipients ?? [],
    durationMs: run.timing?.totalMs ?? null,
    time: isoTime(run.first),
  };
}

function toRecipient({
  address,
  originalTo,
  state,
  queueId,
  delivery,
  attempts,
}: View['recipients'][number]): TraceRecipient {
  return {
    address,
    originalTo,
    state,
    queueId,
    relay: delivery?.relay ?? null,
    dsn: delivery?.dsn ?? null,
    status: delivery?.status ?? null,
    response: delivery?.response ?? null,
    delays: delivery?.delays ?? null,
    attempts,
    time: delivery === undefined ? null : isoTime(delivery.at.time),
  };
}
