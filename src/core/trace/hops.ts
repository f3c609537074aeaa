/** The path as a list of hops: received, queued, filtered, reinjected, delivered. */
import { isoTime } from '../clock.js';
import type { Origin } from '../event.js';
import { isNearby } from '../join/nearby.js';
import { noticeParent, releaseRun } from '../join/notice.js';
import type { MailPath } from '../path.js';
import { amavisIdIn, blockedByFilter, fromMta, parseEndpoint, queuedAs, replyOf } from '../response.js';
import { type DeliveryEvent, type Facts, type LifeFacts, type RunFacts, refusedBy } from './facts.js';
import { type Chain, isFilterDelivery } from './links.js';
import { quotedReply, wordsOf } from './quotes.js';
import { isAccepted, stateWithout } from './recipients.js';
import type { Hop, Outcome, Stage } from './trace.js';

const SECOND = 1_000_000;
/** Clocks of whole seconds. */
const NEAR = 2 * SECOND;
/** How long a session may take in which everything is refused. */
const SESSION = 10 * SECOND;
/** Ports of the services that Postfix' master.cf names by these words. */
const SERVICE_PORTS: Readonly<Record<string, number>> = {
  submission: 587,
  submissions: 465,
  smtps: 465,
  smtp: 25,
};

interface Draft {
  readonly stage: Stage;
  readonly service: string | null;
  readonly port: number | null;
  readonly queueId: string | null;
  readonly amavisId: string | null;
  from: number;
  to: number | null;
  readonly outcome: Outcome;
  readonly relay: string | null;
  readonly detail: string | null;
  attempts: number;
  durationMs: number | null;
  delays: readonly number[] | null;
}

export function hopsOf(facts: Facts, chain: Chain, path: MailPath): Hop[] {
  const hops: Draft[] = [...beforeTheQueue(facts)];
  const told = new Set<string>();
  for (const run of facts.runs.values()) {
    const feeder = chain.feeders.get(run.amavisId);
    if (feeder === undefined || !facts.lives.has(feeder)) hops.push(...runHops(run, null, path));
  }
  for (const queueId of chain.order) {
    const life = facts.lives.get(queueId);
    if (life === undefined) continue;
    const fed = [...facts.runs.values()].filter((run) => chain.feeders.get(run.amavisId) === queueId);
    const milters = fed.filter(isMilterRun);
    hops.push(...received(life, facts, chain, path));
    for (const run of milters) hops.push(...runHops(run, queueId, path));
    if (!neverQueued(life) && !isOnlyBegun(life, chain)) hops.push(queued(life));
    hops.push(...delivered(life, facts, chain, path, told));
    for (const run of fed) {
      if (!told.has(run.amavisId) && !milters.includes(run)) hops.push(...runHops(run, queueId, path));
    }
  }
  for (const refused of refusedByTheWayBack(facts, path)) insertBehindFilter(hops, refused);
  return hops.map(toHop);
}

/** Field by field: of an object that is put together from the rest of another, V8 makes a class of its own each time. */
function toHop(draft: Draft): Hop {
  return {
    stage: draft.stage,
    service: draft.service,
    port: draft.port,
    queueId: draft.queueId,
    amavisId: draft.amavisId,
    from: isoTime(draft.from),
    to: draft.to === null ? null : isoTime(draft.to),
    outcome: draft.outcome,
    relay: draft.relay,
    detail: draft.detail,
    attempts: draft.attempts,
    durationMs: draft.durationMs,
    delays: draft.delays,
  };
}

