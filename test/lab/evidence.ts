/** What can be found of the messages outside the log: delivered copies, what next hops took, quarantine, queue. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Amavis, Quarantined } from './amavis.js';
import { homeOf, users } from './isolate.js';
import { tokenPattern } from './mail.js';
import type { Postfix, Queued } from './postfix.js';
import type { Sinks } from './sink.js';

/** A message that arrived somewhere. */
export interface Copy {
  readonly place: 'mailbox' | 'next hop';
  /** `~alice` for her mailbox and the addresses that Postfix wrote at delivery, or the recipients a next hop was given. */
  readonly recipients: readonly string[];
  /** Of whose message it is a copy; null for a bounce or notice. */
  readonly token: string | null;
  /** Of whose messages it tells: a bounce or notice quotes their headers. */
  readonly about: readonly string[];
  /** Ids in its own Received headers. */
  readonly ids: Ids;
  /** Ids in the Received headers that it quotes. */
  readonly quotedIds: Ids;
  readonly message: string;
}

interface Ids {
  readonly queueIds: readonly string[];
  readonly mailIds: readonly string[];
}

/** A message still in the queue, with what its headers say. */
interface Waiting extends Queued {
  readonly token: string | null;
  readonly about: readonly string[];
  readonly ids: Ids;
}

export interface Evidence {
  readonly copies: readonly Copy[];
  readonly quarantine: readonly (Quarantined & { readonly tokens: readonly string[]; readonly ids: Ids })[];
  readonly queue: readonly Waiting[];
}

/** Collects everything there is now. */
export async function collect(
  root: string,
  postfix: Postfix,
  amavis: Amavis,
  sinks: Sinks,
): Promise<Evidence> {
  const copies: Copy[] = [];
  for (const { path, user } of mailboxFiles(root)) {
    const message = readFileSync(path, 'latin1');
    const { head } = split(message);
    const addresses = [...values(head, 'X-Original-To'), ...values(head, 'Delivered-To')];
    copies.push(copyOf(message, 'mailbox', [`~${user}`, ...addresses]));
  }
  for (const taken of sinks.collect()) copies.push(copyOf(taken.message, 'next hop', taken.recipients));
  const quarantine = (await amavis.quarantine()).map((file) => ({
    ...file,
    tokens: tokensIn(file.message),
    ids: idsIn(split(file.message).head),
  }));
  const queue: Waiting[] = [];
  for (const queued of await postfix.queue()) {
    const headers = await postfix.headers(queued.queueId);
    const token = tokensIn(split(headers).head)[0] ?? null;
    const ids = idsIn(headers);
    queue.push({ ...queued, token, about: [], ids: { ...ids, queueIds: [...ids.queueIds, queued.queueId] } });
  }
  return { copies, quarantine, queue };
}

/** Takes away what earlier scenarios left in the mailboxes. */
export function emptyMailboxes(root: string): void {
  for (const { path } of mailboxFiles(root)) rmSync(path);
  for (const user of users) rmSync(join(homeOf(root, user), '.forward'), { force: true });
}

function mailboxFiles(root: string): { path: string; user: string }[] {
  const files: { path: string; user: string }[] = [];
  for (const user of users) {
    for (const folder of ['new', 'cur']) {
      const path = join(homeOf(root, user), 'Maildir', folder);
      if (existsSync(path)) {
        files.push(...readdirSync(path).map((name) => ({ path: join(path, name), user })));
      }
    }
  }
  return files;
}

function copyOf(message: string, place: Copy['place'], recipients: readonly string[]): Copy {
  const { own, quoted } = layers(message);
  const token = tokensIn(own)[0] ?? null;
  return {
    place,
    recipients: recipients.map((address) => address.toLowerCase()),
    token,
    about: token === null ? tokensIn(quoted) : [],
    ids: idsIn(own),
    quotedIds: token === null ? idsIn(quoted) : { queueIds: [], mailIds: [] },
    message,
  };
}

/**
 * What speaks of the message itself, and what it brings along of another. A bounce quotes the other's header in its
 * body; what amavis releases from the quarantine has it below the Resent- lines of its own (RFC 5322, 3.6.6).
 */
function layers(message: string): { own: string; quoted: string } {
  const { head, body } = split(message);
  const resent = head.lastIndexOf('\nResent-');
  return resent < 0
    ? { own: head, quoted: body }
    : { own: head.slice(0, resent), quoted: head.slice(resent) };
}

/** The header, unfolded, and the rest. */
function split(message: string): { head: string; body: string } {
  const text = message.replaceAll('\r\n', '\n');
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  return {
    head: `${head.replace(/\n[ \t]+/g, ' ')}\n`,
    body: end < 0 ? '' : text.slice(end).replace(/\n[ \t]+/g, ' '),
  };
}

function values(head: string, name: string): string[] {
  return head
    .split('\n')
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))
    .map((line) => line.slice(name.length + 2).trim());
}

function tokensIn(text: string): string[] {
  return [
    ...new Set([...text.matchAll(tokenPattern)].map(({ groups }) => groups?.token ?? groups?.probe ?? '')),
  ];
}

/** What the Received headers and a bounce's X-Postfix-Queue-ID name. */
function idsIn(text: string): Ids {
  const unfolded = text.replace(/\r?\n[ \t]+/g, ' ');
  const byPostfix = /by mail\.example\.com \(Postfix[^)]*\) (?:with \S+ )?id (?<id>[0-9A-Za-z]+)/g;
  const returned = /^X-Postfix-Queue-ID: (?<id>[0-9A-Za-z]+)/gm;
  const byAmavis = /\(amavis(?:d-new)?, port \d+\) with \S+ id (?<id>[A-Za-z0-9_+-]+)/g;
  const named = (pattern: RegExp) => [...unfolded.matchAll(pattern)].map((found) => found.groups?.id ?? '');
  return {
    // Received lines are written on top: reversed, the ids stand in the order that the message met them.
    queueIds: [...new Set([...named(byPostfix).reverse(), ...named(returned)])].filter(
      (id) => id !== 'NOQUEUE',
    ),
    mailIds: [...new Set(named(byAmavis).reverse())],
  };
}
