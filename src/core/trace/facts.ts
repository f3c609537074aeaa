/**
 * The events of one message, sorted by what they are about: each queue id's life and each run of amavis.
 *
 * The order of lines in a log is not causal order and may even be lost, so events are put into one canonical order
 * (time, then cause before effect) and everything after this is a function of the set of lines.
 */
import type { Event } from '../event.js';
import { filterDestination } from '../filter-action.js';
import type { ChildRef, ParentRef } from '../join/node.js';
import { endpointName, replyOf } from '../response.js';
import { isOfMessage } from '../stage.js';
import { quotedReply, wordsOf } from './quotes.js';
import { dropSeams } from './seams.js';
import type { Link } from './trace.js';

/** What a case hands over. */
export interface CaseFacts {
  readonly events: readonly Event[];
  readonly parent: ParentRef | null;
  readonly children: readonly ChildRef[];
  readonly likely: readonly Link[];
}

type Of<K extends Event['kind']> = Extract<Event, { readonly kind: K }>;

export type DeliveryEvent = Of<'delivery'>;

export interface LifeFacts {
  readonly queueId: string;
  first: number;
  last: number;
  client: Of<'smtpd.client'> | undefined;
  pickup: Of<'pickup'> | undefined;
  messageId: Of<'cleanup.message-id'> | undefined;
  /** The Resent-Message-ID. */
  resentId: string | undefined;
  /** The first and the last time that qmgr took it up. */
  active: Of<'qmgr.active'> | undefined;
  lastActive: number;
  readonly deliveries: DeliveryEvent[];
  removed: Of<'removed'> | undefined;
  expired: Of<'qmgr.expired'> | undefined;
  /** Refused or thrown away after it had its id. */
  aborted: Of<'cleanup.aborted' | 'cleanup.action' | 'smtpd.reject' | 'smtpd.lost'> | undefined;
  discarded: boolean;
  held: boolean;
  /** By postsuper. */
  released: boolean;
  requeued: boolean;
  /** A REDIRECT put another recipient in the place of all. */
  redirected: boolean;
  /** Recipients that only a refusal, hold or filter line names. */
  readonly named: string[];
  /** Endpoints on this machine that a FILTER named, by name. */
  readonly filters: Set<string>;
}

export interface RunFacts {
  readonly amavisId: string;
  first: number;
  last: number;
  mailId: string | null;
  /** The id before the filter, as amavis was told it. */
  queueId: string | null;
  readonly verdicts: Of<'amavis.verdict'>[];
  /** What the run says of each recipient, at a higher $log_level. */
  readonly told: Of<'amavis.recipient'>[];
  readonly forwards: Of<'amavis.forward'>[];
  readonly queuedAs: Set<string>;
  received: Of<'amavis.received'> | undefined;
  checking: Of<'amavis.checking'> | undefined;
  timing: Of<'amavis.timing'> | undefined;
  /** Set when this is no pass through the filter but a release from quarantine. */
  release: Of<'amavis.release'> | undefined;
}

export interface Facts {
  readonly events: readonly Event[];
  readonly lives: ReadonlyMap<string, LifeFacts>;
  readonly runs: ReadonlyMap<string, RunFacts>;
  readonly refusals: readonly Of<'smtpd.reject'>[];
  /** Refusals by the way back, before it gave an id: they are of this message, and not of a client. */
  readonly refusedBack: readonly Of<'smtpd.reject'>[];
  readonly proxies: readonly Of<'smtpd.proxy'>[];
  readonly sessions: readonly Of<'smtpd.session'>[];
}

