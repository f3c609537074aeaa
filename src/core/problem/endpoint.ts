/** Endpoints as problem texts show them. */
import type { Event } from '../event.js';
import { type Endpoint, endpointName, fromMta, parseEndpoint, replyOf } from '../response.js';
import type { Definition } from './entry.js';

const PLAIN = /^(?:(\S{1,255}):)?(\d{1,5})$/;

/** `[127.0.0.1]:10025`, `smtp:[::1]:10025`, and master(8)'s own `127.0.0.1:10025` or `10025`. */
export function readEndpoint(text: string): Endpoint | undefined {
  const bracketed = parseEndpoint(text);
  if (bracketed !== undefined) return bracketed;
  const plain = PLAIN.exec(text);
  if (plain === null) return undefined;
  return { address: plain[1] ?? '127.0.0.1', port: Number(plain[2]) };
}

/** The endpoint that an expression's groups took: `endpoint`, or `host` and `port`. */
export function namedEndpoint(groups: Readonly<Record<string, string>>): Endpoint | undefined {
  const { endpoint, host, port } = groups;
  if (endpoint !== undefined) return readEndpoint(endpoint);
  return host === undefined || port === undefined ? undefined : readEndpoint(`[${host}]:${port}`);
}

/** Where an attempt went, whether it got there or not. */
export function attemptedEndpoint(event: Event): Endpoint | undefined {
  if (event.kind === 'connect.failed') return readEndpoint(event.endpoint);
  return event.kind === 'delivery' ? replyOf(event).endpoint : undefined;
}

/** An endpoint's parts for the placeholders of texts: `filter`, `filterHost`, `filterPort`. */
export function namesOf(name: 'filter' | 'endpoint', endpoint: Endpoint): Readonly<Record<string, string>> {
  const names = { [name]: endpointName(endpoint), [`${name}Host`]: endpoint.address };
  return endpoint.port === null ? names : { ...names, [`${name}Port`]: String(endpoint.port) };
}

/** The port of the way back as the line of a problem there names it; {} where it does not. */
export function wayBackNames(
  { stage }: Definition,
  event: Event,
  groups: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (stage !== 'reinject') return {};
  const reply = event.kind === 'delivery' || event.kind === 'amavis.forward' ? event.response : '';
  const port = (namedEndpoint(groups) ?? readEndpoint(fromMta(reply) ?? ''))?.port ?? null;
  return port === null ? {} : { reinjectPort: String(port) };
}
