/**
 * One message as its lines tell it: the facts, the chain and what became of the recipients. The trace that users see
 * and the row that the store keeps are both made from this.
 */
import type { Event } from '../event.js';
import type { MailPath } from '../path.js';
import {
  type CaseFacts,
  type Facts,
  gatherFacts,
  isFailedRelease,
  isOwnMail,
  type LifeFacts,
} from './facts.js';
import { type Chain, chainOf } from './links.js';
import { isAccepted, isOpen, type RecipientFacts, recipientsOf, stateWithout } from './recipients.js';
import type { TraceState } from './trace.js';

export interface View {
  readonly case: CaseFacts;
  readonly facts: Facts;
  readonly chain: Chain;
  readonly recipients: readonly RecipientFacts[];
  /** The life that the message came in by; undefined when only amavis or a refusal is known. */
  readonly root: LifeFacts | undefined;
  readonly host: string;
  readonly first: number;
  readonly last: number;
  readonly state: TraceState | null;
  /** Whether anything may still happen to it. */
  readonly open: boolean;
  readonly complete: boolean;
}

/** Which of several open states speaks for the whole message. */
const WORST: readonly TraceState[] = ['deferred', 'held', 'filtering', 'queued'];

export function viewOf(which: CaseFacts, path: MailPath): View {
  const facts = gatherFacts(which.events);
  const chain = chainOf(facts, path, which.likely);
  const recipients = recipientsOf(facts, chain, path);
  const rootId = chain.order.find((id) => facts.lives.has(id));
  const root = rootId === undefined ? undefined : facts.lives.get(rootId);
  const first = facts.events[0];
  const last = facts.events.at(-1);
  const state = stateOf(facts, recipients);
  const ended = allEnded(facts, chain);
  return {
    case: which,
    facts,
    chain,
    recipients,
    root,
    host: hostOf(facts, root),
    first: first?.at.time ?? 0,
    last: last?.at.time ?? 0,
    state,
    open: !ended || recipients.some(({ state: one }) => isOpen(one)),
    complete:
      ended &&
      state !== null &&
      hasBeginning(which, facts, chain) &&
      recipients.every(({ state: one }) => one !== null && !isOpen(one)),
  };
}

function hostOf({ events }: Facts, root: LifeFacts | undefined): string {
  const at = (root?.client ?? root?.pickup ?? root?.messageId ?? root?.active)?.at ?? events[0]?.at;
  return at?.host ?? '';
}

function stateOf(facts: Facts, recipients: readonly RecipientFacts[]): TraceState | null {
  const states = new Set(recipients.map(({ state }) => state));
  if (states.size === 0) return stateWithoutRecipients(facts);
  if ([...facts.lives.values()].some(waitsForUnnamed)) states.add('queued');
  if (states.size === 1) return recipients[0]?.state ?? null;
  for (const state of WORST) if (states.has(state as RecipientFacts['state'])) return state;
  return 'partial';
}

/** Whether the queue holds the message for recipients whom no line has named yet. */
function waitsForUnnamed(life: LifeFacts): boolean {
  const { active, removed, aborted, expired, deliveries } = life;
  if (removed !== undefined || active === undefined || aborted !== undefined || expired !== undefined)
    return false;
  if (life.requeued || life.discarded) return false;
  const named = new Set(deliveries.map(({ recipient, originalTo }) => `${recipient} ${originalTo}`));
  return named.size < active.nrcpt;
}

function stateWithoutRecipients({ lives, refusals, proxies, runs }: Facts): TraceState | null {
  const states = [...lives.values()].map((life) => stateWithout(life));
  for (const state of WORST) if (states.includes(state as RecipientFacts['state'])) return state;
  const [only] = new Set(states);
  if (only !== undefined) return only;
  if (refusals.length > 0 || proxies.some(({ outcome }) => outcome === 'reject')) return 'rejected';
  return runs.size > 0 ? 'filtering' : null;
}

