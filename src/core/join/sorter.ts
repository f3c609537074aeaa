/**
 * Sorts ordinary mail out of a log: what took the whole way in the order of the book is put together here in few steps,
 * and every other line is left to the joiner.
 *
 * Nothing is judged here that the joiner would judge otherwise. A message is held only as long as every line that names
 * one of its ids is what is expected of an ordinary message; with the first that is not, all its lines go to the joiner.
 * Whoever takes a message from here asks the joiner first whether any of its ids is known (`Joiner.isUnknown`).
 */
import type { Event } from '../event.js';
import type { MailPath } from '../path.js';
import { isLoopback, replyOf } from '../response.js';
import type { CaseFacts } from '../trace/facts.js';
import { ordinarySummary } from '../trace/ordinary.js';
import type { Summary } from '../trace/summary.js';
import { refusalKeys } from './before-queue.js';
import { othersKeys } from './joiner.js';
import { LinkedMap } from './linked-map.js';
import { SLACK } from './lives.js';
import { noticeParent } from './notice.js';
import { type Refusal, RefusedSessions } from './refused-sessions.js';
import { leavesQuestion } from './settling.js';
import { UNTIL_ID } from './smtpd-sessions.js';

const SECOND = 1_000_000;
/** How long a message that is whole is held for lines that come late, and one that is not whole for its next line. */
const REST_WHOLE = 10 * SECOND;
const REST_BEGUN = 60 * SECOND;
/** More lines than this and the oldest messages go early, until there are so many less. */
const MAX_LINES = 10_000;
const ROOM = 3000;
/** smtpd processes of which something is remembered. */
const MAX_PROCESSES = 5000;

type Of<K extends Event['kind']> = Extract<Event, { readonly kind: K }>;
type RunLine = Of<`amavis.${'received' | 'checking' | 'forward' | 'recipient' | 'timing'}`>;

/** An ordinary message with its lines: what a case is to those who put it away. */
export interface OrdinaryMail extends CaseFacts {
  readonly summary: Summary;
  /** The ids before and behind the filter, then those that other MTAs gave it; none of what was refused. */
  readonly lives: readonly { readonly queueId: string }[];
  /** One, or none of what was refused. */
  readonly runs: readonly { readonly amavisId: string; readonly mailId: string | null }[];
  readonly anonymous: readonly string[];
  /** The keys under which the archive may have somebody else's line that is about it. */
  readonly others: readonly string[];
}

export interface SorterSink {
  /** A message that may be put away; false when its lines are to go to the joiner after all. */
  message(found: OrdinaryMail): boolean;
  /** A line for the joiner. */
  rest(event: Event): void;
}

/** A message in the making: the lines of one queue id or one run of amavis, or all of them once they are put together. */
interface Held {
  readonly events: Event[];
  readonly host: string;
  /** Microseconds. */
  readonly began: number;
  /** When it became whole; null until then. */
  whole: number | null;
  /** The run that it is, or that put it together. */
  amavisId: string | null;
  verdict: Of<'amavis.verdict'> | null;
  /** Whether it has left, or become part of another. */
  gone: boolean;
}

/** What is held of one queue id. */
interface Half {
  readonly queueId: string;
  readonly instance: string;
  readonly began: number;
  removed: number | null;
  held: Held;
}

const NONE: readonly never[] = [];
/** Neither part of another message nor likely to be. */
const ALONE = { parent: null, children: NONE, likely: NONE } as const;

export class Sorter {
  readonly #path: MailPath;
  readonly #sink: SorterSink;
  readonly #halves = new LinkedMap<Half>();
  readonly #runs = new LinkedMap<Held>();
  /** In the order in which they began. */
  #held: Held[] = [];
  /** How many lines they have. */
  #lines = 0;
  /** When one last did something else to a message before it had a queue id. */
  readonly #acted = new Map<string, number>();
  /** What each received last; `taken` once the sink has that. */
  readonly #received = new LinkedMap<Half | 'taken'>();
  readonly #refusals: RefusedSessions;
  #lastLook = 0;

