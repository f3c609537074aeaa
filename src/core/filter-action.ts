/**
 * Where an access map's or a header check's FILTER sends the message (access(5), header_checks(5)): its destination
 * overrides content_filter, so it is the message's filter whatever its port.
 */
import { addressKey } from './address-key.js';
import type { Event } from './event.js';
import { type Endpoint, isLoopback, parseEndpoint } from './response.js';

/** smtpd: `… triggers FILTER transport:[host]:port` (smtpd_check.c). */
const TRIGGERED = /triggers FILTER [\w.+-]+:(\S+)$/;
/** cleanup puts the destination last (cleanup_message.c). */
const LAST = /: [\w.+-]+:(\S+)$/;
const PLAIN = /^(?:inet:)?(127(?:\.\d{1,3}){3}|localhost):(\d{1,5})$/;

/**
 * The destination for the queue id's message, when it is on this machine: elsewhere it may as well be a relay. A line
 * without an id is of the message that the client sent next, unless it gave it up for another sender's.
 */
export function filterDestination(
  event: Event,
  queueId: string,
  sender: string | undefined,
): Endpoint | undefined {
  if (event.kind !== 'smtpd.action' && event.kind !== 'cleanup.action') return undefined;
  if (event.action !== 'filter' || (event.queueId ?? queueId) !== queueId) return undefined;
  const isOfOther = sender !== undefined && addressKey(event.sender ?? sender) !== addressKey(sender);
  if (event.queueId === undefined && isOfOther) return undefined;
  const named = (event.kind === 'smtpd.action' ? TRIGGERED : LAST).exec(event.text)?.[1];
  if (named === undefined) return undefined;
  const [, host, port] = PLAIN.exec(named) ?? [];
  const endpoint = port === undefined ? parseEndpoint(named) : { address: host ?? '', port: Number(port) };
  if (endpoint?.port == null || !isLoopback(endpoint.address)) return undefined;
  return endpoint.address === 'localhost' ? { ...endpoint, address: '127.0.0.1' } : endpoint;
}
