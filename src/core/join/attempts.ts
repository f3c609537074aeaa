/**
 * Attempts at messages that wait in the queue. While the filter is down, or its scanner, each of them is tried again and
 * again, to no other end than before. Such lines are told here, from little memory: they only have to be put to those
 * that the archive has, where any other line brings the message back.
 */
import type { Event } from '../event.js';
import { isLoopback, replyOf } from '../response.js';
import { linesOf } from '../trace/view.js';
import { LinkedMap } from './linked-map.js';
import { SLACK } from './lives.js';
import type { Case, Life, Run } from './node.js';
import { leavesQuestion } from './settling.js';
import { textHash } from './text-hash.js';

const SECOND = 1_000_000;
/** Of more messages than these nothing is remembered; those that are had best stay, as each will be tried again. */
const MAX_WAITING = 100_000;
/** A message with more recipients than this is taken back: that is done once for many lines. */
const MOST_SAID = 1000;
/** Nor is more remembered when all of them together have more recipients than this. */
const MAX_SAID = 500_000;

type Attempt = Extract<Event, { readonly kind: 'qmgr.active' | 'delivery' }>;

/** A message that was put away while it waited. */
interface Waiting {
  readonly ref: number;
  /** What its attempts are known by; nothing where it is not known what its row tells. */
  said: readonly number[];
  /** amavis' id that a line named last; '' before one did. */
  amavisId: string;
  /** When an smtpd received it; null where `delay=` counts from something else. */
  readonly received: number | null;
  /** Lines that the archive has, and the second of the last one. */
  lines: number[];
  second: number;
  /** How many lines the archive has. */
  count: number;
}

/** Where a line belongs. */
export interface Again {
  /** The number that the message is stored under, and how many lines it had. */
  readonly ref: number;
  readonly count: number;
  /** What is new of it: the line, behind those of the run of amavis that it names. */
  readonly events: readonly Event[];
  readonly runs: readonly Pick<Run, 'amavisId' | 'mailId'>[];
}

/** The joiner, as it is asked here. */
export interface Memory {
  /** Whether a message with the queue id is in memory, which then takes its lines itself. */
  hasLife(queueId: string): boolean;
  /**
   * The run of amavis that a reply on the host names, taken out of memory; null when no line of it is known. Undefined when
   * more hangs together with it.
   */
  takeRun(amavisId: string, host: string, time: number): Case | null | undefined;
  /** A line was written on the host at this time (microseconds). */
  hear(host: string, time: number): void;
}

export class Attempts {
  readonly #memory: Memory;
  readonly #append: (again: Again) => void;
  /** By host and queue id. */
  readonly #waiting = new LinkedMap<Waiting>();
  /** How much these have of `said`. */
  #said = 0;
  /** Messages to which lines were put since they were put away as a whole. */
  readonly #behind = new Map<number, Waiting>();

  /** `append` puts lines to the message in the store. */
  constructor(memory: Memory, append: (again: Again) => void) {
    this.#memory = memory;
    this.#append = append;
  }

  /** The case has been put away under the number, with so many lines; `isDeferred` when it waits for another attempt. */
  putAway(which: Case, ref: number, count: number, isDeferred: boolean): void {
    for (const { host, queueId } of which.lives) this.#forget(keyOf(host, queueId));
    for (const known of which.refs) this.#behind.delete(known);
    const life = waitingLifeOf(which);
    if (!isDeferred || which.asks || life === undefined) return;
    const { second, lines } = lastOf(which, life);
    const said: number[] = [];
    for (const event of which.events) if (isAttemptAt(life, event)) addOnce(said, wordsOf(event));
    if (said.length > MOST_SAID) return;
    const received = life.smtpd === 0 ? null : life.starter;
    this.#remember(life, { ref, said: said.slice(), amavisId: '', received, lines, second, count });
  }

  /** The case has left memory as the archive has it: its lines were read before, and may come once more. */
  left(which: Case): void {
    const [ref] = which.refs;
    const life = waitingLifeOf(which);
    if (
      ref === undefined ||
      life === undefined ||
      this.#waiting.get(keyOf(life.host, life.queueId)) !== undefined
    )
      return;
    const lines: number[] = [];
    for (const event of which.events) if (isAttemptAt(life, event)) lines.push(lineOf(event));
    const nothing = { said: NOTHING, amavisId: '', received: null, second: 0, count: 0 };
    this.#remember(life, { ref, ...nothing, lines });
  }

  /** Takes the line of one more attempt to which nothing else came than before; false for any other line. */
  take(event: Event): boolean {
    const again = this.#again(event);
    if (again === undefined) return false;
    if (again !== 'known') this.#append(again);
    this.#memory.hear(event.at.host, event.at.time);
    return true;
  }

