/**
 * Which life of a queue id a line belongs to.
 *
 * Short ids come again, sometimes within a second, log order is not causal order, and logs are cut; so a line is
 * given to the life that it fits by what it says, not to the one that was seen last.
 */
import type { Event } from '../event.js';
import { isLongQueueId } from '../queue-id.js';
import { replyOf } from '../response.js';
import { isOfMessage } from '../stage.js';
import { has } from './known.js';
import { LinkedMap } from './linked-map.js';
import { isNearby } from './nearby.js';
import type { Case, Life } from './node.js';

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
/** How far apart lines of one moment may stand in a log (and clocks on one host). */
export const SLACK = 10 * SECOND;
/** How long a message may wait: Postfix' maximal_queue_lifetime, and a day. */
const LIFETIME = 6 * 24 * HOUR;
/** How far apart the clocks of two zones may be: UTC-12 and UTC+14. */
const ZONES = 26 * HOUR;

/** An event whose line begins with a queue id. */
export type QueueEvent =
  | Extract<Event, { readonly kind: QueueKind }>
  | (Extract<Event, { readonly kind: 'smtpd.reject' | 'smtpd.action' }> & { readonly queueId: string });

type QueueKind =
  | 'smtpd.client'
  | 'pickup'
  | 'cleanup.message-id'
  | 'cleanup.action'
  | 'cleanup.aborted'
  | 'qmgr.active'
  | 'removed'
  | 'qmgr.expired'
  | 'qmgr.skipped'
  | 'delivery'
  | 'bounce'
  | 'postsuper'
  | 'queue.note';

/** Daemons that log under their instance's own name, whatever syslog_name a service has in master.cf. */
export const INSTANCE_DAEMONS = new Set(['qmgr', 'cleanup', 'pickup', 'postsuper']);

/** What a mention by another line says of the life it means. */
export interface Mention {
  readonly queueId: string;
  /** The host that it must be on; null when any may be meant. */
  readonly host: string | null;
  readonly instance: string | null;
  /** Between which times it must have begun. */
  readonly from: number;
  readonly to: number;
  /** What the line, or the queue id that it begins with, tells of the message. */
  readonly mark: Mark | null;
}

export class Lives {
  readonly #byId = new LinkedMap<Life[]>();
  /** Per host, the names under which a queue manager or cleanup has logged. */
  readonly #instances = new Map<string, Set<string>>();

  /** Whether a life of the queue id is in memory. */
  has(queueId: string): boolean {
    return this.#byId.get(queueId) !== undefined;
  }

  /** Whether Postfix itself logs on that host (a host may run the filter only). */
  runsPostfix(host: string): boolean {
    return this.#instances.has(host);
  }