function allEnded({ lives, runs }: Facts, { order, links }: Chain): boolean {
  for (const id of order) {
    const life = lives.get(id);
    if (life === undefined) return false;
    if (life.removed !== undefined || life.aborted !== undefined || life.discarded || life.requeued) continue;
    // A client that went away before it sent anything leaves an id that nothing follows.
    if (isAccepted(life) || links.some(({ to }) => to === id)) return false;
  }
  for (const run of runs.values())
    if (order.length === 0 && run.verdicts.length === 0 && !isFailedRelease(run)) return false;
  return true;
}

/** Whether the path's beginning was seen: not so when a log begins in the middle of it. */
function hasBeginning(which: CaseFacts, facts: Facts, chain: Chain): boolean {
  const roots = chain.order.filter(
    (id) => !chain.links.some(({ from, to }) => to === id && chain.order.includes(from)),
  );
  for (const id of roots) {
    const life = facts.lives.get(id);
    if (life === undefined) return false;
    if (life.pickup !== undefined || isOwnMail(life)) continue;
    if (life.client === undefined) return false;
    // What the filter gave back began elsewhere: with a run that nobody fed, or before the queue.
    if (
      chain.reinjected.has(id) &&
      ![...facts.runs.values()].some((run) => run.queueId === null) &&
      facts.proxies.length === 0
    ) {
      return which.parent !== null;
    }
  }
  return roots.length > 0 || facts.refusals.length > 0 || facts.proxies.length > 0 || facts.runs.size > 0;
}

/** Since when a message that is still open is silent; null when that is for no longer than `after`. All microseconds. */
export function stuckSince(view: View, now: number, after: number): number | null {
  // Everybody has it or never will: what is missing is only a last line.
  if (view.state !== null && !WORST.includes(view.state)) return null;
  if (!view.open || view.facts.lives.size + view.facts.runs.size === 0) return null;
  if (isBeyondLog(view)) return null;
  const progress = lastProgress(view.facts.events);
  return now - progress > after ? progress : null;
}

/**
 * Whether all that is still open was passed on to a queue of which this log has no line (another host's, or amavis
 * writes a file of its own): it may have been delivered long ago.
 */
function isBeyondLog({ recipients, facts }: View): boolean {
  const isBeyond = ({ state, queueId, delivery }: RecipientFacts): boolean =>
    !isOpen(state) || (state === 'queued' && (queueId === null || delivery?.status === 'sent'));
  return (
    recipients.length > 0 && recipients.every(isBeyond) && ![...facts.lives.values()].some(waitsForUnnamed)
  );
}

/** The last line that brought the message on; another try with the same result doesn't. */
function lastProgress(events: readonly Event[]): number {
  let last = events[0]?.at.time ?? 0;
  const seen = new Set<string>();
  for (const event of events) {
    if (event.kind === 'delivery' && event.status === 'deferred') {
      const key = `d ${event.queueId} ${event.recipient}`;
      if (seen.has(key)) continue;
      seen.add(key);
    } else if (event.kind === 'qmgr.active') {
      const key = `a ${event.queueId}`;
      if (seen.has(key)) continue;
      seen.add(key);
    } else if (
      event.kind === 'amavis.verdict' &&
      (event.verdict === 'MTA-BLOCKED' || event.verdict === 'TEMPFAIL')
    ) {
      continue;
    } else if (event.kind.startsWith('amavis.') && event.kind !== 'amavis.verdict') {
      continue;
    } else if (event.kind === 'queue.note' || event.kind === 'qmgr.skipped') {
      continue;
    }
    last = event.at.time;
  }
  return last;
}

/** The log lines of events, each piece of a continued one by itself. */
export function linesOf(events: readonly Event[]): { readonly time: number; readonly raw: string }[] {
  const lines: { readonly time: number; readonly raw: string }[] = [];
  for (const { at } of events) {
    if (at.pieces === undefined) lines.push(at);
    else for (const raw of at.pieces) lines.push({ time: at.time, raw });
  }
  return lines;
}