  /** Where such a line belongs; `known` when it was read before. */
  #again(event: Event): Again | 'known' | undefined {
    if (event.kind !== 'qmgr.active' && event.kind !== 'delivery') return undefined;
    const { at, queueId } = event;
    const waiting = this.#waiting.get(keyOf(at.host, queueId));
    if (waiting === undefined || this.#memory.hasLife(queueId)) return undefined;
    const line = lineOf(event);
    if (waiting.lines.includes(line)) return 'known';
    const second = secondOf(event);
    // One that comes late is the joiner's to judge.
    if (second < waiting.second || !isExpected(waiting, event)) return undefined;
    const amavisId = event.kind === 'delivery' ? replyOf(event).amavisId : undefined;
    const run = this.#runOf(waiting, event, amavisId);
    if (run === undefined) return undefined;
    if (second > waiting.second) waiting.lines = [];
    waiting.second = second;
    waiting.lines.push(line);
    const { ref, count } = waiting;
    const events = [...(run?.events ?? NO_EVENTS), event];
    const runs = run?.runs ?? (amavisId === undefined ? NO_RUNS : [{ amavisId, mailId: null }]);
    waiting.count += linesOf(events).length;
    this.#behind.set(ref, waiting);
    return { ref, count, events, runs };
  }

  /** The run that the line names, which `takeRun` gives. */
  #runOf(waiting: Waiting, event: Attempt, amavisId: string | undefined): Case | null | undefined {
    if (event.kind !== 'delivery' || amavisId === undefined || amavisId === waiting.amavisId) return null;
    const { endpoint } = replyOf(event);
    // What another host's filter says of its own is the joiner's to judge, too.
    if (endpoint === undefined || !isLoopback(endpoint.address)) return undefined;
    const run = this.#memory.takeRun(amavisId, event.at.host, event.at.time);
    if (run !== undefined) waiting.amavisId = amavisId;
    return run;
  }

  /** Whether there are messages that lines were put to and whose rows do not tell of these yet. */
  get hasBehind(): boolean {
    return this.#behind.size > 0;
  }

  /** Some of those messages, with about so many lines together; they are told once. */
  takeBehind(lines: number): number[] {
    const taken: number[] = [];
    let room = lines;
    for (const [ref, { count }] of this.#behind) {
      taken.push(ref);
      this.#behind.delete(ref);
      room -= count;
      if (room <= 0) break;
    }
    return taken;
  }

  /** The archive has packed these: no line can be put to them where they are. */
  packed(refs: ReadonlySet<number>): void {
    for (const waiting of this.#waiting.values()) {
      if (!refs.has(waiting.ref)) continue;
      this.#said -= waiting.said.length;
      waiting.said = NOTHING;
    }
  }

  #remember({ host, queueId }: Life, waiting: Waiting): void {
    const said = this.#said + waiting.said.length;
    if (this.#waiting.size >= MAX_WAITING || said > MAX_SAID) return;
    this.#said = said;
    this.#waiting.set(keyOf(host, queueId), waiting);
  }

  #forget(key: string): void {
    this.#said -= this.#waiting.get(key)?.said.length ?? 0;
    this.#waiting.delete(key);
  }
}

const NOTHING: readonly number[] = [];
const NO_EVENTS: readonly Event[] = [];
const NO_RUNS: Again['runs'] = [];

function addOnce(numbers: number[], number: number): void {
  if (!numbers.includes(number)) numbers.push(number);
}

/** The one queue id under which the message waits, when its beginning is known. */
function waitingLifeOf({ lives }: Case): Life | undefined {
  const [life, ...others] = lives.filter(({ seen, end }) => seen && end === null);
  return others.length === 0 && life?.starter !== null ? life : undefined;
}

/** The last second on the host, and the lines of it. */
function lastOf({ events }: Case, { host }: Life): Pick<Waiting, 'second' | 'lines'> {
  let second = 0;
  let lines: number[] = [];
  for (const event of events) {
    const its = secondOf(event);
    if (event.at.host !== host || its < second) continue;
    if (its > second) lines = [];
    second = its;
    lines.push(lineOf(event));
  }
  // Exactly as long as they need to be: there may be many.
  return { second, lines: lines.slice() };
}

/** Whether it is a line of an attempt that came to nothing, and leaves nothing open. */
function isAttemptAt({ host, queueId }: Life, event: Event): event is Attempt {
  if (event.kind !== 'qmgr.active' && event.kind !== 'delivery') return false;
  return event.queueId === queueId && event.at.host === host && cameToNothing(event);
}

function cameToNothing(event: Attempt): boolean {
  if (event.kind === 'qmgr.active') return true;
  if (event.status !== 'deferred' || leavesQuestion(event)) return false;
  const { queuedAs, forwardedAs } = replyOf(event);
  return queuedAs === undefined && forwardedAs === undefined;
}

/** Whether it is about the message beyond doubt, and tells nothing else of it than its lines did before. */
function isExpected({ said, received }: Waiting, event: Attempt): boolean {
  if (!said.includes(wordsOf(event)) || !cameToNothing(event)) return false;
  if (event.kind !== 'delivery' || received === null) return true;
  // A queue id comes again: `delay=` tells when the message arrived.
  const arrival = event.at.time - event.delay * SECOND;
  return Math.abs(arrival - received) < SLACK + event.delay * 0.02 * SECOND;
}

/** What stays the same from one attempt to the next. */
function wordsOf(event: Attempt): number {
  const { instance } = event.at;
  return event.kind === 'qmgr.active'
    ? textHash(`${instance}|${event.sender}|${event.size}|${event.nrcpt}`)
    : textHash(`${instance}|${event.recipient}|${event.originalTo}`);
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
