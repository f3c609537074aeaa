/**
 * The joiner: which events are one message.
 *
 * Each line belongs to a node: a life of a queue id, a run of amavis, or a refusal that has no id. Nodes hang
 * together by what lines say of each other (`queued as Q2`, `Queue-ID: Q1`, `queued_as: Q2/Q3`, `id=AMID`,
 * `orig_id=OLD`, `forwarded as Q3`), whichever line comes first: a node that is only mentioned is expected, and its
 * own lines find it. Two nodes that hang together are one case. A message-id joins nothing; where only likelihood
 * can tell, that is asked before cases rest (settling.ts).
 *
 * Cases at rest leave memory for the archive and come back when a line names one of their ids.
 */
import type { Event } from '../event.js';
import { amavisKey, childKey, noticeKey, queueKey } from '../keys.js';
import type { MailPath } from '../path.js';
import { isQueueId } from '../queue-id.js';
import { isLoopback, parseEndpoint, replyOf } from '../response.js';
import type { Archive, StoredCase } from './archive.js';
import { BeforeQueue } from './before-queue.js';
import { addChild, Cases } from './cases.js';
import { isUntold } from './ends.js';
import { Family } from './family.js';
import { add, takeOut } from './known.js';
import { Lives, type Mark, type Mention, type QueueEvent } from './lives.js';
import { type Case, type ChildRef, current, type Life, type Run } from './node.js';
import { RUN_TIME, type RunEvent, Runs } from './runs.js';
import { Settling } from './settling.js';
import { SmtpdSessions } from './smtpd-sessions.js';

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
/** How long a finished case stays for lines that come late, and an unfinished one that nothing happens to. */
const REST_FINISHED = 10 * SECOND;
const REST_OPEN = 60 * SECOND;
/**
 * More lines than this in memory and the oldest cases rest early. A case itself weighs as much as a few lines; one to
 * ten thousands of recipients no more than others, as it would come and go with every few of its lines.
 */
const MAX_LINES = 25_000;
const CASE_LINES = 3;
const MOST_OF_CASE = 100;
/** Digits of the time with which Postfix begins a message-id of its own: `20261123144935.QUEUEID@host`. */
const OWN_STAMP = 14;
const NONE: readonly Event[] = [];

type Delivery = Extract<Event, { kind: 'delivery' }>;

/** The ids of one message. */
export interface MessageIds {
  readonly queueIds: readonly string[];
  readonly amavisId: string;
  readonly mailId: string | null;
  /** Microseconds: when it began. */
  readonly time: number;
}

/** The keys under which the archive may have somebody else's line that names one of a message's ids. */
export function othersKeys({ queueIds, amavisId, mailId }: Omit<MessageIds, 'time'>): string[] {
  const keys = [amavisKey(amavisId)];
  for (const queueId of queueIds) keys.push(queueKey(queueId), childKey(queueId));
  if (mailId !== null) keys.push(noticeKey(mailId));
  return keys;
}

/** Cases that have left memory: those that are to be stored, those that the archive has as they are, and what is neither. */
export interface Rested {
  readonly changed: readonly Case[];
  readonly known: readonly Case[];
  /** What amavis noted in runs of which no line tells whose they were. */
  readonly nameless: readonly Event[];
}

export class Joiner {
  readonly #archive: Archive;
  readonly #path: MailPath;
  readonly #lives = new Lives();
  readonly #runs = new Runs();
  readonly #cases = new Cases(this.#lives);
  readonly #family: Family;
  readonly #beforeQueue: BeforeQueue;
  readonly #sessions = new SmtpdSessions();
  readonly #settling: Settling;

