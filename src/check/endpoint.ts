import { isIP, isIPv4 } from 'node:net';

/** Where something listens or connects to. */
export type Endpoint =
  | {
      readonly kind: 'inet';
      /** Without brackets; '' where only a port is named. */
      readonly host: string;
      readonly bracketed: boolean;
      readonly port: number;
    }
  | { readonly kind: 'unix'; readonly path: string };

export type InetEndpoint = Extract<Endpoint, { kind: 'inet' }>;

/** The services that mail programs are configured with by name (/etc/services). */
const PORTS: ReadonlyMap<string, number> = new Map(
  Object.entries({ smtp: 25, lmtp: 24, submission: 587, submissions: 465, smtps: 465, urd: 465, qmqp: 628 }),
);

/** A port by number or well-known name. */
export function portOf(text: string): number | undefined {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 65_535 ? Number(text) : undefined;
  return PORTS.get(text);
}

/**
 * A Postfix next hop: `[127.0.0.1]:10024`, `localhost:10024`, `inet:[::1]:10024`, `unix:/path`. Without a port it is
 * `defaultPort`. undefined where it is nothing of the kind.
 */
export function parseEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  if (text.startsWith('unix:')) return { kind: 'unix', path: text.slice(5) };
  const rest = text.replace(/^inet6?:/, '');
  const match = /^(?:\[(?<literal>[^\]]*)\]|(?<name>[^:[\]\s]*))(?::(?<port>\w[\w-]*))?$/.exec(rest);
  const { literal, name = '', port } = match?.groups ?? {};
  if (match === null || (literal === undefined && name === '')) return undefined;
  const number = port === undefined ? defaultPort : portOf(port);
  if (number === undefined) return undefined;
  const host = (literal ?? name).replace(/^ipv6:/i, '');
  return { kind: 'inet', host, bracketed: literal !== undefined, port: number };
}

/** 127.0.0.0/8, ::1 or the name localhost. */
export function isLoopback(host: string): boolean {
  return isIPv4(host) ? host.startsWith('127.') : host === '::1' || host.toLowerCase() === 'localhost';
}

/** `*`, 0.0.0.0, :: and no host at all: every address of the machine. */
export function isEveryAddress(host: string): boolean {
  return host === '' || host === '*' || host === '0.0.0.0' || host === '::';
}

/** Whether something that is bound to `bound` is reached at `target`. `localhost` may be either loopback address. */
export function reaches(bound: string, target: string): boolean {
  if (isEveryAddress(bound) || bound === target) return true;
  const either = (host: string): boolean => host.toLowerCase() === 'localhost';
  return (either(bound) && isLoopback(target)) || (either(target) && isLoopback(bound));
}

export function showEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`;
  const host = endpoint.bracketed || isIP(endpoint.host) === 6 ? `[${endpoint.host}]` : endpoint.host;
  return host === '' ? String(endpoint.port) : `${host}:${endpoint.port}`;
}