function* beforeTheQueue({ sessions, proxies, refusals, lives }: Facts): Generator<Draft> {
  const session = sessions[0];
  if (session !== undefined && proxies.length > 0) {
    const last = proxies.at(-1);
    const detail = `${session.clientName}[${session.clientAddress}]`;
    yield hop(
      { stage: 'receive', service: 'smtpd', port: servicePort(session.at) },
      session.at.time,
      last?.at.time ?? null,
      'ok',
      detail,
    );
  }
  for (const refusal of lives.size === 0 ? refusals : []) {
    const { at, response } = refusal;
    yield hop(
      { stage: 'receive', service: refusedBy(refusal), port: servicePort(at) },
      at.time,
      at.time,
      'failed',
      response,
    );
  }
  for (const proxy of proxies) {
    if (proxy.outcome === 'accept') continue;
    const amavisId = proxy.amavisId ?? amavisIdIn(proxy.response) ?? null;
    const outcome = amavisId === null ? 'failed' : 'blocked';
    if (amavisId === null) {
      yield hop(
        { stage: 'filter', service: 'smtpd', port: null },
        proxy.at.time,
        proxy.at.time,
        outcome,
        proxy.response,
      );
    }
  }
}

/** What the way back refused without giving an id: one hop for each answer, however often it was given. */
function refusedByTheWayBack(facts: Facts, path: MailPath): Iterable<Draft> {
  const hops = new Map<string, Draft>();
  let last: Origin | undefined;
  for (const { at, response } of facts.refusedBack) {
    const known = hops.get(response);
    if (known === undefined) {
      const words = wordsOf(response);
      const port = wayBackPort(at, facts, path, (reply) => quotedReply(reply) === words);
      const where = { stage: 'reinject', service: at.daemon || 'smtpd', port } as const;
      hops.set(response, hop(where, at.time, at.time, 'failed', response));
    } else {
      // One session is refused at every command.
      if (last?.pid !== at.pid || at.time - last.time > SESSION) known.attempts += 1;
      known.to = at.time;
    }
    last = at;
  }
  return hops.values();
}

/** Behind the attempt at the filter that it belongs to. */
function insertBehindFilter(hops: Draft[], refused: Draft): void {
  const at = hops.findLastIndex(({ stage, from }) => stage === 'filter' && from <= refused.from);
  hops.splice(at < 0 ? hops.length : at + 1, 0, refused);
}

function hop(
  where: Pick<Draft, 'stage' | 'service' | 'port'> & Partial<Pick<Draft, 'queueId' | 'amavisId' | 'relay'>>,
  from: number,
  to: number | null,
  outcome: Outcome,
  detail: string | null,
  durationMs: number | null = null,
): Draft {
  return {
    queueId: null,
    amavisId: null,
    relay: null,
    ...where,
    from,
    to,
    outcome,
    detail,
    attempts: 1,
    durationMs,
    delays: null,
  };
}

function* received(life: LifeFacts, facts: Facts, chain: Chain, path: MailPath): Generator<Draft> {
  const { queueId, client, pickup } = life;
  const end = life.messageId?.at.time ?? life.active?.at.time ?? null;
  const failed = life.aborted !== undefined;
  const refusal = life.aborted;
  const why =
    refusal === undefined ? null : refusal.kind === 'smtpd.reject' ? refusal.response : refusal.text;
  if (client !== undefined) {
    const back = chain.reinjected.has(queueId) || isReleased(life, facts);
    const who = `${client.clientName}[${client.clientAddress}]`;
    const port =
      back || isNotice(life)
        ? wayBackPort(client.at, facts, path, (reply) => queuedAs(reply) === queueId)
        : servicePort(client.at);
    yield hop(
      { stage: back ? 'reinject' : 'receive', service: client.at.daemon || 'smtpd', port, queueId },
      client.at.time,
      end ?? client.at.time,
      failed ? 'failed' : 'ok',
      failed ? `${who}: ${why}` : who,
    );
  } else if (pickup !== undefined) {
    const detail =
      pickup.origQueueId === undefined ? `uid ${pickup.uid}` : `requeued from ${pickup.origQueueId}`;
    yield hop(
      { stage: 'receive', service: 'pickup', port: null, queueId },
      pickup.at.time,
      end ?? pickup.at.time,
      failed ? 'failed' : 'ok',
      why ?? detail,
    );
  } else if (life.messageId !== undefined) {
    const { at } = life.messageId;
    const back = chain.reinjected.has(queueId);
    const port = back ? wayBackPort(at, facts, path, (reply) => queuedAs(reply) === queueId) : null;
    yield hop(
      { stage: back ? 'reinject' : 'receive', service: 'cleanup', port, queueId },
      at.time,
      end,
      failed ? 'failed' : 'ok',
      why,
    );
  }
}