  /** The life that a line of its own fits, among those in memory. */
  own(event: QueueEvent): Life | undefined {
    const { queueId } = event;
    const candidates = this.#byId.get(queueId);
    if (candidates === undefined) return undefined;
    let best: Life | undefined;
    for (const life of candidates) {
      if (!this.#sameQueue(life, event) || !fits(life, event)) continue;
      // What another host's reply named is this only if it came in by SMTP.
      if (life.weak && !life.seen && life.host === '' && event.kind !== 'smtpd.client') continue;
      if (best === undefined || this.#likelier(life, best, event)) best = life;
    }
    return best;
  }

  /** The life that another line means, among those in memory. */
  mentioned(mention: Mention): Life | undefined {
    const candidates = this.#byId.get(mention.queueId);
    if (candidates === undefined) return undefined;
    let best: Life | undefined;
    for (const life of candidates) {
      if (mention.host !== null && life.host !== '' && life.host !== mention.host) continue;
      if (!begunBetween(life, mention) || isOther(life, mention)) continue;
      if (best === undefined || better(life, best, mention)) best = life;
    }
    return best?.seen ? best : (inAnotherZone(candidates, mention) ?? best);
  }

  /** Lives that were only mentioned and that this `client=` line may belong to as well. */
  expected(event: QueueEvent): readonly Life[] {
    const candidates = this.#byId.get(event.queueId) ?? [];
    if (candidates.length < 2) return [];
    return candidates.filter((life) => !life.seen && this.#sameQueue(life, event) && fits(life, event));
  }

  /** A life that begins with a line of its own. */
  begin(event: QueueEvent, owner: Case): Life {
    const { at } = event;
    const life = newLife(event.queueId, at.host, at.time, owner, true);
    this.#add(life);
    return life;
  }

  /** A life of which only a mention is known yet; `weak` when it may never be seen here. */
  expect(mention: Mention, time: number, owner: Case): Life {
    const life = newLife(mention.queueId, mention.host ?? '', time, owner, false);
    this.#add(life);
    return life;
  }

  /** Takes down what a line of its own says of the life. */
  note(life: Life, event: QueueEvent): void {
    const { at } = event;
    if (INSTANCE_DAEMONS.has(at.daemon)) this.learnInstance(at.host, at.instance);
    if (!life.seen) {
      life.seen = true;
      life.weak = false;
      life.host = at.host;
      life.first = at.time;
      life.last = at.time;
    } else {
      if (at.time < life.first) life.first = at.time;
      if (at.time > life.last) life.last = at.time;
    }
    if (life.instance === null && this.#tellsInstance(event)) life.instance = at.instance;
    switch (event.kind) {
      case 'smtpd.client':
        noteStarter(life, event);
        life.smtpd = at.pid;
        life.nearby = isNearby(event.clientAddress);
        break;
      case 'pickup':
        noteStarter(life, event);
        break;
      case 'cleanup.message-id':
        if (event.resent !== true) noteMessageId(life, event.messageId);
        life.cleanup = at.pid;
        break;
      case 'qmgr.active':
        life.sender = event.sender;
        life.qmgr = at.pid;
        break;
      case 'removed':
      case 'cleanup.aborted':
        life.end = Math.max(life.end ?? 0, at.time);
        break;
      case 'postsuper':
        if (event.action === 'requeue') life.end = Math.max(life.end ?? 0, at.time);
        break;
      case 'cleanup.action':
        if (endsMessage(event.action)) life.end = Math.max(life.end ?? 0, at.time);
        break;
      case 'smtpd.reject':
        if (isOfMessage(event.stage)) life.end = Math.max(life.end ?? 0, at.time);
        break;
      default:
    }
  }

  remove(life: Life): void {
    const list = this.#byId.get(life.queueId);
    if (list === undefined) return;
    if (list.length === 1) this.#byId.delete(life.queueId);
    else list.splice(list.indexOf(life), 1);
  }

  #add(life: Life): void {
    const list = this.#byId.get(life.queueId);
    if (list === undefined) this.#byId.set(life.queueId, [life]);
    else list.push(life);
  }

  /** A queue manager or cleanup logged under the name. */
  learnInstance(host: string, instance: string): void {
    const names = this.#instances.get(host);
    if (names === undefined) this.#instances.set(host, new Set([instance]));
    else names.add(instance);
  }

  #isInstance(host: string, name: string): boolean {
    return this.#instances.get(host)?.has(name) === true;
  }

  /** Same host and instance. A name that no queue manager uses is a service's own syslog_name, of any instance. */
  #sameQueue(life: Life, event: QueueEvent): boolean {
    const { at } = event;
    if (life.host !== at.host && !(life.host === '' && !life.seen)) return false;
    return life.instance === null || life.instance === at.instance || !this.#tellsInstance(event);
  }

  /** Whether the line stands under its instance's name; a service may have one of its own. */
  #tellsInstance({ at }: QueueEvent): boolean {
    if (INSTANCE_DAEMONS.has(at.daemon)) return true;
    if (at.service !== '' || at.daemon === '') return false;
    return at.instance === DEFAULT_NAME || this.#isInstance(at.host, at.instance);
  }

  /** Of two lives that a line fits, whether the first is the likelier. */
  #likelier(life: Life, other: Life, event: QueueEvent): boolean {
    if (life.seen !== other.seen) return life.seen;
    const byName = rankOfName(life, event) - rankOfName(other, event);
    if (byName !== 0) return byName > 0;
    if (event.kind === 'delivery') {
      const byLine = Number(has(life.case, event)) - Number(has(other.case, event));
      if (byLine !== 0) return byLine > 0;
      const byNext = compareMarks(life, other, this.#nextOf(life, event));
      if (byNext !== 0) return byNext > 0;
    }
    const byProcess = Number(isOfQueueManager(life, event)) - Number(isOfQueueManager(other, event));
    if (byProcess !== 0) return byProcess > 0;
    return closer(life, other, event.at.time);
  }

