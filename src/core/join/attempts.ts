/**
 * Attempts at messages that wait in the queue. While the filter is down each of them is tried again and again, and each
 * time what is said is what was said before. Such lines are told here, from little memory: they only have to be put to
 * those that the archive has, where any other line brings the message back.
 */
import type { Event } from '../event.js';
import { SLACK } from './lives.js';
import type { Case, Life } from './node.js';
import { leavesQuestion } from './settling.js';
import { textHash } from './text-hash.js';

const SECOND = 1_000_000;
/** More texts and lines than these are not remembered: the messages that were put away first are forgotten. */
const MAX_REMEMBERED = 300_000;

type Attempt = Extract<Event, { readonly kind: 'qmgr.active' | 'delivery' }>;

/** A message that was put away while it waited. */
interface Waiting {
  readonly ref: number;
  /** What the lines of its attempts said; empty where it is not known what its row tells. */
  readonly said: ReadonlySet<number>;
  /** When an smtpd received it; null where `delay=` counts from something else. */
  readonly received: number | null;
  /** Lines that the archive has, and the second of the last one. */
  lines: Set<number>;
  second: number;
  /** How many lines the archive has. */
  count: number;
  /** What it weighs in memory. */
  readonly remembered: number;
}

/** Where a line belongs: it is the `n`th of the message that is stored under `ref`. */
export interface Again {
  readonly ref: number;
  readonly n: number;
}

export class Attempts {
  readonly #isHeld: (queueId: string) => boolean;
  /** By host and queue id. */
  readonly #waiting = new Map<string, Waiting>();
  #remembered = 0;
  /** Messages to which lines were put since they were put away as a whole. */
  readonly #behind = new Set<number>();

  /** `isHeld` tells whether a message with the queue id is in memory, which then takes its lines itself. */
  constructor(isHeld: (queueId: string) => boolean) {
    this.#isHeld = isHeld;
  }

  /** The case has been put away under the number, with so many lines; `isDeferred` when it waits for another attempt. */
  putAway(which: Case, ref: number, count: number, isDeferred: boolean): void {
    for (const { host, queueId } of which.lives) this.#forget(keyOf(host, queueId));
    for (const known of which.refs) this.#behind.delete(known);
    const life = waitingLifeOf(which);
    if (!isDeferred || which.asks || life === undefined) return;
    const { second, lines } = lastOf(which, life);
    const said = new Set<number>();
    for (const event of which.events) if (isAttemptAt(life, event)) said.add(wordsOf(event));
    const received = life.smtpd === 0 ? null : life.starter;
    const remembered = said.size + lines.size;
    this.#remember(life, { ref, said, received, lines, second, count, remembered });
  }

  /** The case has left memory as the archive has it: its lines were read before, and may come once more. */
  left(which: Case): void {
    const [ref] = which.refs;
    const life = waitingLifeOf(which);
    if (ref === undefined || life === undefined || this.#waiting.has(keyOf(life.host, life.queueId))) return;
    const lines = new Set<number>();
    for (const event of which.events) if (isAttemptAt(life, event)) lines.add(lineOf(event));
    const remembered = lines.size;
    this.#remember(life, { ref, said: NOTHING, received: null, lines, second: 0, count: 0, remembered });
  }

  /**
   * Where the line belongs, when it is one of an attempt that went as one before it; `known` when it was read before.
   * Undefined for any other.
   */
  again(event: Event): Again | 'known' | undefined {
    if (event.kind !== 'qmgr.active' && event.kind !== 'delivery') return undefined;
    const { at, queueId } = event;
    const waiting = this.#waiting.get(keyOf(at.host, queueId));
    if (waiting === undefined || this.#isHeld(queueId)) return undefined;
    const line = lineOf(event);
    if (waiting.lines.has(line)) return 'known';
    const second = secondOf(event);
    // One that comes late is the joiner's to judge.
    if (second < waiting.second || !waiting.said.has(wordsOf(event)) || !isOf(waiting, event))
      return undefined;
    if (second > waiting.second) waiting.lines = new Set();
    waiting.second = second;
    waiting.lines.add(line);
    this.#behind.add(waiting.ref);
    return { ref: waiting.ref, n: waiting.count++ };
  }

  /** The messages that lines were put to, whose rows do not tell of these yet; they are told once. */
  takeBehind(): number[] {
    const behind = [...this.#behind];
    this.#behind.clear();
    return behind;
  }

  #remember({ host, queueId }: Life, waiting: Waiting): void {
    this.#waiting.set(keyOf(host, queueId), waiting);
    this.#remembered += waiting.remembered;
    for (const oldest of this.#waiting.keys()) {
      if (this.#remembered <= MAX_REMEMBERED) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    this.#remembered -= waiting.remembered;
  }
}

const NOTHING: ReadonlySet<number> = new Set();

/** The one queue id under which the message waits, when its beginning is known. */
function waitingLifeOf({ lives }: Case): Life | undefined {
  const [life, ...others] = lives.filter(({ seen, end }) => seen && end === null);
  return others.length === 0 && life?.starter !== null ? life : undefined;
}

/** The last second on the host, and the lines of it. */
function lastOf({ events }: Case, { host }: Life): Pick<Waiting, 'second' | 'lines'> {
  let second = 0;
  let lines = new Set<number>();
  for (const event of events) {
    const its = secondOf(event);
    if (event.at.host !== host || its < second) continue;
    if (its > second) lines = new Set();
    second = its;
    lines.add(lineOf(event));
  }
  return { second, lines };
}

/** Whether it is a line of an attempt that came to nothing, and leaves nothing open. */
function isAttemptAt({ host, queueId }: Life, event: Event): event is Attempt {
  if (event.kind !== 'qmgr.active' && event.kind !== 'delivery') return false;
  if (event.queueId !== queueId || event.at.host !== host) return false;
  return event.kind === 'qmgr.active' || (event.status === 'deferred' && !leavesQuestion(event));
}

/** Whether it can be about the message by what it says of its age: a queue id comes again. */
function isOf({ received }: Waiting, event: Attempt): boolean {
  if (event.kind !== 'delivery' || received === null) return true;
  const arrival = event.at.time - event.delay * SECOND;
  return Math.abs(arrival - received) < SLACK + event.delay * 0.02 * SECOND;
}

/** What the line says but for process and times. */
function wordsOf(event: Attempt): number {
  const { instance } = event.at;
  if (event.kind === 'qmgr.active') {
    const { sender, size, nrcpt } = event;
    return textHash(`${instance}|${sender}|${size}|${nrcpt}`);
  }
  const { recipient, originalTo, relay, dsn, status, response } = event;
  return textHash(`${instance}|${recipient}|${originalTo}|${relay}|${dsn}|${status}|${response}`);
}

function lineOf(event: Event): number {
  return textHash(`${secondOf(event)}|${event.at.pid}|${event.at.message}`);
}

function secondOf({ at }: Event): number {
  return Math.floor(at.time / SECOND);
}

function keyOf(host: string, queueId: string): string {
  return `${host}|${queueId}`;
}