export function gatherFacts(unordered: readonly Event[]): Facts {
  const events = canonicalOrder(unordered);
  const lives = new Map<string, LifeFacts>();
  const runs = new Map<string, RunFacts>();
  const refusals: Of<'smtpd.reject'>[] = [];
  const proxies: Of<'smtpd.proxy'>[] = [];
  const sessions: Of<'smtpd.session'>[] = [];
  for (const event of events) {
    const queueId = queueIdOf(event);
    if (queueId !== undefined) noteLife(lifeOf(lives, queueId, event.at.time), event);
    switch (event.kind) {
      case 'smtpd.reject':
        if (event.queueId === undefined || event.recipient !== undefined) refusals.push(event);
        break;
      case 'smtpd.proxy':
        proxies.push(event);
        break;
      case 'smtpd.session':
        sessions.push(event);
        break;
      case 'amavis.verdict':
      case 'amavis.recipient':
      case 'amavis.forward':
      case 'amavis.received':
      case 'amavis.checking':
      case 'amavis.timing':
      case 'amavis.note':
      case 'amavis.release':
        if (event.amavisId !== undefined) noteRun(runOf(runs, event.amavisId, event.at.time), event);
        break;
      default:
    }
  }
  // `postsuper -r ALL` says how many it requeued, and not which: the new id's line does.
  for (const { pickup } of lives.values()) {
    const before = lives.get(pickup?.origQueueId ?? '');
    if (before !== undefined) before.requeued = true;
  }
  for (const run of runs.values()) {
    if (run.verdicts.length === 0) run.verdicts.push(...verdictsTold(run));
    correctRecipients(run, lives);
    dropSeams(run, lives);
  }
  for (const event of events) {
    if (event.kind === 'smtpd.lost' || (event.kind === 'smtpd.action' && event.queueId === undefined))
      noteUnnamed(lives, event);
  }
  const quoted = refusals.some(({ queueId }) => queueId === undefined) ? quotedWords(lives, runs) : NONE;
  const refusedBack = refusals.filter(
    ({ queueId, response }) => queueId === undefined && quoted.has(wordsOf(response)),
  );
  const told =
    refusedBack.length === 0 ? refusals : refusals.filter((refusal) => !refusedBack.includes(refusal));
  // Sessions of one smtpd process: the last before the proxy line is the message's.
  const latest = sessions.filter(({ at }) => at.time === sessions.at(-1)?.at.time);
  const stale = new Set<Event>(sessions.filter((session) => !latest.includes(session)));
  const own = stale.size === 0 ? events : events.filter((event) => !stale.has(event));
  return { events: own, lives, runs, refusals: told, refusedBack, proxies, sessions: latest };
}

const NONE: ReadonlySet<string> = new Set();

/** The verdicts of a run whose main line the site turned off ($log_templ) or wrote in a form that no pattern knows. */
function verdictsTold({ told }: RunFacts): Of<'amavis.verdict'>[] {
  const found = new Map<string, Of<'amavis.verdict'>>();
  for (const { recipient, queuedAs = [], kind: _, ...line } of told) {
    const key = `${line.action} ${line.verdict} ${line.detail}`;
    const before = found.get(key);
    const recipients = recipient === '' ? [] : [recipient];
    found.set(key, {
      ...line,
      kind: 'amavis.verdict',
      recipients: [...(before?.recipients ?? []), ...recipients],
      queuedAs: [...new Set([...(before?.queuedAs ?? []), ...queuedAs])],
    });
  }
  return [...found.values()];
}

/**
 * A long list of recipients is split over several lines, and where these are out of order nobody can tell which piece
 * comes next; but Postfix logs each recipient that it handed over.
 */
function correctRecipients(run: RunFacts, lives: ReadonlyMap<string, LifeFacts>): void {
  const isSplit = ({ at }: Event): boolean => at.pieces !== undefined;
  if (!run.verdicts.some(isSplit) && !run.forwards.some(isSplit)) return;
  const passed: string[] = [];
  const blocked: string[] = [];
  for (const { deliveries } of lives.values()) {
    for (const delivery of deliveries) {
      const { queuedAs, amavisId } = replyOf(delivery);
      if (queuedAs !== undefined && run.queuedAs.has(queuedAs)) passed.push(delivery.recipient);
      else if (amavisId === run.amavisId) blocked.push(delivery.recipient);
    }
  }
  run.verdicts.forEach((verdict, i) => {
    const recipients = verdict.action === 'Passed' ? passed : blocked;
    if (isSplit(verdict) && recipients.length > 0) run.verdicts[i] = { ...verdict, recipients };
  });
  run.forwards.forEach((forward, i) => {
    if (isSplit(forward) && passed.length > 0) run.forwards[i] = { ...forward, recipients: passed };
  });
}

/** Replies of the way back, as the filter and the feed quote them. */
function quotedWords(
  lives: ReadonlyMap<string, LifeFacts>,
  runs: ReadonlyMap<string, RunFacts>,
): ReadonlySet<string> {
  const found = new Set<string>();
  const note = (response: string): void => {
    const words = quotedReply(response);
    if (words !== undefined) found.add(words);
  };
  for (const { deliveries } of lives.values()) for (const { response } of deliveries) note(response);
  for (const { forwards } of runs.values()) for (const { response } of forwards) note(response);
  return found;
}

/** The queue id that the line begins with. */
function queueIdOf(event: Event): string | undefined {
  switch (event.kind) {
    case 'amavis.verdict':
    case 'amavis.checking':
      // Theirs is the id before the filter.
      return undefined;
    default:
      return (event as { readonly queueId?: string }).queueId;
  }
}

