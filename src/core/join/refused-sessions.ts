/**
 * Sessions in which an smtpd process refused one recipient and that was all. On a server that the world can reach they
 * are most of what its log tells of.
 *
 * A session is held until nothing that comes may be of the same message, and given on with its end otherwise.
 */
import type { Event } from '../event.js';
import { REFUSAL_GAP } from './before-queue.js';
import { LinkedMap } from './linked-map.js';
import { leavesQuestion } from './settling.js';

const SECOND = 1_000_000;
/** What one process did to one client within this time may have been one message. */
const APART = 2 * REFUSAL_GAP;
/** How long a session that is not over is held for its end. */
const REST_BEGUN = 60 * SECOND;
/** Sessions that are held, refusals and processes that are remembered. */
const MAX_HELD = 4000;
const MAX_REMEMBERED = 10_000;

type Received = Extract<Event, { readonly kind: 'smtpd.client' }>;
export type Refusal = Extract<Event, { readonly kind: 'smtpd.reject' }>;

interface Session {
  readonly refusal: Refusal;
  /** The line with which it ended; null until then. */
  over: Event | null;
}

interface Sink {
  /** What was refused in a session without more; false when its lines are to be given on. */
  refused(refusal: Refusal): boolean;
  /** A line of a session that may have been more. */
  rest(event: Event): void;
}

export class RefusedSessions {
  readonly #sink: Sink;
  /** By process and client, in the order in which they began. */
  readonly #held = new LinkedMap<Session>();
  /** By process: the one that is not over. */
  readonly #open = new LinkedMap<Session>();
  /** Which process refused which client something, and roughly when; the older ones, and those since. */
  #before = new Set<string>();
  #since = new Set<string>();
  /** Processes that refused something in a session that is not over. */
  readonly #refusing = new Set<string>();

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** A refusal before there was a queue id; false when it is not to be held. */
  take(refusal: Refusal): boolean {
    this.leave(refusal);
    const process = processOf(refusal);
    // What may be its end is that of what the process refused before, too.
    const isAlone = !this.#refusing.has(process) && !this.#isNear(refusal);
    this.#remember(refusal);
    if (!isAlone || leavesQuestion(refusal)) return false;
    const session = { refusal, over: null };
    this.#held.set(clientOf(refusal), session);
    this.#open.set(process, session);
    const oldest = this.#held.size > MAX_HELD ? this.#held.oldest() : null;
    if (oldest !== null) this.#giveOn(oldest.value);
    return true;
  }

  /** Whether what the process refused may be of the message that it received now, or of one before that. */
  mayConcern(received: Received): boolean {
    return this.#refusing.has(processOf(received)) || this.#isNear(received);
  }

  /** The end of a process' session; false when nothing is held of that. */
  end(event: Event): boolean {
    const process = processOf(event);
    this.#refusing.delete(process);
    const session = this.#open.get(process);
    if (session === undefined) return false;
    const { clientAddress, at } = session.refusal;
    if (event.at.time < at.time || !event.at.message.includes(`[${clientAddress}]`)) {
      // Out of its place: the end of another one.
      this.#giveOn(session);
      return false;
    }
    session.over = event;
    this.#open.delete(process);
    return true;
  }

  /** The process does something else: what it refused in a session that is not over, or this client, may belong to that. */
  leave(event: Event): void {
    const before = 'clientAddress' in event ? this.#held.get(clientOf(event)) : undefined;
    if (before !== undefined) this.#giveOn(before);
    const session = this.#open.get(processOf(event));
    if (session !== undefined) this.#giveOn(session);
  }

  /** Lets go what is at rest at this time (microseconds). */
  rest(now: number): void {
    for (let next = this.#held.oldest(); next !== null; next = this.#held.oldest()) {
      const { refusal, over } = next.value;
      // Not so when the clock goes back: a line may only be late.
      if (now - refusal.at.time <= (over === null ? REST_BEGUN : APART)) return;
      this.#letGo(next.value);
    }
  }

  /** Lets go all: at the end of a log. */
  drain(): void {
    for (let next = this.#held.oldest(); next !== null; next = this.#held.oldest()) this.#letGo(next.value);
    this.#before.clear();
    this.#since.clear();
    this.#refusing.clear();
  }

  #isNear(event: Received | Refusal): boolean {
    const client = clientOf(event);
    const bucket = Math.floor(event.at.time / APART);
    for (const near of [bucket, bucket - 1, bucket + 1]) {
      const key = `${client}|${near}`;
      if (this.#since.has(key) || this.#before.has(key)) return true;
    }
    return false;
  }

  #remember(refusal: Refusal): void {
    if (this.#since.size >= MAX_REMEMBERED) {
      this.#before = this.#since;
      this.#since = new Set();
    }
    this.#since.add(`${clientOf(refusal)}|${Math.floor(refusal.at.time / APART)}`);
    if (this.#refusing.size >= MAX_REMEMBERED) this.#refusing.clear();
    this.#refusing.add(processOf(refusal));
  }

  #letGo(session: Session): void {
    if (session.over !== null && this.#sink.refused(session.refusal)) this.#forget(session);
    else this.#giveOn(session);
  }

  #giveOn(session: Session): void {
    this.#forget(session);
    this.#sink.rest(session.refusal);
    if (session.over !== null) this.#sink.rest(session.over);
  }

  #forget({ refusal, over }: Session): void {
    this.#held.delete(clientOf(refusal));
    if (over === null) this.#open.delete(processOf(refusal));
  }
}

function processOf({ at }: Event): string {
  return `${at.host}|${at.pid}`;
}

function clientOf(event: Event & { readonly clientAddress?: string | undefined }): string {
  return `${processOf(event)}|${event.clientAddress ?? ''}`;
}
