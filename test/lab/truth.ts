/** Lays the evidence beside what a scenario says must happen: only what both say is the truth. */
import type { RecipientState } from '../../src/core/trace/trace.js';
import type { Copy, Evidence } from './evidence.js';
import type { Expected, ExpectedMessage } from './expected.js';
import type { Sent } from './send.js';

/** What a scenario says must become of a message. */
export interface Outcome {
  /** One state for all recipients, or one for each. */
  readonly recipients: RecipientState | Readonly<Record<string, RecipientState>>;
  /** Bounces and notices about it that must be delivered; none unless told. */
  readonly children?: number;
  /** See ExpectedMessage; none unless told. */
  readonly problems?: readonly string[] | null;
  /** Queue ids that no header can tell, such as the one before `postsuper -r`. */
  readonly formerIds?: readonly string[];
  /** Where an alias or .forward makes the mail land: `~user` or a next hop's addresses, by recipient. */
  readonly lands?: Readonly<Record<string, readonly string[]>>;
}

export interface Story {
  readonly sent: Sent;
  readonly outcome: Outcome;
}

/** The truth, and the lab's own faults: where the programs did something else than the scenario was made for. */
export function establish(
  scenario: string,
  note: string,
  stories: readonly Story[],
  evidence: Evidence,
): { expected: Expected; faults: readonly string[] } {
  const faults: string[] = [];
  const messages = stories.map((story) => message(story, evidence, faults));
  const notices = evidence.copies
    .filter(({ token, about }) => token === null && about.length === 0)
    .flatMap(({ ids }) => ids.queueIds);
  return { expected: { scenario, note, notices, messages }, faults };
}

function message({ sent, outcome }: Story, evidence: Evidence, faults: string[]): ExpectedMessage {
  const { token } = sent;
  const copies = evidence.copies.filter((copy) => copy.token === token);
  const children = evidence.copies.filter((copy) => copy.about.includes(token));
  const waiting = evidence.queue.filter(
    (queued) => queued.token === token || queued.queueId === sent.queueId,
  );
  const quarantine = evidence.quarantine.filter((file) => file.tokens.includes(token));
  // A notice about several messages quotes them all: whose the quoted ids are can't be told.
  const quoted = children.filter((child) => child.about.length === 1).map((child) => child.quotedIds);
  const seen = [...[...copies, ...waiting, ...quarantine].map(({ ids }) => ids), ...quoted];
  const recipients: Record<string, RecipientState> = {};
  for (const recipient of sent.recipients) {
    const state = typeof outcome.recipients === 'string' ? outcome.recipients : outcome.recipients[recipient];
    if (state === undefined) throw new Error(`the scenario does not say what becomes of ${recipient}`);
    recipients[recipient] = state;
    const places = outcome.lands?.[recipient] ?? [recipient];
    const proof: Proof = {
      sent,
      recipient,
      places,
      copies,
      children,
      evidence,
      quarantined: quarantine.length > 0,
    };
    const fault = disproved(state, proof);
    if (fault !== null) faults.push(`${token} <${recipient}> should be ${state}: ${fault}`);
  }
  const wanted = outcome.children ?? 0;
  if (children.length !== wanted) {
    faults.push(`${token} should have ${wanted} bounces or notices, found ${children.length}`);
  }
  const own = [sent.queueId, ...(outcome.formerIds ?? []), ...seen.flatMap(({ queueIds }) => queueIds)];
  return {
    queue_id: sent.queueId ?? seen.flatMap(({ queueIds }) => queueIds)[0] ?? null,
    token,
    message_id: sent.messageId,
    sender: sent.sender,
    queue_ids: [...new Set(own.filter((id) => id !== null))],
    mail_ids: [
      ...new Set([...seen.flatMap(({ mailIds }) => mailIds), ...quarantine.map(({ mailId }) => mailId)]),
    ],
    recipients,
    children: children.length,
    child_queue_ids: [...new Set(children.flatMap((child) => child.ids.queueIds))],
    verdicts: Object.fromEntries(quarantine.map(({ mailId, kind }) => [mailId, verdicts[kind] ?? kind])),
    problems: outcome.problems === undefined ? [] : outcome.problems,
  };
}

const verdicts: Readonly<Record<string, string>> = {
  VIRUS: 'INFECTED',
  BADH: 'BAD-HEADER',
};

interface Proof {
  readonly sent: Sent;
  readonly recipient: string;
  readonly places: readonly string[];
  readonly copies: readonly Copy[];
  readonly children: readonly Copy[];
  readonly evidence: Evidence;
  readonly quarantined: boolean;
}

/** Null when the evidence bears the state out, else what speaks against it. */
function disproved(state: RecipientState, proof: Proof): string | null {
  const { sent, recipient, places, copies, children, evidence, quarantined } = proof;
  const arrived = places.filter((place) => copies.some((copy) => copy.recipients.includes(place)));
  const waits = evidence.queue.filter(
    (queued) =>
      (queued.token === sent.token || queued.queueId === sent.queueId) &&
      queued.recipients.some(({ address }) => address === recipient || places.includes(address)),
  );
  const queues = waits.map(({ queue }) => queue);
  const returned = children.some((child) => names(child, recipient));
  switch (state) {
    case 'delivered':
    case 'relayed': {
      const place = state === 'delivered' ? 'mailbox' : 'next hop';
      const missing = places.filter(
        (address) => !copies.some((copy) => copy.place === place && copy.recipients.includes(address)),
      );
      return missing.length > 0
        ? `no copy in the ${place} of ${missing.join(', ')} but ${list(copies)}`
        : null;
    }
    case 'deferred':
      return queues.includes('deferred') ? null : `in no deferred queue but [${queues.join()}]`;
    case 'held':
      return queues.includes('hold') ? null : `not in the hold queue but [${queues.join()}]`;
    case 'bounced':
    case 'expired':
      if (arrived.length > 0 || queues.length > 0) return 'it arrived or still waits';
      return returned ? null : 'no non-delivery notification names it';
    case 'rejected':
      return sent.refused[recipient] !== undefined || refused(sent) ? null : 'it was not refused';
    case 'blocked':
      if (arrived.length > 0 || queues.length > 0) return 'it arrived or still waits';
      return quarantined || returned || refused(sent)
        ? null
        : 'no quarantine file, notification or refusal tells so';
    case 'deleted':
      return arrived.length > 0 || queues.length > 0 ? 'it arrived or still waits' : null;
    case 'filtering':
    case 'queued':
      return queues.includes('active') || queues.includes('incoming')
        ? null
        : `in no active queue but [${queues.join()}]`;
  }
}

function list(copies: readonly Copy[]): string {
  return `[${copies.map(({ place, recipients }) => `${place}: ${recipients.join(' ')}`).join('; ')}]`;
}

function refused(sent: Sent): boolean {
  return sent.reply !== null && !sent.reply.startsWith('2');
}

/** Whether a delivery status notification names the recipient (RFC 3464). */
function names(child: Copy, recipient: string): boolean {
  const named = /^(?:Final|Original)-Recipient: rfc822; ?(?<address>.+)$/gim;
  return [...child.message.matchAll(named)].some(
    (found) => found.groups?.address?.trim().toLowerCase() === recipient.toLowerCase(),
  );
}
