/**
 * What stands in the free text of replies and relays: the ids and endpoints that joining rests on.
 *
 * Replies come from amavis (Amavis/In/SMTP.pm, Amavis/Out/SMTP.pm) or from any MTA in the world, so each is asked
 * only for what it can say.
 */
import { isQueueId } from './queue-id.js';

const QUEUED = 'queued as ';
const QUEUED_AS = /\bqueued as ([0-9A-Za-z]{6,24})(?![0-9A-Za-z])/y;
const AMAVIS_ID = /\bid=(\d{2,}-\d{2,}(?:-\d+)*)(?!\d)/;
/** `, id=09245-01, from MTA: ` before amavis 2.3. */
const FROM_MTA = /\b[Ff]rom MTA\(([^()]{0,200})\)|, id=\d{2,}-[\d-]{1,20}, from MTA: /;
const FORWARDED_AS = /^forwarded as ([0-9A-Za-z]{6,24})$/;
const ENDPOINT = /\[([^[\]\s]{1,200})\](?::(\d{1,5}))?/;
/** A copy of a log with its addresses taken out. */
const HIDDEN_ENDPOINT = /^([\w.-]{1,255})\[\](?::(\d{1,5}))?/;
/** In replies and errors that have no port: `host H[A] said:`, `lost connection with H[A] while …`. */
const NAMED_HOST = /(?:^|\b(?:host|with|to|for|server|by) )[^\s[\]]{0,255}\[([^[\]\s]{1,200})\]/;
const CONNECT_TO = /\bconnect to ([^\s[]{0,255}\[[^[\]\s]{0,200}\](?::\d{1,5})?)/;
const BLOCKED_BY_FILTER =
  /\bOk, discarded\b|\bDISCARD\b|\bBOUNCE\b|\bDSN was sent\b|\bDSN suppressed|\bdiscarded, (?:id|UBE)\b|^host \S+ said: 5\d\d \S+ (?:Reject|Bounce), id=|^5\d\d \S+ (?:Reject|Bounce), id=/;

/** Up to the counts; anchored, so that a reply that repeats itself is looked through once. */
const PARTLY = /^.*, but (?=\d+ (?:REJECT|BOUNCE|DISCARD)\b)/;
const PASSED_ON = /\b[Ff]rom MTA\(/;
const KEPT = /\b(\d{1,6}) (?:REJECT|BOUNCE|DISCARD)\b/g;

/** The queue id that the other side gave, from `250 2.0.0 Ok: queued as Q`; the last when a reply quotes another. */
export function queuedAs(response: string): string | undefined {
  for (let at = response.lastIndexOf(QUEUED); at >= 0; at = response.lastIndexOf(QUEUED, at - 1)) {
    QUEUED_AS.lastIndex = at;
    const id = QUEUED_AS.exec(response)?.[1];
    if (id !== undefined) return isQueueId(id) ? id : undefined;
    if (at === 0) break;
  }
  return undefined;
}

/** The amavis id in a reply: `250 2.7.0 Ok, discarded, id=16956-02 - spam`. */
export function amavisIdIn(response: string): string | undefined {
  return response.includes('id=') ? AMAVIS_ID.exec(response)?.[1] : undefined;
}

/** The queue id that local(8) gave to what an alias or .forward sent on. */
function forwardedAs(response: string): string | undefined {
  if (!response.startsWith('forwarded as ')) return undefined;
  const id = FORWARDED_AS.exec(response)?.[1];
  return id !== undefined && isQueueId(id) ? id : undefined;
}

/** Whether amavis passes on what an MTA behind it answered, and which: `smtp:[127.0.0.1]:10025`, '' where not named. */
export function fromMta(response: string): string | undefined {
  if (!response.includes('rom MTA')) return undefined;
  const found = FROM_MTA.exec(response);
  return found === null ? undefined : (found[1] ?? '');
}

/** Whether a reply of the filter says that it kept, bounced or refused the message by its own verdict. */
export function blockedByFilter(response: string): boolean {
  return BLOCKED_BY_FILTER.test(response) && beforeCounts(response) === undefined;
}

/**
 * For how many recipients the filter kept, bounced or refused what it passed on for the others; 0 when it says nothing
 * of the kind. By SMTP there is one reply for all: `250 2.0.0 from MTA(…): … queued as Q, but 1 REJECT, and 2 DISCARD`
 * (Amavis/rfc2821_2822_Tools.pm, one_response_for_all).
 */
export function blockedInPart(response: string): number {
  const passed = beforeCounts(response);
  if (passed === undefined) return 0;
  let count = 0;
  for (const [, kept] of response.slice(passed.length).matchAll(KEPT)) count += Number(kept);
  return count;
}

/** What such a reply says of the recipients that it was passed on for. */
function beforeCounts(response: string): string | undefined {
  const passed = response.includes(', but ') ? PARTLY.exec(response)?.[0] : undefined;
  return passed !== undefined && PASSED_ON.test(passed) ? passed : undefined;
}

export interface Endpoint {
  /** IP address, host name or socket path. */
  readonly address: string;
  readonly port: number | null;
}

/** `127.0.0.1[127.0.0.1]:10024`, `[127.0.0.1]:10024`, `mail[private/x]`, `smtp:[::1]:10025`; undefined for `none`, `local` … */
export function parseEndpoint(text: string): Endpoint | undefined {
  const found = ENDPOINT.exec(text) ?? HIDDEN_ENDPOINT.exec(text);
  if (found?.[1] === undefined) return undefined;
  return { address: found[1], port: found[2] === undefined ? null : Number(found[2]) };
}

/** Where a delivery went or tried to go: its relay, or what its text says when the relay is `none`. */
function deliveryEndpoint(relay: string, response: string): Endpoint | undefined {
  if (relay !== 'none') return relay.includes('[') ? parseEndpoint(relay) : undefined;
  const named = CONNECT_TO.exec(response)?.[1];
  return named === undefined ? undefined : parseEndpoint(named);
}

/** The address of the host that a reply or an error names without a port. */
export function namedHost(response: string): string | undefined {
  return NAMED_HOST.exec(response)?.[1];
}

/** What a delivery line's relay and text say of the path. */
export interface Reply {
  /** Where it went or tried to go. */
  readonly endpoint: Endpoint | undefined;
  readonly queuedAs: string | undefined;
  readonly amavisId: string | undefined;
  readonly forwardedAs: string | undefined;
  readonly fromMta: string | undefined;
}

/** Read once and kept with the delivery, since joining, tracing and diagnosis all ask. */
export function replyOf(delivery: {
  readonly relay: string;
  readonly response: string;
  reply?: Reply;
}): Reply {
  const { relay, response } = delivery;
  delivery.reply ??= {
    endpoint: deliveryEndpoint(relay, response),
    queuedAs: queuedAs(response),
    amavisId: amavisIdIn(response),
    forwardedAs: forwardedAs(response),
    fromMta: fromMta(response),
  };
  return delivery.reply;
}

/** Whether an amavis on this machine, at whatever port, kept the message, refused it or put it off: it says its id. */
export function keptByLocalFilter(delivery: {
  readonly relay: string;
  readonly status: string;
  readonly response: string;
  reply?: Reply;
}): boolean {
  const { endpoint, amavisId } = replyOf(delivery);
  if (endpoint === undefined || amavisId === undefined || !isLoopback(endpoint.address)) return false;
  return delivery.status !== 'sent' || blockedByFilter(delivery.response);
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost' || address.includes('/');
}

/** `127.0.0.1:10024`; a socket's path as it is. */
export function endpointName(endpoint: Endpoint): string {
  if (endpoint.port === null) return endpoint.address;
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}