  constructor(path: MailPath, archive: Archive) {
    this.#path = path;
    this.#archive = archive;
    const recall = (key: string, time: number, within?: number): boolean => this.#recall(key, time, within);
    this.#family = new Family(this.#cases, this.#lives, this.#runs, recall);
    this.#beforeQueue = new BeforeQueue(this.#cases, {
      recall,
      answeredBy: (...told) => this.#answeredBy(...told),
      leadsTo: (...told) => this.#leadsTo(...told),
    });
    this.#settling = new Settling(path, {
      under: (key, time, within, most) => this.#under(key, time, within, most),
      join: (one, other) => {
        this.#cases.join(one, other);
        return current(one);
      },
      separate: (which) => this.#separate(which),
      move: (event, from, to) => this.#move(event, from, to),
      forget: (which, heir) => this.#forget(which, heir),
      adopt: ({ parent, mailId, copy, queueId }) => {
        this.#family.setParent(copy, mailId, 'notification');
        addChild(parent, { queueId, kind: 'notification' });
      },
    });
  }

  get size(): number {
    return this.#cases.open.size;
  }

  /** Takes an event in. The case that it belongs to, or undefined when it is about no message (or is known). */
  apply(event: Event): Case | undefined {
    return this.#place(event, null);
  }

  /**
   * Whether no other line named any of a message's ids, so that it is nobody's but its own. `mayBeStored` is false where
   * the archive is known to have nothing under `othersKeys`.
   */
  isUnknown(ids: MessageIds, mayBeStored: boolean): boolean {
    const { queueIds, amavisId, mailId, time } = ids;
    for (const queueId of queueIds) if (this.#lives.has(queueId)) return false;
    if (this.#runs.has(amavisId) || (mailId !== null && this.#family.has(mailId))) return false;
    if (!mayBeStored) return true;
    const run = amavisKey(amavisId);
    return othersKeys(ids).every(
      (key) => this.#archive.recall(key, time, key === run ? RUN_TIME : undefined, 1).length === 0,
    );
  }

  /** Whether a message with the queue id is in memory. */
  hasLife(queueId: string): boolean {
    return this.#lives.has(queueId);
  }

  /**
   * The run of amavis that a reply on the host names, taken out of memory; null when no line of it is known. Undefined
   * when more hangs together with it.
   */
  takeRun(amavisId: string, host: string, time: number): Case | null | undefined {
    const run = this.#runs.mentioned(amavisId, host, time);
    if (run === undefined)
      return this.#archive.recall(amavisKey(amavisId), time, RUN_TIME, 1).length === 0 ? null : undefined;
    const which = current(run.case);
    if (!isBareRun(which)) return undefined;
    this.#release(which);
    return which;
  }

  /** A line was written on the host at this time (microseconds), whoever took it. */
  hear(host: string, time: number): void {
    this.#cases.hear(host, time);
  }

  /** A queue manager or cleanup logged under the name on the host. */
  learnInstance(host: string, instance: string): void {
    this.#lives.learnInstance(host, instance);
  }

  /** Cases at rest, taken out of memory. */
  rest(): Rested {
    const idle = this.#idle();
    // Asking takes others back into memory; whoever has to go for that is to be asked first, the next time.
    const resting = this.#settling.settle(idle, true)
      ? this.#idle().filter(({ unsettled }) => !unsettled)
      : idle;
    for (const open of resting) this.#release(open);
    return rested(resting);
  }

  /** Asks at once what is likely, though later lines may prove it wrong: who shows messages as they go on wants that. */
  settle(): void {
    this.#settling.settle(this.#cases.open, false);
  }

  /** All cases at rest, taken out of memory. */
  resting(): Case[] {
    const resting = this.#idle();
    for (const open of resting) this.#release(open);
    return resting;
  }

  #idle(): Case[] {
    const resting: Case[] = [];
    let crowd = -MAX_LINES;
    for (const open of this.#cases.open) crowd += weightOf(open);
    for (const open of this.#cases.open) {
      const idle = this.#cases.idle(open);
      if (idle < REST_FINISHED && crowd <= 0) break;
      if (crowd <= 0 && idle < REST_OPEN && !isFinished(open)) continue;
      crowd -= weightOf(open);
      resting.push(open);
    }
    return resting;
  }

  /** All cases, taken out of memory: at the end of a log, before another is read. */
  drain(): Rested {
    this.#settling.settle(this.#cases.open, true);
    const all = [...this.#cases.open];
    for (const open of all) this.#release(open);
    this.#cases.forgetClocks();
    this.#beforeQueue.clear();
    this.#sessions.clear();
    this.#family.clear();
    return rested(all);
  }

  /** Cases in memory that differ from what is stored; they stay. The caller stores them and calls `stored`. */
  changed(): Case[] {
    return [...this.#cases.open].filter(worthStoring);
  }

  /** Events that are no message's yet: kept beside the stored cases, they are applied first after a restart. */
  *loose(): IterableIterator<Event> {
    yield* this.#beforeQueue.sessions();
    yield* this.#sessions.actions();
    for (const open of this.#cases.open) if (open.dirty && !worthStoring(open)) yield* open.events;
  }

  /** Takes stored cases back as if they had never left memory: after a restart. */
  resume(cases: Iterable<StoredCase>): void {
    for (const stored of cases) if (!this.#cases.loaded.has(stored.ref)) this.#revive(stored);
  }

  /** The cases in memory. */
  held(): Iterable<Case> {
    return this.#cases.open;
  }

  /** Whether the case that is stored under this number is in memory. */
  holds(ref: number): boolean {
    return this.#cases.loaded.has(ref);
  }

  /** The case now rests in the archive under this number, too. */
  stored(which: Case, ref: number): void {
    which.dirty = false;
    for (const before of which.refs) this.#cases.loaded.delete(before);
    which.refs.length = 0;
    which.refs.push(ref);
    if (this.#cases.open.has(which)) this.#cases.loaded.set(ref, which);
  }

  /** Which case an event belongs to. While a stored case is taken back, its events are all `home`'s. */
  #place(event: Event, home: Case | null): Case | undefined {
    switch (event.kind) {
      case 'smtpd.client':
      case 'pickup':
      case 'cleanup.message-id':
      case 'cleanup.action':
      case 'cleanup.aborted':
      case 'qmgr.active':
      case 'removed':
      case 'qmgr.expired':
      case 'qmgr.skipped':
      case 'delivery':
      case 'bounce':
      case 'postsuper':
      case 'queue.note':
        return this.#queueEvent(event, home);
      case 'smtpd.reject':
      case 'smtpd.action':
        if (event.queueId !== undefined) return this.#queueEvent({ ...event, queueId: event.queueId }, home);
        if (event.kind === 'smtpd.reject') {
          if (home === null) this.#sessions.refused(event);
          return this.#beforeQueue.refusal(event, home);
        }
        if (home !== null) return this.#cases.keep(home, event);
        this.#sessions.acted(event);
        return undefined;
      case 'smtpd.lost':
        return home === null ? this.#lost(event) : this.#cases.keep(home, event);
      case 'smtpd.disconnect':
        this.#beforeQueue.ended(event);
        this.#sessions.ended(event);
        return undefined;
      case 'smtpd.proxy':
        return this.#beforeQueue.proxy(event, home);
      case 'smtpd.session':
        return this.#beforeQueue.session(event, home);
      case 'amavis.verdict':
      case 'amavis.recipient':
      case 'amavis.forward':
      case 'amavis.received':
      case 'amavis.checking':
      case 'amavis.timing':
        return this.#runEvent(event, home);
      case 'amavis.note': {
        if (event.amavisId === undefined) return undefined;
        const run = this.#runFor(event.amavisId, event, event.mailId ?? null, home);
        return this.#cases.keep(run.case, event);
      }
      case 'amavis.release': {
        const run = this.#runFor(event.amavisId, event, null, home);
        this.#family.setParent(run.case, event.releasedMailId, 'release');
        this.#family.released(run.case, event.at.time);
        return this.#cases.keep(run.case, event);
      }
      case 'dovecot.saved':
      case 'dovecot.failed':
        // The mailbox's own word on a delivery that Postfix' line tells of, too.
        return undefined;
      case 'connect.failed':
      case 'system.note':
      case 'log.lost':
        return undefined;
    }
  }

  // ---- queue ids -----------------------------------------------------------------------------------------------

  #queueEvent(event: QueueEvent, home: Case | null): Case | undefined {
    const life = this.#lifeFor(event, home);
    this.#lives.note(life, event);
    const kept = this.#cases.keep(life.case, event);
    // Also of a line that is known: what was read again before it belongs to no other.
    if (home === null) for (const action of this.#actionsOn(life, event)) this.#cases.keep(life.case, action);
    if (kept === undefined) return undefined;
    switch (event.kind) {
      case 'smtpd.client':
        this.#beforeQueue.received(life, event);
        for (const expected of this.#lives.expected(event)) this.#cases.join(life.case, expected.case);
        if (event.origQueueId !== undefined) this.#sameChain(life.case, event.origQueueId, event, home);
        break;
      case 'pickup':
        if (event.origQueueId !== undefined) this.#sameChain(life.case, event.origQueueId, event, home);
        break;
      case 'cleanup.message-id':
        if (event.resent === true) this.#family.releasedAs(life, event.messageId, event.at.time, home);
        else this.#family.notice(life, event.messageId, event.at.time);
        break;
      case 'qmgr.active':
        if (home === null) this.#beforeQueue.adoptRefusals(life, event.at.host);
        break;
      case 'delivery':
        this.#delivered(life, event, home);
        break;
      case 'bounce':
        this.#family.child(
          life.case,
          event.queueId,
          event.childQueueId,
          childKind(event.notification),
          event,
          home,
        );
        break;
      default:
    }
    return life.case;
  }

  /** What access tables did to the message before it had its id, where this line tells that it was this one. */
  #actionsOn({ sender }: Life, event: QueueEvent): readonly Event[] {
    const { at, queueId } = event;
    if (event.kind !== 'smtpd.client' && event.kind !== 'qmgr.active') return NONE;
    const actions = event.kind === 'smtpd.client' ? this.#sessions.began(event) : NONE;
    return sender === null ? actions : [...actions, ...this.#sessions.queued(at.host, queueId, sender)];
  }

  /** The client went away: what its process was receiving has come to nothing, unless the queue has it. */
  #lost(event: Extract<Event, { kind: 'smtpd.lost' }>): Case | undefined {
    const { at } = event;
    const begun = this.#sessions.lastOf(event);
    if (begun === undefined) return undefined;
    const mention = {
      queueId: begun.queueId,
      host: at.host,
      instance: null,
      from: begun.at.time,
      to: begun.at.time,
      mark: null,
    };
    let life = this.#lives.mentioned(mention);
    if (life === undefined && this.#recall(queueKey(begun.queueId), begun.at.time))
      life = this.#lives.mentioned(mention);
    if (life === undefined || life.sender !== null || life.end !== null) return undefined;
    // It may be the next message that had no id yet: a header is logged only of what was sent.
    if (event.sending !== true && life.messageId !== null) return undefined;
    return this.#cases.keep(life.case, event);
  }

  #lifeFor(event: QueueEvent, home: Case | null): Life {
    if (home !== null) {
      const own = home.lives.find((life) => life.queueId === event.queueId);
      return own ?? this.#lives.begin(event, home);
    }
    const found = this.#lives.own(event);
    if (found?.seen) return found;
    const { time, host } = event.at;
    const known = this.#recall(queueKey(event.queueId), time);
    if (this.#recall(childKey(event.queueId), time) || known) {
      const recalled = this.#lives.own(event);
      if (recalled !== undefined) return recalled;
    }
    return found ?? this.#lives.begin(event, this.#cases.create(host, time));
  }

  #delivered(life: Life, event: Delivery, home: Case | null): void {
    const { at } = event;
    const from = life.starter ?? life.first;
    const { forwardedAs: forwarded, endpoint, amavisId, queuedAs: next, fromMta: behind } = replyOf(event);
    if (forwarded !== undefined) {
      const { instance } = life;
      const mention = { queueId: forwarded, host: at.host, instance, from, to: at.time, mark: life };
      this.#leadsTo(life.case, mention, at.time, false, home);
      return;
    }
    const local = endpoint !== undefined && isLoopback(endpoint.address);
    if (amavisId !== undefined && (local || this.#path.isFilter(endpoint))) {
      this.#answeredBy(life.case, amavisId, local ? at.host : null, at.time, home);
    }
    if (next === undefined || endpoint === undefined || event.status !== 'sent') return;
    const back = behind === undefined ? undefined : parseEndpoint(behind);
    // A reply that another site's filter gave looks the same; it is this one's only if the way back is here.
    const certain = this.#path.isFilter(endpoint) || (local && behind !== undefined);
    const sameHost = local && (back === undefined || isLoopback(back.address));
    const mention: Mention = {
      queueId: next,
      host: sameHost ? at.host : null,
      instance: life.instance,
      from,
      to: at.time,
      mark: life,
    };
    const target = this.#leadsTo(life.case, mention, at.time, !certain, home);
    if (certain || (behind !== undefined && target.seen && local)) this.#path.learnFilter(endpoint);
  }

  /** `id` is where this message went on. The life that is meant, expected when it has not been seen. */
  #leadsTo(owner: Case, mention: Mention, time: number, weak: boolean, home: Case | null): Life {
    let life = home?.lives.find((candidate) => candidate.queueId === mention.queueId);
    if (life === undefined && home === null) {
      life = this.#lives.mentioned(mention);
      if (!life?.seen && this.#recall(queueKey(mention.queueId), time)) life = this.#lives.mentioned(mention);
      // Another host's id that is by chance one of ours is no proof: what came from there came in by smtpd.
      const isFar = weak && mention.host === null;
      if (isFar && life !== undefined && life.case !== owner && life.seen && life.starter === null)
        life = undefined;
    }
    if (life === undefined) {
      life = this.#lives.expect(mention, time, owner);
      life.weak = weak;
    } else if (!weak) {
      life.weak = false;
    }
    this.#cases.join(owner, life.case);
    return life;
  }

  /** `id` is another id of the same message, given before this one (requeued, or told by XFORWARD). */
  #sameChain(owner: Case, queueId: string, event: Event, home: Case | null): void {
    const { at } = event;
    const mark = markOf(event);
    if (!isQueueId(queueId) || isKnown(owner, queueId, mark)) return;
    const host = this.#lives.runsPostfix(at.host) ? at.host : null;
    const mention = {
      queueId,
      host,
      instance: instanceOf(owner),
      from: at.time - 6 * 24 * HOUR,
      to: at.time,
      mark,
    };
    this.#leadsTo(owner, mention, at.time, false, home);
  }

  // ---- amavis --------------------------------------------------------------------------------------------------

  #runEvent(event: RunEvent, home: Case | null): Case | undefined {
    const mailId = mailIdOf(event);
    const run = this.#runFor(event.amavisId, event, mailId, home);
    const kept = this.#cases.keep(run.case, event);
    if (kept === undefined) return undefined;
    if (event.kind === 'amavis.forward') {
      if (event.queuedAs === undefined || !isQueueId(event.queuedAs)) return run.case;
      if (event.direction === 'FWD') this.#reinjected(run, event.queuedAs, event, home);
      else {
        const parentId = mailId ?? event.mailId ?? run.mailId;
        this.#family.child(run.case, parentId, event.queuedAs, 'notification', event, home);
      }
      return run.case;
    }
    if (
      (event.kind === 'amavis.verdict' || event.kind === 'amavis.checking') &&
      event.queueId !== undefined
    ) {
      this.#sameChain(run.case, event.queueId, event, home);
    }
    if (event.kind === 'amavis.verdict' || event.kind === 'amavis.recipient') {
      for (const id of event.queuedAs ?? []) if (isQueueId(id)) this.#reinjected(run, id, event, home);
    }
    return run.case;
  }

  #runFor(amavisId: string, event: Event, mailId: string | null, home: Case | null): Run {
    const { host, time } = event.at;
    let run: Run | undefined;
    if (home !== null) {
      run = home.runs.find((candidate) => candidate.amavisId === amavisId);
    } else {
      run = this.#runs.own(amavisId, host, time, mailId);
      if (!run?.seen && this.#recall(amavisKey(amavisId), time, RUN_TIME))
        run = this.#runs.own(amavisId, host, time, mailId);
    }
    if (run === undefined) {
      run = this.#runs.begin(amavisId, host, time, home ?? this.#cases.create(host, time), true);
      if (home === null) this.#family.begun(run);
    }
    this.#runs.note(run, host, time, mailId);
    if (mailId !== null) this.#family.knows(run, mailId, time);
    return run;
  }

  #reinjected(run: Run, queueId: string, event: Event, home: Case | null): void {
    const { at } = event;
    const mark = markOf(event);
    if (isKnown(run.case, queueId, mark)) return;
    const host = this.#lives.runsPostfix(at.host) ? at.host : null;
    const instance = instanceOf(run.case);
    const from = Math.min(run.first, at.time) - HOUR;
    const mention = { queueId, host, instance, from, to: at.time, mark };
    this.#leadsTo(run.case, mention, at.time, false, home);
  }

  /** A reply named amavis' id. */
  #answeredBy(owner: Case, amavisId: string, host: string | null, time: number, home: Case | null): void {
    if (owner.runs.some((run) => run.amavisId === amavisId)) return;
    let run: Run | undefined;
    if (home === null) {
      run = this.#runs.mentioned(amavisId, host, time);
      if (!run?.seen && this.#recall(amavisKey(amavisId), time, RUN_TIME))
        run = this.#runs.mentioned(amavisId, host, time);
    }
    run ??= this.#runs.begin(amavisId, host ?? '', time, owner, false);
    this.#cases.join(owner, run.case);
  }

  // ---- cases ---------------------------------------------------------------------------------------------------

  #release(which: Case): void {
    this.#cases.release(which);
    this.#family.release(which);
    this.#beforeQueue.release(which);
    for (const life of which.lives) this.#lives.remove(life);
    for (const run of which.runs) this.#runs.remove(run);
  }

  /** Takes back what the archive has under the key; whether that was anything new. */
  #recall(key: string, time: number, within?: number): boolean {
    let any = false;
    for (const stored of this.#archive.recall(key, time, within)) {
      if (this.#cases.loaded.has(stored.ref)) continue;
      this.#revive(stored);
      any = true;
    }
    return any;
  }

  /** What is filed under the key, whether it was in memory or is taken back. */
  #under(key: string, time: number, within: number, most: number): Case[] {
    return this.#archive.recall(key, time, within, most).map((stored) => {
      const loaded = this.#cases.loaded.get(stored.ref);
      return loaded === undefined ? this.#revive(stored) : current(loaded);
    });
  }

  /** Places the events anew, without what was only likely. */
  #separate(which: Case): readonly Case[] {
    this.#release(which);
    // What the store has of it is not to come back meanwhile.
    for (const ref of which.refs) this.#cases.loaded.set(ref, which);
    const placed = which.events.flatMap((event) => this.#place(event, null) ?? []);
    const parts = [...new Set(placed.map(current))];
    const [first] = parts.toSorted((a, b) => earliest(a) - earliest(b));
    if (first === undefined) return [];
    which.mergedInto = first;
    for (const ref of which.refs) {
      first.refs.push(ref);
      this.#cases.loaded.set(ref, first);
    }
    first.parent ??= which.parent;
    for (const child of which.children) {
      if (!parts.some(({ children }) => children.some(({ queueId }) => queueId === child.queueId)))
        addChild(parts.find(({ runs }) => runs.length > 0) ?? first, child);
    }
    for (const part of parts) part.unsettled = false;
    return parts;
  }

  #move(event: Event, from: Case, to: Case | null): void {
    const holder = current(from);
    takeOut(holder, event);
    holder.dirty = true;
    const owner = to === null ? null : current(to);
    if (owner !== null && add(owner, event)) owner.dirty = true;
  }

  #forget(which: Case, to: Case): void {
    this.#release(which);
    if (which.refs.length === 0) return;
    const heir = current(to);
    for (const ref of which.refs) {
      heir.refs.push(ref);
      this.#cases.loaded.set(ref, heir);
    }
    heir.dirty = true;
  }

  #revive(stored: StoredCase): Case {
    const first = stored.events[0];
    const home = this.#cases.create(first?.at.host ?? '', first?.at.time ?? 0);
    home.refs.push(stored.ref);
    this.#cases.loaded.set(stored.ref, home);
    home.parent = stored.parent;
    home.children.push(...stored.children);
    home.likely.push(...stored.likely);
    for (const event of stored.events) this.#place(event, home);
    // Whose notice it is may be known only now.
    home.dirty = home.parent !== stored.parent || home.children.length > stored.children.length;
    home.unsettled = false;
    // Once its missing lines come, another may be told by what it is not.
    home.asks ||= isUntold(home, this.#path);
    home.touched = this.#cases.clock(home.host) || home.touched;
    return home;
  }
}