/** Refused while it came in. */
function neverQueued({ aborted, active, deliveries }: LifeFacts): boolean {
  return aborted !== undefined && active === undefined && deliveries.length === 0;
}

/**
 * Whether no line says that anything came after `client=`: the client went away, or handed it to sendmail -bs, whose
 * smtpd gives an id of its own that no other program ever writes.
 */
function isOnlyBegun(life: LifeFacts, { links }: Chain): boolean {
  const { queueId, messageId, aborted, removed } = life;
  const isTold = messageId !== undefined || aborted !== undefined || removed !== undefined;
  return !isTold && !isAccepted(life) && !links.some(({ to }) => to === queueId);
}

function queued(life: LifeFacts): Draft {
  const { queueId, active } = life;
  const first = life.deliveries[0];
  const from = active?.at.time ?? life.client?.at.time ?? life.first;
  const to = first === undefined ? (life.removed?.at.time ?? null) : Math.max(from, attemptStart(first));
  const state = stateWithout(life);
  const waiting = first === undefined && (state === 'queued' || state === 'held');
  const detail =
    state === 'held'
      ? 'held'
      : active === undefined
        ? null
        : `size ${active.size}, ${active.nrcpt} recipient${active.nrcpt === 1 ? '' : 's'}`;
  const outcome: Outcome =
    waiting || state === 'held' ? 'pending' : state === 'rejected' && first === undefined ? 'failed' : 'ok';
  return hop(
    { stage: 'queue', service: 'qmgr', port: null, queueId },
    from,
    waiting ? null : to,
    outcome,
    detail,
    first?.delays === undefined ? null : Math.round((first.delays[1] ?? 0) * 1000),
  );
}

function delivered(life: LifeFacts, facts: Facts, chain: Chain, path: MailPath, told: Set<string>): Draft[] {
  const groups = new Map<string, Draft>();
  for (const delivery of life.deliveries) {
    const filter = isFilterDelivery(delivery, facts.lives, path);
    const outcome = outcomeOf(delivery, filter);
    const endpoint = replyOf(delivery).endpoint;
    const run = filter ? runOf(delivery, life, facts, chain) : undefined;
    if (run !== undefined) told.add(run.amavisId);
    const amavisId = run?.amavisId ?? (filter ? (replyOf(delivery).amavisId ?? null) : null);
    const next = delivery.status === 'sent' ? replyOf(delivery).queuedAs : undefined;
    const key = `${filter} ${endpoint?.address}:${endpoint?.port} ${delivery.relay} ${outcome} ${amavisId} ${next ?? ''} ${outcome === 'ok' ? '' : generalized(delivery.response)}`;
    const group = groups.get(key);
    if (group !== undefined) {
      group.from = Math.min(group.from, attemptStart(delivery));
      group.to = Math.max(group.to ?? 0, delivery.at.time);
      group.attempts++;
      const took = attemptMs(delivery) ?? 0;
      if (group.durationMs === null || took > group.durationMs) {
        group.durationMs = took;
        group.delays = delivery.delays ?? null;
      }
      continue;
    }
    groups.set(key, {
      stage: filter ? 'filter' : 'deliver',
      service: delivery.at.daemon || null,
      port: endpoint?.port ?? handedOverAt(run) ?? null,
      queueId: life.queueId,
      amavisId,
      from: attemptStart(delivery),
      to: delivery.at.time,
      outcome,
      relay: delivery.relay,
      detail: delivery.response,
      attempts: 1,
      durationMs: attemptMs(delivery),
      delays: delivery.delays ?? null,
    });
  }
  return [...groups.values()];
}

