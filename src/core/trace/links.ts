/** Which queue id led to which, and the lines that prove it. */
import type { MailPath } from '../path.js';
import { isQueueId } from '../queue-id.js';
import {
  type Endpoint,
  endpointName,
  isLoopback,
  keptByLocalFilter,
  namedHost,
  queuedAs,
  replyOf,
} from '../response.js';
import type { DeliveryEvent, Facts, LifeFacts, RunFacts } from './facts.js';
import type { Link } from './trace.js';

export interface Chain {
  /** Queue ids from the beginning of the path to its end. */
  readonly order: readonly string[];
  readonly links: readonly Link[];
  /** The life that fed each run of amavis, by amavis id. */
  readonly feeders: ReadonlyMap<string, string>;
  /** Lives that came out of the filter (or of a proxy before the queue). */
  readonly reinjected: ReadonlySet<string>;
}

/** Whether the delivery was an attempt to hand the message to the filter. */
export function isFilterDelivery(
  delivery: DeliveryEvent,
  lives: ReadonlyMap<string, LifeFacts>,
  path: MailPath,
): boolean {
  const { endpoint, queuedAs: next, fromMta } = replyOf(delivery);
  if (endpoint === undefined) return isPutOffFeed(delivery, lives, path);
  if (path.isFilter(endpoint)) return true;
  // A relay on this machine that gave the message back is a filter, whatever its port.
  if (!isLoopback(endpoint.address) || path.isReinjection(endpoint)) return false;
  if (keptByLocalFilter(delivery) || isNamedFilter(delivery, endpoint, lives)) return true;
  const given = next === undefined ? undefined : lives.get(next);
  return given !== undefined && (fromMta !== undefined || isGivenBack(lives.get(delivery.queueId), given));
}

/** Whether it was not tried (`delivery temporarily suspended: …`) for a host that has this message's filter. */
function isPutOffFeed(
  { queueId, status, relay, response }: DeliveryEvent,
  lives: ReadonlyMap<string, LifeFacts>,
  path: MailPath,
): boolean {
  const host = status === 'sent' || relay !== 'none' ? undefined : namedHost(response);
  if (host === undefined) return false;
  const tried = lives.get(queueId)?.deliveries.find((other) => replyOf(other).endpoint?.address === host);
  return tried !== undefined && path.isFilter(replyOf(tried).endpoint);
}

/**
 * Whether what one queue manager gave to a relay on this machine came in again at the same one: the relay is a proxy
 * (DKIMproxy, clamsmtp), which passes on the way back's reply as it is. Another instance has a queue manager of its own.
 */
function isGivenBack(fed: LifeFacts | undefined, { client, active }: LifeFacts): boolean {
  const before = fed?.active?.at;
  if (client === undefined || active === undefined || before === undefined || before.pid === 0) return false;
  return active.at.pid === before.pid && active.at.host === before.host;
}

/** Whether a FILTER sent the message there, in vain: what was taken tells by its reply whether it is a filter. */
function isNamedFilter(
  { queueId, status }: DeliveryEvent,
  endpoint: Endpoint,
  lives: ReadonlyMap<string, LifeFacts>,
): boolean {
  return status !== 'sent' && lives.get(queueId)?.filters.has(endpointName(endpoint)) === true;
}