function lifeOf(lives: Map<string, LifeFacts>, queueId: string, time: number): LifeFacts {
  let life = lives.get(queueId);
  if (life === undefined) {
    life = {
      queueId,
      first: time,
      last: time,
      client: undefined,
      pickup: undefined,
      messageId: undefined,
      resentId: undefined,
      active: undefined,
      lastActive: 0,
      deliveries: [],
      removed: undefined,
      expired: undefined,
      aborted: undefined,
      discarded: false,
      held: false,
      released: false,
      requeued: false,
      redirected: false,
      named: [],
      filters: new Set(),
    };
    lives.set(queueId, life);
  }
  life.last = time;
  return life;
}

function noteLife(life: LifeFacts, event: Event): void {
  switch (event.kind) {
    case 'smtpd.client':
      life.client ??= event;
      break;
    case 'pickup':
      life.pickup ??= event;
      break;
    case 'cleanup.message-id':
      if (event.resent === true) life.resentId = event.messageId;
      // Of several headers the first counts, as it does for amavis.
      if (life.messageId === undefined || (life.messageId.resent === true && event.resent !== true))
        life.messageId = event;
      break;
    case 'qmgr.active':
      life.active ??= event;
      life.lastActive = event.at.time;
      life.held = false;
      // The client tried again in the same session, and was heard.
      if (life.aborted?.kind === 'smtpd.reject') life.aborted = undefined;
      break;
    case 'delivery':
      life.deliveries.push(event);
      break;
    case 'removed':
      life.removed = event;
      break;
    case 'qmgr.expired':
      life.expired = event;
      break;
    case 'cleanup.aborted':
      life.aborted = event;
      break;
    case 'cleanup.action':
      noteAction(life, event);
      break;
    case 'smtpd.action':
      noteAction(life, event);
      break;
    case 'smtpd.reject':
      if (isOfMessage(event.stage)) life.aborted = event;
      break;
    case 'postsuper':
      if (event.action === 'hold') life.held = true;
      if (event.action === 'release') {
        life.held = false;
        life.released = true;
      }
      if (event.action === 'requeue') life.requeued = true;
      break;
    default:
  }
}

/** What smtpd said of the message that it was receiving, without its id. */
function noteUnnamed(lives: ReadonlyMap<string, LifeFacts>, event: Of<'smtpd.lost' | 'smtpd.action'>): void {
  for (const life of lives.values()) {
    if (life.client?.at.pid !== event.at.pid || life.client.clientAddress !== event.clientAddress) continue;
    if (event.kind === 'smtpd.action') noteAction(life, event);
    else if (life.active === undefined) life.aborted ??= event;
    return;
  }
}

function noteAction(life: LifeFacts, event: Of<'cleanup.action' | 'smtpd.action'>): void {
  const { action } = event;
  // What is said without an id is noted last; but what went on was held before that.
  const isOver = life.released || life.active !== undefined;
  if ((action === 'hold' || action === 'milter-hold') && !isOver) life.held = true;
  if (event.kind === 'cleanup.action' && (action === 'reject' || action === 'milter-reject'))
    life.aborted = event;
  if (action === 'discard' || action === 'milter-discard') life.discarded = true;
  if (action === 'redirect') life.redirected = true;
  const filter = filterDestination(event, life.queueId, life.active?.sender);
  if (filter !== undefined) life.filters.add(endpointName(filter));
  // The recipient may yet have been refused.
  const isBeforeId = event.queueId === undefined && action === 'filter';
  if (event.recipient !== undefined && !isBeforeId) life.named.push(event.recipient);
}

function runOf(runs: Map<string, RunFacts>, amavisId: string, time: number): RunFacts {
  let run = runs.get(amavisId);
  if (run === undefined) {
    run = {
      amavisId,
      first: time,
      last: time,
      mailId: null,
      queueId: null,
      verdicts: [],
      told: [],
      forwards: [],
      queuedAs: new Set(),
      received: undefined,
      checking: undefined,
      timing: undefined,
      release: undefined,
    };
    runs.set(amavisId, run);
  }
  run.last = time;
  return run;
}

function noteRun(run: RunFacts, event: Event): void {
  switch (event.kind) {
    case 'amavis.verdict':
      run.verdicts.push(event);
      run.mailId ??= event.mailId ?? null;
      run.queueId ??= event.queueId ?? null;
      for (const id of event.queuedAs ?? []) run.queuedAs.add(id);
      break;
    case 'amavis.recipient':
      run.told.push(event);
      for (const id of event.queuedAs ?? []) run.queuedAs.add(id);
      break;
    case 'amavis.forward':
      if (event.direction !== 'FWD') break;
      run.forwards.push(event);
      run.mailId ??= event.mailId ?? null;
      if (event.queuedAs !== undefined) run.queuedAs.add(event.queuedAs);
      break;
    case 'amavis.received':
      run.received ??= event;
      break;
    case 'amavis.checking':
      run.checking ??= event;
      run.mailId ??= event.mailId;
      run.queueId ??= event.queueId ?? null;
      break;
    case 'amavis.timing':
      run.timing ??= event;
      break;
    case 'amavis.release':
      run.release = event;
      break;
    default:
  }
}