  /** Lives that the delivery line may mean when it says what the message became. */
  #nextOf(life: Life, event: Extract<QueueEvent, { readonly kind: 'delivery' }>): readonly Life[] {
    const { queuedAs, forwardedAs } = replyOf(event);
    return this.#byId.get(forwardedAs ?? queuedAs ?? '')?.filter(({ host }) => host === life.host) ?? [];
  }
}

/** Postfix' syslog_name where nothing else is set. */
const DEFAULT_NAME = 'postfix';

function noteStarter(life: Life, { at }: QueueEvent): void {
  life.starter = at.time;
  life.starterPid = at.pid;
  life.starterName = at.instance;
}

function noteMessageId(life: Life, messageId: string): void {
  if (life.messageId === null) life.messageId = messageId;
  else if (life.messageId !== messageId && !life.otherMessageIds.includes(messageId))
    life.otherMessageIds = [...life.otherMessageIds, messageId];
}

/** Whether the message is still with the cleanup process that logs one more Message-ID header. */
function isFurtherHeader({ cleanup, sender, end, last }: Life, { at }: QueueEvent): boolean {
  return at.pid !== 0 && at.pid === cleanup && sender === null && end === null && at.time - last <= SECOND;
}

function rankOfName({ instance, starterName }: Life, { at }: QueueEvent): number {
  if (instance !== null) return instance === at.instance ? 2 : 0;
  return starterName === at.instance ? 1 : 0;
}

/** Whether no other queue manager than the one that wrote the line is known to have it. */
function isOfQueueManager({ qmgr }: Life, { at }: QueueEvent): boolean {
  return at.daemon !== 'qmgr' || qmgr === 0 || qmgr === at.pid;
}

/** What is known of a message, from one id's lines or another's. */
export interface Mark {
  readonly sender: string | null;
  readonly messageId: string | null;
}

/** How many of sender and message-id are known to differ. */
function unlikeness(one: Mark, other: Mark): number {
  return differ(one.messageId || null, other.messageId || null) + differ(one.sender, other.sender);
}

/** How many of them are known to be the same. */
function likeness(one: Mark, other: Mark): number {
  return (
    Number(one.sender !== null && one.sender === other.sender) +
    Number(!!one.messageId && one.messageId === other.messageId)
  );
}

/** Above 0 when the first of two lives is rather the message of one of the marks than the second, below 0 when less. */
function compareMarks(life: Life, other: Life, marks: readonly Mark[]): number {
  if (marks.length === 0) return 0;
  const least = (one: Life): number => Math.min(...marks.map((mark) => unlikeness(one, mark)));
  const most = (one: Life): number => Math.max(...marks.map((mark) => likeness(one, mark)));
  const against = least(other) - least(life);
  // What is new has told less of itself than what is over.
  return against !== 0 || isOverBefore(life, other) || isOverBefore(other, life)
    ? against
    : most(life) - most(other);
}

function isOverBefore({ end }: Life, { starter, first }: Life): boolean {
  return end !== null && end < (starter ?? first);
}

function differ(one: string | null, other: string | null): number {
  return one === null || other === null || one === other ? 0 : 1;
}

function newLife(queueId: string, host: string, time: number, owner: Case, seen: boolean): Life {
  const life: Life = {
    queueId,
    host,
    instance: null,
    first: time,
    last: time,
    starter: null,
    starterPid: 0,
    starterName: '',
    smtpd: 0,
    nearby: false,
    sender: null,
    messageId: null,
    otherMessageIds: [],
    cleanup: 0,
    qmgr: 0,
    end: null,
    seen,
    weak: false,
    case: owner,
  };
  owner.lives.push(life);
  return life;
}

