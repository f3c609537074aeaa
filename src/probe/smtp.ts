import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { type InetEndpoint, isLoopback } from '../check/endpoint.js';

export type Protocol = 'SMTP' | 'LMTP';

/** What a server said of itself before any mail. */
export interface Hello {
  readonly protocol: Protocol;
  /** The greeting without its 220. */
  readonly greeting: string;
  /** One a capability, as written: `SIZE 40960000`, `XFORWARD NAME ADDR`. Empty when the server knows HELO only. */
  readonly capabilities: readonly string[];
}

/** Why a conversation failed. */
export interface Failure {
  readonly kind: 'refused' | 'unreachable' | 'silent' | 'closed' | 'rejected' | 'protocol';
  /** What came, in words; with the server's reply where there was one. */
  readonly text: string;
  /** The server's own words, if it said any that explain it. */
  readonly reply: string | null;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export interface Envelope {
  /** '' is the null sender. */
  readonly from: string;
  readonly to: string;
}

/**
 * Greets a server and takes leave again. An LMTP server is known by its greeting, or by its refusal of EHLO and HELO;
 * then LHLO is tried.
 * @param limitMs for each of the two conversations.
 */
export async function hello(target: InetEndpoint, limitMs: number): Promise<Outcome<Hello>> {
  const first = await helloBy('SMTP', target, limitMs);
  const asksForLhlo = !first.ok && first.failure.kind === 'protocol';
  const greetsAsLmtp =
    first.ok && /\bLMTP\b/.test(first.value.greeting) && !/\bE?SMTP\b/.test(first.value.greeting);
  if (!asksForLhlo && !greetsAsLmtp) return first;
  const second = await helloBy('LMTP', target, limitMs);
  return second.ok || !first.ok ? second : first;
}

async function helloBy(protocol: Protocol, target: InetEndpoint, limitMs: number): Promise<Outcome<Hello>> {
  const talk = converse(protocol, target, limitMs, (_, done) => done(null));
  const { error, said } = await talk;
  if (error !== null) return { ok: false, failure: explain(error, said, limitMs) };
  const [greeting = '', helloReply = ''] = [said[0], said.findLast((reply) => reply.startsWith('250'))];
  const capabilities = helloReply.split(/\r?\n/).slice(1);
  return {
    ok: true,
    value: {
      protocol,
      greeting: plain(greeting),
      capabilities: capabilities.map((line) => plain(line)).filter((line) => line !== ''),
    },
  };
}

/** Hands one message over and returns the reply to its end: `250 2.0.0 from MTA(…): 250 2.0.0 Ok: queued as …`. */
export async function deliver(
  target: InetEndpoint,
  protocol: Protocol,
  envelope: Envelope,
  message: string,
  limitMs: number,
): Promise<Outcome<string>> {
  let reply = '';
  const { error, said } = await converse(protocol, target, limitMs, (connection, done) => {
    connection.send({ from: envelope.from, to: [envelope.to] }, message, (failed, info) => {
      reply = info?.response ?? '';
      done(failed);
    });
  });
  return error === null ? { ok: true, value: reply } : { ok: false, failure: explain(error, said, limitMs) };
}

interface Conversation {
  readonly error: Error | null;
  /** Every reply of the server, whole, in order. */
  readonly said: readonly string[];
}

/** Connects, says hello, does `work`, and says QUIT. Ends within `limitMs`, whatever the server does. */
function converse(
  protocol: Protocol,
  target: InetEndpoint,
  limitMs: number,
  work: (connection: SMTPConnection, done: (error: Error | null) => void) => void,
): Promise<Conversation> {
  const said: string[] = [];
  const ignore = (): void => {};
  const listen = (entry: { tnx?: string }, text: unknown): void => {
    if (entry.tnx === 'server') said.push(String(text));
  };
  const connection = new SMTPConnection({
    host: target.host,
    port: target.port,
    name: 'localhost',
    lmtp: protocol === 'LMTP',
    // A test of the port, not of its certificate; on the way to and from amavis there is none as a rule.
    ignoreTLS: true,
    connectionTimeout: limitMs,
    greetingTimeout: limitMs,
    socketTimeout: limitMs,
    socketCloseTimeout: 1000,
    maxResponseSize: 64 * 1024,
    allowInternalNetworkInterfaces: isLoopback(target.host),
    transactionLog: true,
    logger: { debug: listen, trace: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore },
  });
  return new Promise((resolve) => {
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      if (error === null) connection.quit();
      else connection.close();
      resolve({ error, said });
    };
    const timer = setTimeout(() => settle(new Error('ETIMEDOUT')), limitMs);
    // Stays on: what comes after the end (a reset during QUIT) is no news.
    connection.on('error', settle);
    connection.connect((error) => {
      if (error) settle(error);
      else work(connection, settle);
    });
  });
}

function explain(error: Error, said: readonly string[], limitMs: number): Failure {
  const { message } = error;
  const code = 'code' in error ? String(error.code) : '';
  const response = 'response' in error && typeof error.response === 'string' ? error.response : null;
  const last = response ?? said.at(-1) ?? null;
  const stage = said.length === 0 ? 'before the greeting' : `after "${plainLine(said.at(-1) ?? '')}"`;
  if (/ECONNREFUSED/.test(message)) return { kind: 'refused', text: 'connection refused', reply: null };
  if (/E(?:HOST|NET)UNREACH|EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN/.test(message) || code === 'EDNS') {
    return { kind: 'unreachable', text: message, reply: null };
  }
  if (code === 'ETIMEDOUT' || message === 'ETIMEDOUT') {
    return { kind: 'silent', text: `no answer within ${limitMs / 1000} s, ${stage}`, reply: null };
  }
  if (response !== null && code === 'EPROTOCOL' && !/^[45]/.test(said[0] ?? '')) {
    return { kind: 'protocol', text: `hello refused: ${plainLine(response)}`, reply: response };
  }
  if (response !== null || /^[45]\d\d/.test(last ?? '')) {
    const words = plainLine(last ?? '');
    return { kind: 'rejected', text: said.length <= 1 ? `greeted with ${words}` : words, reply: last };
  }
  if (/closed|ECONNRESET|EPIPE/i.test(message))
    return { kind: 'closed', text: `connection closed ${stage}`, reply: null };
  return { kind: 'protocol', text: message, reply: last };
}

/** A reply line without its code. */
function plain(line: string): string {
  return line.replace(/^\d{3}[ -]?/, '').trim();
}

function plainLine(reply: string): string {
  return reply.split(/\r?\n/).join(' ').trim();
}