function outcomeOf({ status, response }: DeliveryEvent, filter: boolean): Outcome {
  if (filter && blockedByFilter(response)) return 'blocked';
  if (status === 'sent' || status === 'deliverable') return 'ok';
  return status === 'deferred' ? 'deferred' : 'failed';
}

/** The run of amavis that a delivery line tells of. */
function runOf(delivery: DeliveryEvent, life: LifeFacts, facts: Facts, chain: Chain): RunFacts | undefined {
  const named = replyOf(delivery).amavisId;
  if (named !== undefined) return facts.runs.get(named);
  const next = delivery.status === 'sent' ? replyOf(delivery).queuedAs : undefined;
  if (next === undefined)
    return lostRun(delivery, life, facts, chain) ?? namelessRun(delivery, life, facts, chain);
  for (const run of facts.runs.values()) {
    if (chain.feeders.get(run.amavisId) === life.queueId && run.queuedAs.has(next)) return run;
  }
  return undefined;
}

/** The run that likely ended while it had the message, of the attempt that broke off then. */
function lostRun(
  delivery: DeliveryEvent,
  { queueId }: LifeFacts,
  { runs }: Facts,
  chain: Chain,
): RunFacts | undefined {
  for (const { from, to, via } of chain.links) {
    const run = from === queueId && via.includes('lost-reply') ? runs.get(to) : undefined;
    if (run === undefined || delivery.status !== 'deferred') continue;
    if (run.first >= attemptStart(delivery) - NEAR && run.first <= delivery.at.time + NEAR) return run;
  }
  return undefined;
}

/** The only run that was fed, where the MTA that it passed the message on to gave no queue id. */
function namelessRun(
  delivery: DeliveryEvent,
  { queueId }: LifeFacts,
  { runs }: Facts,
  { feeders }: Chain,
): RunFacts | undefined {
  if (delivery.status !== 'sent' || replyOf(delivery).fromMta === undefined) return undefined;
  let only: RunFacts | undefined;
  for (const run of runs.values()) {
    if (feeders.get(run.amavisId) !== queueId) continue;
    if (only !== undefined) return undefined;
    only = run;
  }
  return only;
}

/** amavis behind a milter (amavisd-milter speaks AM.PDP with it): asked while the message comes in, at no port. */
function isMilterRun({ verdicts }: RunFacts): boolean {
  return verdicts.some(
    ({ policy, actions }) =>
      policy?.includes('AM.PDP') || actions?.some((action) => action.startsWith('Accepted')),
  );
}

/** As with a feed's replies, what was blocked for some and passed for others makes two hops. */
function runHops(run: RunFacts, queueId: string | null, path: MailPath): Draft[] {
  const passed = run.verdicts.filter(
    ({ action, verdict }) => action === 'Passed' && verdict !== 'MTA-BLOCKED',
  );
  if (passed.length === 0 || passed.length === run.verdicts.length) return [runHop(run, queueId, path)];
  const others = run.verdicts.filter((verdict) => !passed.includes(verdict));
  return [others, passed].map((verdicts) => runHop({ ...run, verdicts }, queueId, path));
}

/** A run without a reply to Postfix: its own lines tell. */
function runHop(run: RunFacts, queueId: string | null, path: MailPath): Draft {
  if (run.release !== undefined) {
    return hop(
      { stage: 'receive', service: 'amavis', port: null, amavisId: run.amavisId },
      run.first,
      run.last,
      'ok',
      run.release.text,
    );
  }
  const verdict = run.verdicts[0];
  const last = verdict?.at.time ?? null;
  const took = verdict?.durationMs ?? run.timing?.totalMs;
  const begin = run.received?.at.time ?? run.checking?.at.time;
  const from = begin ?? (last !== null && took !== undefined ? startBefore(last, took * 1000) : run.first);
  const blocked = run.verdicts.some(({ action }) => action === 'Blocked');
  const outcome: Outcome =
    verdict === undefined
      ? 'pending'
      : !blocked
        ? 'ok'
        : verdict.verdict === 'MTA-BLOCKED'
          ? 'deferred'
          : 'blocked';
  const detail = verdict === undefined ? null : `${verdict.action} ${verdict.verdict}`;
  return hop(
    {
      stage: 'filter',
      service: 'amavis',
      port: isMilterRun(run) ? null : (handedOverAt(run) ?? path.filterPort),
      queueId,
      amavisId: run.amavisId,
    },
    from,
    last,
    outcome,
    detail,
    took ?? null,
  );
}

