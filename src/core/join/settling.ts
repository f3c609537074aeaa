/**
 * Settles what only likelihood can, once no more lines are expected: before cases rest. What is likely is a function of
 * all the messages that may be meant, so what was joined before is taken apart first and judged anew.
 */
import { append } from '../append.js';
import type { Event } from '../event.js';
import { messageKey, quotedKey, refusedKey } from '../keys.js';
import type { MailPath } from '../path.js';
import { asksForMessage, isOrphan, isUntold } from './ends.js';
import { likelyJoins, NEAR } from './likely.js';
import { envelopeKeysOf, isLostRun, likelyRuns } from './lost-runs.js';
import { type Case, current } from './node.js';
import { asksForCopy, type QuarantineCopy, quarantineCopies } from './quarantine-copies.js';
import { asksForRefusal, isQuoteOf, type Quote, quotesOf, type Refusal, refusalsOf } from './refusals.js';
import { RUN_TIME } from './runs.js';

const SECOND = 1_000_000;
/** Replies are filed by when they were given, in steps longer than `NEAR`. */
const STEP = 10 * SECOND;
/** More messages with one message-id give no answer, and none is looked for more often. */
const CROWD = 12;
/** So many quotes of one refusal are enough to know that it isn't a message. */
const ENOUGH = 50;
const MAX_COUNTED = 10_000;

/** What settling needs of the joiner. */
export interface CaseOperations {
  /** Cases filed under the key that have a line near the time, `most` at most, taken back into memory where they rest. */
  under(key: string, time: number, within: number, most: number): readonly Case[];
  join(one: Case, other: Case): Case;
  /** Takes apart what only likelihood joined. */
  separate(which: Case): readonly Case[];
  /** Moves a refusal to the message that it is about; with null it is nobody's. */
  move(event: Event, from: Case, to: Case | null): void;
  /** Makes the copy a child of the message that it is of. */
  adopt(copy: QuarantineCopy): void;
  /** A case without lines: it goes from the store, too, if it was there, when `heir` is stored. */
  forget(which: Case, heir: Case): void;
}

/** Whether the line leaves a question to be settled. */
export function leavesQuestion(event: Event): boolean {
  return asksForMessage(event) || asksForRefusal(event) || asksForCopy(event);
}

export class Settling {
  readonly #cases: CaseOperations;
  readonly #path: MailPath;
  /** How often a message-id was looked for. */
  readonly #asked = new Map<string, number>();
  /** Envelopes of a time that too many messages share, by their keys. */
  readonly #crowded = new Set<string>();

  constructor(path: MailPath, cases: CaseOperations) {
    this.#path = path;
    this.#cases = cases;
  }

