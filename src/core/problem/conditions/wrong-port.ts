import { isLoopback, replyOf } from '../../response.js';
import type { EventOf } from '../story.js';
import type { Condition, Finding } from './condition.js';

/**
 * Postfix is refused at a port of this machine where amavis, by its own word on the same host, does not listen. Only
 * before the filter: behind it, a refusal on this machine is a mailbox server's or a relay's.
 */
export const wrongPort: Condition = (story): Finding | undefined => {
  const ports = story.context.surroundings?.listeningPorts(story.trace.host);
  if (ports === undefined || ports.size === 0) return undefined;
  const events: EventOf<'delivery'>[] = [];
  for (const event of story.of('delivery')) {
    if (event.status === 'sent' || !event.response.includes('Connection refused')) continue;
    if (story.cameBack(event.queueId) || story.trace.parent !== null) continue;
    const endpoint = replyOf(event).endpoint;
    if (endpoint?.port == null || ports.has(endpoint.port) || !isLoopback(endpoint.address)) continue;
    if (story.context.path.isFilter(endpoint) || isNearby(endpoint.port, ports)) events.push(event);
  }
  if (events.length === 0) return undefined;
  return { events, values: { listening: [...ports].map((port) => `port ${port}`).join(', ') } };
};

/** Ports of one service's family: 10024 and 10026, but not 24 (a mailbox server's LMTP). */
function isNearby(port: number, ports: ReadonlySet<number>): boolean {
  return [...ports].some((other) => Math.abs(other - port) < 100);
}