  constructor(path: MailPath, sink: SorterSink) {
    this.#path = path;
    this.#sink = sink;
    this.#refusals = new RefusedSessions({
      refused: (refusal) => {
        const mail = this.#refusedMail(refusal);
        return mail !== undefined && sink.message(mail);
      },
      rest: (event) => sink.rest(event),
    });
  }

  take(event: Event): void {
    switch (event.kind) {
      case 'smtpd.client':
        this.#begin(event);
        return;
      case 'cleanup.message-id':
      case 'qmgr.active':
      case 'removed':
      case 'delivery':
      case 'queue.note': {
        const half = this.#halves.get(event.queueId);
        if (half === undefined) this.#sink.rest(event);
        else if (isExpected(half, event)) this.#add(half, event);
        else this.#leaveWith(half.held, event);
        return;
      }
      case 'amavis.verdict':
        this.#verdict(event);
        return;
      case 'amavis.received':
      case 'amavis.checking':
      case 'amavis.forward':
      case 'amavis.recipient':
      case 'amavis.timing':
        this.#runLine(event);
        return;
      case 'smtpd.reject':
        if (event.queueId === undefined) {
          const isHeld = this.#refusals.take(event);
          this.#refusal(event);
          if (isHeld) return;
        } else this.#refusals.leave(event);
        break;
      case 'smtpd.action':
        this.#refusals.leave(event);
        if (event.queueId === undefined) remember(this.#acted, processOf(event), event.at.time);
        break;
      case 'smtpd.session':
      case 'smtpd.proxy':
        this.#refusals.leave(event);
        break;
      case 'smtpd.disconnect':
        if (this.#refusals.end(event)) return;
        break;
      case 'smtpd.lost':
        this.#lost(event);
        return;
      default:
    }
    this.#leave(namedBy(event, this.#halves, this.#runs));
    this.#sink.rest(event);
  }

  /** Lets go what is at rest at this time (microseconds): the time of the line that was read last. */
  rest(now: number): void {
    const isCrowded = this.#lines > MAX_LINES;
    if (Math.abs(now - this.#lastLook) < SECOND && !isCrowded) return;
    this.#lastLook = now;
    this.#refusals.rest(now);
    const most = isCrowded ? MAX_LINES - ROOM : MAX_LINES;
    const kept: Held[] = [];
    for (const held of this.#held) {
      if (held.gone) continue;
      const since = held.whole ?? held.began;
      const isAtRest = Math.abs(now - since) >= (held.whole === null ? REST_BEGUN : REST_WHOLE);
      if (isAtRest || this.#lines > most) this.#letGo(held);
      else kept.push(held);
    }
    this.#held = kept;
  }

  /** Lets go all: at the end of a log. */
  drain(): void {
    for (const held of this.#held) if (!held.gone) this.#letGo(held);
    this.#held = [];
    this.#refusals.drain();
    this.#acted.clear();
    this.#received.clear();
  }

  #begin(event: Of<'smtpd.client'>): void {
    this.#refusals.leave(event);
    const { at, queueId } = event;
    const known = this.#halves.get(queueId);
    const process = processOf(event);
    const acted = this.#acted.get(process);
    // What was done just before there was an id may be this message's.
    const isMarked =
      this.#refusals.mayConcern(event) || (acted !== undefined && Math.abs(at.time - acted) <= UNTIL_ID);
    if (known !== undefined || isMarked) {
      this.#received.delete(process);
      this.#leaveWith(known?.held, event);
      return;
    }
    const held = this.#hold(event, null);
    const half: Half = { queueId, instance: at.instance, began: at.time, removed: null, held };
    this.#halves.set(queueId, half);
    remember(this.#received, process, half);
  }

  #hold(event: Event, amavisId: string | null): Held {
    const { host, time } = event.at;
    const held = {
      events: [event],
      host,
      began: time,
      whole: null,
      amavisId,
      verdict: null,
      gone: false,
    };
    this.#held.push(held);
    this.#lines++;
    return held;
  }

  /** A line that amavis writes beside its main line when its $log_level is above 0. */
  #runLine(event: RunLine): void {
    const { at, amavisId } = event;
    const held = this.#runs.get(amavisId);
    if (held === undefined) {
      // What it ends with says of the message nothing that a run which wasn't seen to begin would need.
      if (event.kind === 'amavis.timing' || event.kind === 'amavis.recipient') this.#sink.rest(event);
      else this.#runs.set(amavisId, this.#hold(event, amavisId));
      return;
    }
    const isSame = held.events.some(({ at: other }) => other.message === at.message);
    if (
      isSame ||
      held.host !== at.host ||
      Math.abs(at.time - held.began) > REST_BEGUN ||
      leavesQuestion(event)
    )
      this.#leaveWith(held, event);
    else this.#put(held, event);
  }

  #put(held: Held, event: Event): void {
    held.events.push(event);
    this.#lines++;
  }

  #add(half: Half, event: Event): void {
    const { held } = half;
    this.#put(held, event);
    if (event.kind === 'delivery') {
      const next = replyOf(event).queuedAs;
      const other = next === undefined ? undefined : this.#halves.get(next);
      // Only the filter's way back joins here; what went on to another host of this log is the joiner's to follow.
      if (other !== undefined && !this.#path.isFilter(replyOf(event).endpoint) && !isAnswerOfFilter(event)) {
        this.#leave(other.held);
        this.#leave(held);
      }
    } else if (event.kind === 'removed') {
      half.removed = event.at.time;
      this.#lookWhether(held, event.at.time);
    }
  }

  /** amavis took one held message and gave back the other: they are one. */
  #verdict(event: Of<'amavis.verdict'>): void {
    const { at, action, amavisId, queueId, queuedAs } = event;
    const front = queueId === undefined ? undefined : this.#halves.get(queueId);
    const back = queuedAs?.length === 1 ? this.#halves.get(queuedAs[0] ?? '') : undefined;
    const run = this.#runs.get(amavisId);
    if (
      action !== 'Passed' ||
      front === undefined ||
      back === undefined ||
      !isSingle(front, event) ||
      !isSingle(back, event) ||
      front.held === back.held ||
      (run !== undefined && (run.verdict !== null || run.host !== at.host)) ||
      leavesQuestion(event)
    ) {
      this.#leave(run);
      this.#leave(front?.held);
      for (const id of queuedAs ?? []) this.#leave(this.#halves.get(id)?.held);
      this.#sink.rest(event);
      return;
    }
    const { held } = front;
    const other = back.held;
    held.events.push(...other.events, ...(run?.events ?? []));
    this.#put(held, event);
    held.verdict = event;
    held.amavisId = amavisId;
    other.gone = true;
    if (run !== undefined) run.gone = true;
    back.held = held;
    this.#runs.set(amavisId, held);
    this.#lookWhether(held, at.time);
  }

  /** A refusal before there was a queue id may belong to a message that the same process received after it. */
  #refusal({ at, clientAddress = '' }: Of<'smtpd.reject'>): void {
    for (let n = this.#held.length - 1; n >= 0; n--) {
      const held = this.#held[n];
      if (held === undefined || held.gone) continue;
      if (held.began < at.time) break;
      if (held.host === at.host && held.events.some((event) => isReceived(event, at.pid, clientAddress)))
        this.#leave(held);
    }
  }

  /** The client went away: that is said of the message that its process received last. */
  #lost(event: Of<'smtpd.lost'>): void {
    const half = this.#received.get(processOf(event));
    // One that was delivered lost nothing.
    if (half === 'taken') return;
    const isIts = half?.held.events.some((own) => isReceived(own, event.at.pid, event.clientAddress));
    this.#leaveWith(isIts === true ? half?.held : undefined, event);
  }

  #lookWhether(held: Held, time: number): void {
    const { verdict } = held;
    if (verdict === null) return;
    const front = this.#halves.get(verdict.queueId ?? '');
    const back = this.#halves.get(verdict.queuedAs?.[0] ?? '');
    if (front?.removed != null && back?.removed != null) held.whole = time;
  }

  /** At rest: to the sink as a message when it is an ordinary one, else line by line. */
  #letGo(held: Held): void {
    if (held.whole !== null) {
      this.#learn(held);
      const mail = this.#mailOf(held);
      if (mail !== undefined && this.#sink.message(mail)) {
        this.#forget(held, true);
        return;
      }
    }
    this.#leave(held);
  }

  #mailOf({ events, verdict }: Held): OrdinaryMail | undefined {
    const summary = ordinarySummary({ events, ...ALONE }, this.#path);
    if (summary === undefined || verdict === null) return undefined;
    const lives = summary.queueIds.map((queueId) => ({ queueId }));
    for (const event of events) {
      const next = event.kind === 'delivery' ? replyOf(event).queuedAs : undefined;
      if (next !== undefined && !lives.some(({ queueId }) => queueId === next)) lives.push({ queueId: next });
    }
    const { amavisId, mailId = null } = verdict;
    const queueIds = lives.map(({ queueId }) => queueId);
    const others = othersKeys({ queueIds, amavisId, mailId });
    const runs = [{ amavisId, mailId }];
    return { events, summary, lives, runs, anonymous: NONE, others, ...ALONE };
  }

  #refusedMail(refusal: Refusal): OrdinaryMail | undefined {
    const events = [refusal];
    const summary = ordinarySummary({ events, ...ALONE }, this.#path);
    if (summary === undefined) return undefined;
    const others = refusalKeys(refusal);
    return { events, summary, lives: NONE, runs: NONE, anonymous: [others[0]], others, ...ALONE };
  }

  /** A relay that passed on what the way back answered, for what then came in there, is a filter. */
  #learn({ events, verdict }: Held): void {
    for (const event of events) {
      if (event.kind !== 'delivery' || event.queueId !== verdict?.queueId) continue;
      const { endpoint, fromMta, queuedAs } = replyOf(event);
      if (endpoint === undefined || fromMta === undefined || !isLoopback(endpoint.address)) continue;
      if (queuedAs === verdict.queuedAs?.[0]) this.#path.learnFilter(endpoint);
    }
  }

  #leaveWith(held: Held | undefined, event: Event): void {
    this.#leave(held);
    this.#sink.rest(event);
  }

  /** All its lines go to the joiner. */
  #leave(held: Held | undefined): void {
    if (held === undefined || held.gone) return;
    this.#forget(held, false);
    for (const event of held.events) this.#sink.rest(event);
  }

  #forget(held: Held, isTaken: boolean): void {
    held.gone = true;
    this.#lines -= held.events.length;
    if (held.amavisId !== null) this.#runs.delete(held.amavisId);
    for (const event of held.events) {
      if (event.kind !== 'smtpd.client') continue;
      const process = processOf(event);
      const last = this.#received.get(process);
      if (last !== undefined && last !== 'taken' && last.queueId === event.queueId) {
        if (isTaken) this.#received.set(process, 'taken');
        else this.#received.delete(process);
      }
      this.#halves.delete(event.queueId);
    }
  }
}