/** The port at which amavis says that it got the message: `[127.0.0.1]:10024`, `:10024`. */
function handedOverAt(run: RunFacts | undefined): number | undefined {
  const port = /:(\d{1,5})$/.exec(run?.received?.endpoint ?? '')?.[1];
  return port === undefined ? undefined : Number(port);
}

/** The port that a smtpd service's own syslog_name tells; 25 where it has none. */
function servicePort({ service, daemon }: Origin): number | null {
  if (service === '') return daemon === '' ? null : daemon === 'qmqpd' ? 628 : 25;
  const named = SERVICE_PORTS[service];
  if (named !== undefined) return named;
  const port = Number(service.slice(service.lastIndexOf(':') + 1));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
}

/** Whether amavis sent it out of its quarantine. */
function isReleased({ resentId }: LifeFacts, { runs }: Facts): boolean {
  const release = resentId === undefined ? undefined : releaseRun(resentId);
  return release !== undefined && runs.has(release);
}

/** Whether amavis wrote it: what it has to tell goes the way that it gives mail back. */
function isNotice({ client, messageId }: LifeFacts): boolean {
  return isNearby(client?.clientAddress ?? '') && noticeParent(messageId?.messageId ?? '') !== undefined;
}

/**
 * The port at which the filter gave mail back: as the reply that `isOwn` names it, or the service's own syslog_name, or
 * all replies to this message alike; null where none does.
 */
function wayBackPort(
  at: Origin,
  { lives, runs, proxies }: Facts,
  path: MailPath,
  isOwn: (reply: string) => boolean,
): number | null {
  const fed = [...lives.values()].flatMap(({ deliveries }) => deliveries);
  const forwards = [...runs.values()].flatMap((run) => run.forwards);
  const named = new Set<number>();
  const told = at.service === '' ? null : servicePort(at);
  for (const event of [...fed, ...forwards, ...proxies]) {
    const mta = fromMta(event.response);
    const port = mta === undefined ? null : (parseEndpoint(mta)?.port ?? null);
    // Another filter's reply, which doesn't say whence it has that.
    if (mta === undefined && event.kind === 'delivery' && isOwn(event.response)) return told;
    // By LMTP it goes into mailboxes; no smtpd listens there.
    if (port === null || mta?.startsWith('lmtp:')) continue;
    if (isOwn(event.response)) return port;
    // Another site's filter answers alike.
    if (event.kind !== 'delivery' || isFilterDelivery(event, lives, path)) named.add(port);
  }
  const [only = null, ...others] = named;
  return told ?? path.givenReinjectionPort ?? (others.length === 0 ? only : null);
}

/** Connection set-up and transmission. */
function attemptMs({ delays }: DeliveryEvent): number | null {
  return delays === undefined ? null : Math.round(((delays[2] ?? 0) + (delays[3] ?? 0)) * 1000);
}

/** When the attempt began: the line's time less connection set-up and transmission. */
function attemptStart({ at, delays }: DeliveryEvent): number {
  if (delays === undefined) return at.time;
  return startBefore(at.time, ((delays[2] ?? 0) + (delays[3] ?? 0)) * SECOND);
}

/** A time of whole seconds stays one: the log has no more. Rounded up, so that no hop begins before the one it follows. */
function startBefore(time: number, micros: number): number {
  const start = Math.round(time - micros);
  return time % SECOND === 0 ? Math.ceil(start / SECOND) * SECOND : start;
}

/** A failure's text without what differs from attempt to attempt. */
function generalized(response: string): string {
  return response.replace(/\bid=\d+-\d+(?:-\d+)*/g, 'id=').replace(/^delivery temporarily suspended: /, '');
}