/** cleanup actions after which nothing of the message remains here. */
function endsMessage(action: string): boolean {
  return (
    action === 'reject' || action === 'milter-reject' || action === 'discard' || action === 'milter-discard'
  );
}

/** Whether a line can be about this life, by when it was written and what it says. */
function fits(life: Life, event: QueueEvent): boolean {
  const { time } = event.at;
  if (life.seen && isLongQueueId(life.queueId)) return true;
  if (!life.seen) {
    // Mentioned at `first`: begun before that, though not an age ago.
    return event.kind === 'smtpd.client' || event.kind === 'pickup' || event.kind === 'cleanup.message-id'
      ? time <= life.first + SLACK && time >= life.first - HOUR
      : time >= life.first - HOUR && time <= life.first + LIFETIME;
  }
  if (event.kind === 'smtpd.client' || event.kind === 'pickup') {
    if (life.starter !== null) return isStarter(life, event);
    if (life.end !== null && time > life.end) return false;
    return life.first - time < LIFETIME && time <= life.first + SLACK;
  }
  if (life.end !== null && time > life.end + SLACK) return false;
  if (time < life.first - (life.starter !== null ? SLACK : LIFETIME)) return false;
  switch (event.kind) {
    case 'cleanup.message-id':
      return (
        event.resent === true ||
        life.messageId === null ||
        life.messageId === event.messageId ||
        life.otherMessageIds.includes(event.messageId) ||
        isFurtherHeader(life, event)
      );
    case 'qmgr.active':
      return life.sender === null || life.sender === event.sender;
    case 'delivery': {
      // After a long silence the id may be another message's: `delay=` tells when this one arrived.
      if (life.starter === null || life.smtpd === 0 || time - life.last < HOUR) return true;
      const arrival = time - event.delay * SECOND;
      return Math.abs(arrival - life.starter) < SLACK + event.delay * 0.02 * SECOND;
    }
    default:
      return true;
  }
}

/** Whether it is the line that began this life, read once more: a queue id has but one. */
function isStarter({ starter, starterPid }: Life, { at }: QueueEvent): boolean {
  if (Math.floor((starter ?? 0) / SECOND) !== Math.floor(at.time / SECOND)) return false;
  return starterPid === at.pid || starterPid === 0 || at.pid === 0;
}

/** Whether the first began later before the line, or else sooner after it. */
function closer(life: Life, other: Life, time: number): boolean {
  const [a, b] = [life.first <= time, other.first <= time];
  if (a !== b) return a;
  return a ? life.first > other.first : life.first < other.first;
}

function begunBetween(life: Life, { from, to }: Mention): boolean {
  if (!life.seen) return Math.abs(life.first - to) < HOUR;
  if (isLongQueueId(life.queueId)) return true;
  // Without its beginning it is only known to have begun before its first line.
  if (life.starter === null && life.messageId === null)
    return life.first <= to + LIFETIME && life.last >= from - SLACK;
  const start = life.starter ?? life.first;
  return start >= from - SLACK && start <= to + SLACK;
}

/**
 * The life that a line of another host means whose times are in another zone, as heads without a zone leave it open: the
 * id, the sender and the message-id agree.
 */
function inAnotherZone(candidates: readonly Life[], { host, mark, to }: Mention): Life | undefined {
  if (host !== null || mark === null) return undefined;
  const meant = candidates.filter(
    (life) => likeness(life, mark) === 2 && Math.abs((life.starter ?? life.first) - to) <= ZONES,
  );
  return meant.length === 1 ? meant[0] : undefined;
}

/** Whether it is plainly another message: a short id comes again. */
function isOther(life: Life, { mark }: Mention): boolean {
  return mark !== null && !isLongQueueId(life.queueId) && unlikeness(life, mark) === 2;
}

function better(life: Life, other: Life, mention: Mention): boolean {
  if (life.seen !== other.seen) return life.seen;
  if (mention.mark !== null) {
    const byMark = compareMarks(life, other, [mention.mark]);
    if (byMark !== 0) return byMark > 0;
  }
  if (
    mention.instance !== null &&
    (life.instance === mention.instance) !== (other.instance === mention.instance)
  ) {
    return life.instance === mention.instance;
  }
  return life.first > other.first;
}