  /**
   * Whether there was anything to ask; then cases may have become others. Of those that leave memory, it is also asked
   * whether what is missing of them is what another was taken for.
   */
  settle(cases: Iterable<Case>, leaving: boolean): boolean {
    const asking: Case[] = [];
    for (const which of cases) {
      const asks = which.unsettled && (which.asks || which.likely.length > 0 || isOrphan(which));
      which.unsettled = false;
      if (asks || (leaving && (isLostRun(which) || isUntold(which, this.#path)))) asking.push(which);
    }
    if (asking.length === 0) return false;
    const meant = new Set<Case>();
    for (const which of asking) {
      meant.add(which);
      for (const other of this.#others(which)) meant.add(other);
    }
    for (const other of leaving ? [] : likeThese(meant, cases)) meant.add(other);
    // A refusal without an id joins nobody: those it may be of stay as they are.
    const joins = asking.some((which) => which.lives.length > 0 || isLostRun(which));
    const parts = [...meant].flatMap((which) =>
      joins && which.likely.length > 0 ? this.#cases.separate(which) : [which],
    );
    for (const part of parts) this.#file(part);
    this.#settleRefusals(parts);
    if (joins) {
      this.#settleMessages([...new Set(parts.map(current))]);
      this.#settleRuns([...new Set(parts.map(current))]);
    }
    for (const part of parts) current(part).unsettled = false;
    return true;
  }

  /** Cases that may be meant. */
  *#others(which: Case): IterableIterator<Case> {
    const { first, last } = spanOf(which);
    for (const messageId of messageIdsOf(which)) {
      const asked = this.#asked.get(messageId) ?? 0;
      if (asked > CROWD) continue;
      const middle = (first + last) / 2;
      const found = this.#cases.under(messageKey(messageId), middle, middle - first + NEAR, CROWD + 1);
      if (!found.some((other) => other !== which)) continue;
      if (this.#asked.size > MAX_COUNTED) this.#asked.clear();
      this.#asked.set(messageId, asked + 1);
      if (found.length <= CROWD) yield* found;
    }
    if (!which.asks && !isLostRun(which)) return;
    for (const key of envelopeKeysOf(which, this.#path)) {
      if (this.#crowded.has(key)) continue;
      const found = this.#cases.under(key, (first + last) / 2, last - first + RUN_TIME, CROWD + 1);
      if (found.length <= CROWD) {
        yield* found;
      } else {
        if (this.#crowded.size > MAX_COUNTED) this.#crowded.clear();
        this.#crowded.add(key);
      }
    }
    for (const { words, event } of refusalsOf(which)) yield* this.#near(quotedKey, words, event.at.time);
    for (const { words, time } of quotesOf(which)) {
      for (const other of this.#near(refusedKey, words, time)) {
        yield other;
        // It may be another's, too.
        for (const { event } of refusalsOf(other)) yield* this.#near(quotedKey, words, event.at.time);
      }
    }
  }

  /** What a later message's lines may ask for. */
  #file(which: Case): void {
    if (!which.asks && !isLostRun(which)) return;
    for (const key of envelopeKeysOf(which, this.#path)) file(which, key);
    for (const { words, event } of refusalsOf(which)) file(which, refusedKey(words, stepOf(event.at.time)));
    for (const { words, time } of quotesOf(which)) file(which, quotedKey(words, stepOf(time)));
  }

  *#near(key: typeof quotedKey, words: string, time: number): IterableIterator<Case> {
    const step = stepOf(time);
    for (const near of [step - 1, step, step + 1])
      yield* this.#cases.under(key(words, near), time, NEAR, ENOUGH);
  }

  #settleMessages(parts: readonly Case[]): void {
    const byId = new Map<string, Case[]>();
    for (const which of parts) {
      for (const messageId of messageIdsOf(which)) {
        append(byId, messageId, which);
      }
    }
    for (const [messageId, sharing] of byId) {
      if (sharing.length < 2 || sharing.length > CROWD) continue;
      for (const { one, other, link } of likelyJoins(sharing, messageId, this.#path))
        this.#cases.join(one, other).likely.push(link);
      const now = [...new Set(sharing.map(current))];
      for (const copy of quarantineCopies(now, messageId)) this.#cases.adopt(copy);
    }
  }

  #settleRuns(parts: readonly Case[]): void {
    for (const { one, other, link } of likelyRuns(parts, this.#path))
      this.#cases.join(one, other).likely.push(link);
  }

  #settleRefusals(parts: readonly Case[]): void {
    const asking = parts.filter(({ asks }) => asks);
    const refusals = asking.flatMap(refusalsOf);
    if (refusals.length === 0) return;
    const quotes = asking.flatMap(quotesOf);
    const copies: RefusedCopy[] = [];
    for (const refusal of refusals) {
      const own = quotes.filter((quote) => isQuoteOf(quote, refusal));
      const [quote] = own;
      if (quote === undefined) continue;
      const only = own.every((other) => other.case === quote.case) ? quote : null;
      if (refusal.queueId === undefined) this.#attribute(refusal, quote, only);
      else if (only !== null) copies.push({ refusal, to: refusal.queueId, quotes: own });
    }
    for (const copy of copies.filter((one) => isQuoted(one, copies))) this.#joinRefused(copy);
  }

  #joinRefused({ refusal, to, quotes }: RefusedCopy): void {
    const [quote] = quotes;
    if (quote === undefined) return;
    const via = refusal.messageId === undefined ? ['reply'] : ['message-id', 'reply'];
    const link = { from: quote.id, to, via, confidence: 'likely' } as const;
    this.#cases.join(quote.case, refusal.case).likely.push(link);
  }

  /** A refusal without an id that several messages quote is one of theirs, whosever it is. */
  #attribute({ case: holder, event, words }: Refusal, quote: Quote, only: Quote | null): void {
    if (only?.case === holder) return;
    this.#cases.move(event, holder, only?.case ?? null);
    if (only !== null) file(current(only.case), refusedKey(words, stepOf(event.at.time)));
    if (holder.events.length === 0) this.#cases.forget(holder, quote.case);
  }
}

/** A copy that the way back refused, and what one message quotes of that. */
interface RefusedCopy {
  readonly refusal: Refusal;
  readonly to: string;
  readonly quotes: readonly Quote[];
}

/** Whether there is a quote for each copy of which these may be: else one is another message's. */
function isQuoted({ quotes }: RefusedCopy, copies: readonly RefusedCopy[]): boolean {
  const count = (by: Quote['by']): number => quotes.filter((quote) => quote.by === by).length;
  const rivals = copies.filter((other) => other.quotes.some((quote) => quotes.includes(quote)));
  return rivals.length <= Math.max(count('feed'), count('filter'));
}

function file({ anonymous }: Case, key: string): void {
  if (!anonymous.includes(key)) anonymous.push(key);
}

function stepOf(time: number): number {
  return Math.floor(time / STEP);
}

function messageIdsOf({ lives }: Case): Set<string> {
  const ids = new Set<string>();
  for (const { messageId } of lives) if (messageId !== null && messageId !== '') ids.add(messageId);
  return ids;
}

/** Those among the cases that have a message-id of one that is meant, or may be the run that one of them lost. */
function likeThese(meant: ReadonlySet<Case>, cases: Iterable<Case>): Case[] {
  const ids = new Set([...meant].flatMap((which) => [...messageIdsOf(which)]));
  const asks = [...meant].some((which) => which.asks);
  return [...cases].filter(
    (which) =>
      (asks && isLostRun(which)) ||
      which.lives.some(({ messageId }) => messageId !== null && ids.has(messageId)),
  );
}

function spanOf({ events, touched }: Case): { readonly first: number; readonly last: number } {
  let first = events[0]?.at.time ?? touched;
  let last = first;
  for (const { at } of events) {
    if (at.time < first) first = at.time;
    if (at.time > last) last = at.time;
  }
  return { first, last };
}
