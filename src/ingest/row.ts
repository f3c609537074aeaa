/** A message as the store keeps it: its row, and what it is found by. */
import { noticeParent, releaseRun } from '../core/join/notice.js';
import { amavisKey, childKey, mailKey, messageKey, noticeKey, queueKey } from '../core/keys.js';
import type { CaseFacts } from '../core/trace/facts.js';
import type { Summary } from '../core/trace/summary.js';
import type { RowContent } from '../store/batch.js';
import { hashKey } from '../store/hash.js';
import type { Place } from '../store/segment.js';
import { extraOf } from './stored-case.js';

/** What has the ids of a message. */
interface Filed extends CaseFacts {
  readonly anonymous: readonly string[];
  readonly lives: readonly { readonly queueId: string }[];
  readonly runs: readonly { readonly amavisId: string; readonly mailId: string | null }[];
}

/** Hashes of the keys that the trace is filed under, each once. */
export function keysOf({ anonymous, lives, runs, children, parent, events }: Filed): number[] {
  const hashes: number[] = [];
  const add = (key: string): void => {
    const hash = hashKey(key);
    if (!hashes.includes(hash)) hashes.push(hash);
  };
  for (const key of anonymous) add(key);
  for (const { queueId } of lives) add(queueKey(queueId));
  for (const { amavisId, mailId } of runs) {
    add(amavisKey(amavisId));
    if (mailId !== null) add(mailKey(mailId));
  }
  for (const { queueId } of children) add(childKey(queueId));
  if (parent?.kind === 'release') add(noticeKey(parent.id));
  let messageId = '';
  for (const event of events) {
    if (event.kind !== 'cleanup.message-id' && event.kind !== 'amavis.verdict') continue;
    if (event.messageId === undefined || event.messageId === '' || event.messageId === messageId) continue;
    messageId = event.messageId;
    add(messageKey(messageId));
    if (event.kind !== 'cleanup.message-id') continue;
    const release = event.resent === true ? releaseRun(messageId) : undefined;
    if (release !== undefined) add(amavisKey(release));
    const notified = noticeParent(messageId);
    if (notified !== undefined) add(noticeKey(notified));
  }
  return hashes;
}

/** What its row says, as JSON. */
export function rowOf(
  which: CaseFacts,
  summary: Summary,
  problems: string,
  place: Place | undefined,
): string {
  const { host, first, last, state, open, complete, sender } = summary;
  const content: RowContent = {
    host,
    first,
    last,
    state,
    open: open ? 1 : 0,
    complete: complete ? 1 : 0,
    verdicts: verdictsOf(summary),
    problems,
    sender,
    recipients: addressesOf(summary),
    client: clientOf(summary),
    filterMs: filterTimeOf(summary),
    extra: extraOf(which),
    start: place?.start ?? null,
    length: place?.length ?? null,
  };
  return JSON.stringify(content);
}

function verdictsOf({ filter }: Summary): string {
  const [only, ...others] = filter;
  if (others.length === 0) return only?.verdict ?? '';
  return [...new Set(filter.map(({ verdict }) => verdict))].join(' ');
}

function addressesOf({ recipients }: Summary): string {
  const [only, ...others] = recipients;
  if (only === undefined) return '';
  if (others.length === 0 && only.originalTo === null) return only.address.toLowerCase();
  const addresses = new Set<string>();
  for (const { address, originalTo } of recipients) {
    addresses.add(address.toLowerCase());
    if (originalTo !== null) addresses.add(originalTo.toLowerCase());
  }
  return [...addresses].join('\n');
}

function clientOf({ client }: Summary): string | null {
  if (client === null) return null;
  const { address, name } = client;
  const text = address === null || name === null ? (address ?? name ?? '') : `${address}\n${name}`;
  return text.toLowerCase();
}

/** Milliseconds of the longest run; null where none tells. */
function filterTimeOf({ filter }: Summary): number | null {
  let longest: number | null = null;
  for (const { durationMs } of filter) {
    if (durationMs !== null && (longest === null || durationMs > longest)) longest = durationMs;
  }
  return longest;
}