/** The instance that the message is known to be in; a line of amavis' names none. */
function instanceOf({ lives }: Case): string | null {
  return lives.find(({ instance }) => instance !== null)?.instance ?? null;
}

/** Whether the case has the id. One that was only mentioned may be found by what this line says of the message. */
function isKnown({ lives }: Case, queueId: string, mark: Mark | null): boolean {
  return lives.some((life) => life.queueId === queueId && (life.seen || mark === null));
}

/** What amavis says of the message that it had. */
function markOf(event: Event): Mark | null {
  switch (event.kind) {
    case 'amavis.verdict':
      return { sender: event.sender, messageId: event.messageId ?? null };
    case 'amavis.recipient':
    case 'amavis.forward':
      return { sender: event.sender, messageId: null };
    default:
      return null;
  }
}

/** The mail_id of the message itself; a SEND line begins with that of amavis' own notice. */
function mailIdOf(event: RunEvent): string | null {
  if (event.kind === 'amavis.forward' && event.direction === 'SEND') return event.parentMailId ?? null;
  return 'mailId' in event ? (event.mailId ?? null) : null;
}

function earliest({ events }: Case): number {
  return Math.min(...events.map(({ at }) => at.time));
}

function weightOf({ events }: Case): number {
  return Math.min(events.length, MOST_OF_CASE) + CASE_LINES;
}