/** Cause before effect, for lines of one moment. */
const RANK: Readonly<Record<Event['kind'], number>> = {
  'smtpd.session': 0,
  'smtpd.reject': 1,
  'smtpd.client': 2,
  pickup: 2,
  'smtpd.action': 3,
  'cleanup.message-id': 4,
  'cleanup.action': 5,
  'cleanup.aborted': 6,
  'smtpd.lost': 6,
  'smtpd.disconnect': 6,
  postsuper: 7,
  'amavis.release': 8,
  'qmgr.active': 8,
  'qmgr.skipped': 9,
  'amavis.received': 10,
  'amavis.checking': 11,
  'connect.failed': 12,
  'amavis.note': 13,
  'queue.note': 14,
  'amavis.forward': 15,
  'amavis.recipient': 16,
  'amavis.verdict': 17,
  'amavis.timing': 18,
  'smtpd.proxy': 19,
  'dovecot.failed': 20,
  'dovecot.saved': 21,
  delivery: 22,
  bounce: 23,
  'qmgr.expired': 24,
  removed: 25,
  'system.note': 26,
  'log.lost': 27,
};

/** Released before it is tried again, held or requeued after a try. */
const POSTSUPER_RANK = { release: 7, expire: 22, hold: 24, requeue: 25 } as const;

/** More than there are ranks. */
const RANKS = 64;
/** So many events are sorted by insertion. */
const FEW = 64;

function rank(event: Event): number {
  return event.kind === 'postsuper' ? POSTSUPER_RANK[event.action] : RANK[event.kind];
}

/** A new array in canonical order. */
function canonicalOrder(events: readonly Event[]): readonly Event[] {
  const sorted = [...events];
  if (sorted.length > FEW) return sorted.sort((a, b) => a.at.time - b.at.time || compare(a, b));
  const start = sorted[0]?.at.time ?? 0;
  const keys = sorted.map((event) => (event.at.time - start) * RANKS + rank(event));
  // By insertion: lines come nearly in order.
  for (let i = 1; i < sorted.length; i++) {
    const event = sorted[i] as Event;
    const key = keys[i] as number;
    let to = i;
    for (; to > 0; to--) {
      const before = sorted[to - 1] as Event;
      const beforeKey = keys[to - 1] as number;
      if (beforeKey < key || (beforeKey === key && compare(before, event) <= 0)) break;
      sorted[to] = before;
      keys[to] = beforeKey;
    }
    sorted[to] = event;
    keys[to] = key;
  }
  return sorted;
}

/** The order of lines of one moment. */
function compare(a: Event, b: Event): number {
  if (a.kind !== b.kind) return rank(a) - rank(b);
  if (a.kind === 'delivery' && b.kind === 'delivery') {
    if (a.delay !== b.delay) return a.delay - b.delay;
    if (a.status !== b.status) return Number(a.status !== 'deferred') - Number(b.status !== 'deferred');
  }
  if (a.kind === 'postsuper' && b.kind === 'postsuper' && a.action !== b.action) {
    return rank(a) - rank(b);
  }
  return a.at.message < b.at.message ? -1 : a.at.message > b.at.message ? 1 : a.at.pid - b.at.pid;
}

/** Whether Postfix wrote the message itself: a bounce, a notice to the postmaster. Such a Message-ID has its queue id. */
export function isOwnMail({ client, pickup, messageId, queueId }: LifeFacts): boolean {
  if (client !== undefined || pickup !== undefined) return false;
  return isOwnId(messageId?.messageId, queueId);
}

/** Whether the Message-ID is one that Postfix made for the message that has the queue id. */
export function isOwnId(messageId: string | undefined, queueId: string): boolean {
  return messageId?.includes(queueId) === true;
}

/** Who refused it. Where the head lost that: postscreen is the one that names no client but by its address. */
export function refusedBy({ at, clientName, clientAddress }: Of<'smtpd.reject'>): string {
  if (at.daemon !== '') return at.daemon;
  return clientName === undefined && clientAddress !== undefined ? 'postscreen' : 'smtpd';
}

/** What the way back does not take out of the quarantine stays there: who released it is told, and nobody tries again. */
export function isFailedRelease({ release, forwards }: RunFacts): boolean {
  return release !== undefined && forwards.some(({ response }) => /^[45]\d\d[ -]/.test(response));
}