export function chainOf(facts: Facts, path: MailPath, likely: readonly Link[]): Chain {
  const { lives, runs, proxies } = facts;
  const edges = new Map<string, { from: string; to: string; via: string[] }>();
  const feeders = new Map<string, string>();
  const reinjected = new Set<string>();
  const add = (from: string, to: string, via: string): void => {
    if (from === to) return;
    const key = `${from}>${to}`;
    const edge = edges.get(key);
    if (edge === undefined) edges.set(key, { from, to, via: [via] });
    else if (!edge.via.includes(via)) edge.via.push(via);
  };

  for (const life of lives.values()) {
    for (const delivery of life.deliveries) {
      const { forwardedAs: forwarded, amavisId, queuedAs: queued } = replyOf(delivery);
      if (forwarded !== undefined) add(life.queueId, forwarded, 'forwarded-as');
      const filter = isFilterDelivery(delivery, lives, path);
      const next = delivery.status === 'sent' ? queued : undefined;
      if (next !== undefined && (lives.has(next) || filter)) {
        add(life.queueId, next, 'delivery-reply');
        if (filter) reinjected.add(next);
      }
      if (amavisId !== undefined && runs.has(amavisId)) feeders.set(amavisId, life.queueId);
    }
    const before = life.client?.origQueueId;
    if (before !== undefined && before !== life.queueId) reinjected.add(life.queueId);
    if (life.pickup?.origQueueId !== undefined) add(life.pickup.origQueueId, life.queueId, 'orig_id');
  }
  for (const { to, via } of likely) if (!via.includes('pipe') && !runs.has(to)) reinjected.add(to);
  for (const run of runs.values()) {
    const feeder = feederOf(run, facts, edges) ?? feeders.get(run.amavisId);
    const guess =
      feeder === undefined
        ? likely.find(({ to }) => to === run.amavisId || run.queuedAs.has(to))?.from
        : undefined;
    if (guess !== undefined) {
      feeders.set(run.amavisId, guess);
      for (const id of run.queuedAs) reinjected.add(id);
      continue;
    }
    if (feeder !== undefined) feeders.set(run.amavisId, feeder);
    const outs = [...run.queuedAs].filter((id) => isQueueId(id));
    for (const id of outs) {
      reinjected.add(id);
      const from = feeder ?? run.amavisId;
      if (feeder !== undefined && feeder === run.queueId) add(from, id, 'Queue-ID');
      for (const via of proofs(run, id)) add(from, id, via);
    }
    if (outs.length === 0 && feeder !== undefined) {
      add(feeder, run.amavisId, feeder === run.queueId ? 'Queue-ID' : 'delivery-reply');
    }
  }
  for (const proxy of proxies) {
    const next = proxy.outcome === 'accept' ? (proxy.queuedAs ?? queuedAs(proxy.response)) : undefined;
    if (next === undefined) continue;
    reinjected.add(next);
    const run = [...runs.values()].find(({ queuedAs: ids }) => ids.has(next));
    if (run !== undefined) add(run.amavisId, next, 'proxy-reply');
  }
  // orig_queue_id names the chain's first id: an edge only where nothing closer is known.
  for (const life of lives.values()) {
    const origin = life.client?.origQueueId;
    if (origin === undefined || !lives.has(origin)) continue;
    const into = [...edges.values()].filter(({ to }) => to === life.queueId);
    if (into.length === 0 || into.some(({ from }) => from === origin))
      add(origin, life.queueId, 'orig_queue_id');
  }
  const links: Link[] = [];
  for (const { from, to, via } of edges.values()) links.push({ from, to, via, confidence: 'certain' });
  // In the order of their ids: they were found in no order that means anything.
  for (const link of [...likely].sort((a, b) => (a.to < b.to ? -1 : 1)))
    if (!edges.has(`${link.from}>${link.to}`)) links.push(link);
  return { order: pathOrder(facts, links), links, feeders, reinjected };
}

/** The life whose reply a run gave: by the id that both name, else by `Queue-ID:`, the id before any requeue. */
function feederOf(
  run: RunFacts,
  facts: Facts,
  edges: ReadonlyMap<string, { from: string; to: string }>,
): string | undefined {
  for (const { from, to } of edges.values()) if (run.queuedAs.has(to) && facts.lives.has(from)) return from;
  if (run.queueId === null) return undefined;
  // Requeued: the id that amavis was told is the old one; the new one fed it.
  let feeder = run.queueId;
  for (let i = 0; i < 50; i++) {
    const next = [...facts.lives.values()].find(
      (life) => life.pickup?.origQueueId === feeder && life.first <= run.last,
    );
    if (next === undefined) break;
    feeder = next.queueId;
  }
  return feeder;
}

function proofs(run: RunFacts, id: string): string[] {
  const found: string[] = [];
  if (run.verdicts.some((verdict) => verdict.queuedAs?.includes(id))) found.push('queued_as');
  if (run.forwards.some((forward) => forward.queuedAs === id)) found.push('FWD');
  return found.length > 0 ? found : ['queued_as'];
}

/** Every queue id that the lines name as this message's, earlier ones first. */
function pathOrder({ lives, runs }: Facts, links: readonly Link[]): string[] {
  const ids = new Map<string, number>();
  for (const life of lives.values()) ids.set(life.queueId, life.client?.at.time ?? life.first);
  for (const { from, to } of links) {
    for (const id of [from, to]) {
      if (!ids.has(id) && isQueueId(id) && !runs.has(id)) ids.set(id, Number.POSITIVE_INFINITY);
    }
  }
  for (const run of runs.values()) {
    if (run.queueId !== null && isQueueId(run.queueId) && !ids.has(run.queueId))
      ids.set(run.queueId, run.first);
  }
  const byTime = [...ids.keys()].sort((a, b) => (ids.get(a) ?? 0) - (ids.get(b) ?? 0) || (a < b ? -1 : 1));
  const order: string[] = [];
  const visiting = new Set<string>();
  const visit = (id: string): void => {
    if (visiting.has(id)) return;
    visiting.add(id);
    for (const { from, to } of links) if (to === id && ids.has(from)) visit(from);
    order.push(id);
  };
  for (const id of byTime) visit(id);
  return order;
}