function processOf({ at }: Event): string {
  return `${at.host}|${at.pid}`;
}

function remember<V>(what: Map<string, V> | LinkedMap<V>, process: string, value: V): void {
  if (what.size >= MAX_PROCESSES) what.clear();
  what.set(process, value);
}

/** Whether the line is one that an ordinary message has, and this life's beyond doubt. */
function isExpected(
  { instance, began, removed, held }: Half,
  event: Of<'cleanup.message-id' | 'qmgr.active' | 'removed' | 'delivery' | 'queue.note'>,
): boolean {
  const { host, time } = event.at;
  if (host !== held.host || event.at.instance !== instance) return false;
  if (time < began - SLACK || time > (removed ?? began + REST_BEGUN) + SLACK) return false;
  switch (event.kind) {
    case 'cleanup.message-id':
      return event.resent !== true && noticeParent(event.messageId) === undefined;
    case 'delivery':
      return event.status === 'sent' && !leavesQuestion(event);
    case 'queue.note':
      return !held.events.some(({ at }) => at.message === event.at.message && at.pid === event.at.pid);
    default:
      return true;
  }
}

/** Whether it is one queue id's lines so far, of the host and the time of amavis' line. */
function isSingle({ began, held }: Half, { at }: Event): boolean {
  return held.verdict === null && held.host === at.host && Math.abs(at.time - began) <= REST_BEGUN + SLACK;
}

function isReceived(event: Event, pid: number, clientAddress: string): boolean {
  return event.kind === 'smtpd.client' && event.at.pid === pid && event.clientAddress === clientAddress;
}

function isAnswerOfFilter(event: Of<'delivery'>): boolean {
  const { endpoint, fromMta } = replyOf(event);
  return fromMta !== undefined && endpoint !== undefined && isLoopback(endpoint.address);
}

/** What is held of the message that the line is about. */
function namedBy(event: Event, halves: LinkedMap<Half>, runs: LinkedMap<Held>): Held | undefined {
  const id =
    event.kind === 'amavis.forward' ? event.queuedAs : 'queueId' in event ? event.queueId : undefined;
  const half = id === undefined ? undefined : halves.get(id);
  if (half !== undefined) return half.held;
  return 'amavisId' in event && event.amavisId !== undefined ? runs.get(event.amavisId) : undefined;
}