function rested(cases: readonly Case[]): Rested {
  const changed: Case[] = [];
  const known: Case[] = [];
  const nameless: Event[] = [];
  for (const which of cases) {
    if (worthStoring(which)) changed.push(which);
    else if (!which.dirty && which.refs.length > 0) known.push(which);
    else nameless.push(...namelessNotes(which));
  }
  return { changed, known, nameless };
}

/** What amavis noted in a run that ended before a line named its message. */
export function namelessNotes({ refs, events }: Case): readonly Event[] {
  return refs.length > 0 ? NONE : events.filter(({ kind }) => kind === 'amavis.note');
}

/** A case is stored for its message; one that another only mentions, or of which no line tells that there is one, has none. */
function worthStoring(which: Case): boolean {
  return which.dirty && which.events.some((event) => tellsOfMessage(event, which));
}

/**
 * Not a note of amavis that names none; nor what cleanup says first of Postfix' own mail: a bounce is begun before it
 * turns out that nobody wants it (NOTIFY=NEVER, as who is added by always_bcc has it), and nothing more is said of it.
 */
function tellsOfMessage(event: Event, { parent }: Case): boolean {
  switch (event.kind) {
    case 'amavis.note':
    case 'amavis.timing':
      return false;
    case 'cleanup.message-id':
      return parent !== null || event.messageId.indexOf(`.${event.queueId}@`) !== OWN_STAMP;
    default:
      return true;
  }
}

/** Whether it is one run of amavis, and nothing else is known of it. */
function isBareRun({ runs, lives, anonymous, parent, children, likely, refs }: Case): boolean {
  const others = lives.length + anonymous.length + children.length + likely.length + refs.length;
  return runs.length === 1 && others === 0 && parent === null;
}

/** Whether every id's life is over and nothing that was mentioned is missing. */
function isFinished(which: Case): boolean {
  for (const life of which.lives) {
    if (life.weak && !life.seen) continue;
    if (!life.seen || life.end === null) return false;
  }
  return which.runs.every((run) => run.seen);
}

function childKind(notification: string): ChildRef['kind'] {
  if (notification.includes('delay')) return 'delay-notice';
  return notification.includes('non-delivery') ? 'bounce' : 'notification';
}

export type { Case } from './node.js';
