import { endpointName, isLoopback, replyOf } from '../../response.js';
import type { EventOf } from '../story.js';
import type { Condition, Finding } from './condition.js';

/** Where amavis listens when it was told nothing else. */
const USUAL: ReadonlySet<number> = new Set([10024]);
/** Ports of one service's family, by its own word: 10024 and 10026, but not 24 (a mailbox server's LMTP). */
const NEAR = 100;
/** Likewise where amavis did not say what it listens on (below log level 1): 10024 to 10032 are customary for filters. */
const NEAR_USUAL = 16;

/**
 * Postfix is refused at a port of this machine where amavis, by its own word on the same host, does not listen. Only
 * before the filter: behind it, a refusal on this machine is a mailbox server's or a relay's.
 */
export const wrongPort: Condition = (story): Finding | undefined => {
  const told = story.context.surroundings?.listeningPorts(story.trace.host);
  const ports = told === undefined || told.size === 0 ? undefined : told;
  const events: EventOf<'delivery'>[] = [];
  let filter = '';
  for (const event of story.of('delivery')) {
    if (event.status === 'sent' || !event.response.includes('Connection refused')) continue;
    if (story.cameBack(event.queueId) || story.trace.parent !== null) continue;
    const endpoint = replyOf(event).endpoint;
    if (endpoint?.port == null || !isLoopback(endpoint.address)) continue;
    const isWrong =
      ports === undefined
        ? !story.context.path.isFilter(endpoint) && isNearby(endpoint.port, USUAL, NEAR_USUAL)
        : !ports.has(endpoint.port) &&
          (story.context.path.isFilter(endpoint) || isNearby(endpoint.port, ports, NEAR));
    if (!isWrong) continue;
    events.push(event);
    filter = endpointName(endpoint);
  }
  if (events.length === 0) return undefined;
  if (ports === undefined) return { events, values: { filter } };
  const listening = `listens at ${[...ports].map((port) => `port ${port}`).join(', ')}`;
  return { events, values: { filter, listening } };
};

function isNearby(port: number, ports: ReadonlySet<number>, near: number): boolean {
  return [...ports].some((other) => Math.abs(other - port) < near);
}
