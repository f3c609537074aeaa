/**
 * The joiner: which events are one message.
 *
 * Each line belongs to a node: a life of a queue id, a run of amavis, or a refusal that has no id. Nodes hang
 * together by what lines say of each other (`queued as Q2`, `Queue-ID: Q1`, `queued_as: Q2/Q3`, `id=AMID`,
 * `orig_id=OLD`, `forwarded as Q3`), whichever line comes first: a node that is only mentioned is expected, and its
 * own lines find it. Two nodes that hang together are one case. A message-id joins nothing.
 *
 * Cases at rest leave memory for the archive and come back when a line names one of their ids.
 */
import type { Event } from '../event.js';
import { amavisKey, childKey, mailKey, noticeKey, queueKey, refusalKey } from '../keys.js';
import type { MailPath } from '../path.js';
import { isQueueId } from '../queue-id.js';
import { amavisIdIn, isLoopback, parseEndpoint, queuedAs, replyOf } from '../response.js';
import type { Archive, StoredCase } from './archive.js';
import { knows } from './known.js';
import { LinkedMap } from './linked-map.js';
import { Lives, type Mention, type QueueEvent } from './lives.js';
import { LooseEnds } from './loose-ends.js';
import { type Case, type ChildRef, current, type Life, type Run } from './node.js';
import { noticeParent, releaseRun } from './notice.js';
import { OpenCases } from './open-cases.js';
import { RUN_TIME, type RunEvent, Runs } from './runs.js';
import { leavesQuestion, Settling } from './settling.js';

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
/** How long a finished case stays for lines that come late, and an unfinished one that nothing happens to. */
const REST_FINISHED = 10 * SECOND;
const REST_OPEN = 60 * SECOND;
/** Refusals by one process of one sender's recipients within this time are one message's. */
const REFUSAL_GAP = 10 * SECOND;
/** How long a message may take before the queue: as long as smtpd waits for its proxy, and more. */
const PROXY_TIME = 600 * SECOND;
/** Sessions of one smtpd process that are kept. */
const MAX_SESSIONS = 20;
/** More open cases than this and the oldest rest early. */
const MAX_OPEN = 20_000;

type Delivery = Extract<Event, { kind: 'delivery' }>;
type Proxy = Extract<Event, { kind: 'smtpd.proxy' }>;
type Session = Extract<Event, { kind: 'smtpd.session' }>;
type Refusal = Extract<Event, { kind: 'smtpd.reject' }>;

export class Joiner {
  readonly #archive: Archive;
  readonly #path: MailPath;
  readonly #lives = new Lives();
  readonly #runs = new Runs();
  /** Cases in memory, the longest untouched first. */
  readonly #open = new OpenCases();
  readonly #loaded = new Map<number, Case>();
  /** The newest time of each host's lines. */
  readonly #clocks = new Map<string, number>();
  /** Refusals without an id, by their keys. */
  readonly #refusals = new LinkedMap<Case>();
  /** `NOQUEUE: client=` lines by smtpd process, for what its proxy line will tell. */
  readonly #sessions = new LooseEnds<Session[]>();
  /** Cases with a proxy line, by smtpd process and time. */
  readonly #proxies = new LooseEnds<Case[]>();
  /** Lives by the smtpd process that received them last. */
  readonly #received = new LooseEnds<Life[]>();
  /** Runs by mail_id: unique in itself, but a copy of a log under another host name must not mix. */
  readonly #mails = new LinkedMap<Run[]>();
  readonly #notices = new LooseEnds<Life[]>();
  readonly #releases = new LooseEnds<Life>();
  readonly #settling: Settling;

  constructor(path: MailPath, archive: Archive) {
    this.#path = path;
    this.#archive = archive;
    this.#settling = new Settling(path, {
      under: (key, time, within, most) => this.#under(key, time, within, most),
      join: (one, other) => {
        this.#join(one, other);
        return current(one);
      },
      separate: (which) => this.#separate(which),
      move: (event, from, to) => this.#move(event, from, to),
      forget: (which, heir) => this.#forget(which, heir),
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes an event in. The case that it belongs to, or undefined when it is about no message (or is known). */
  apply(event: Event): Case | undefined {
    return this.#place(event, null);
  }

  /** Cases at rest, taken out of memory: those that changed are to be stored. */
  rest(): Case[] {
    const idle = this.#idle();
    const resting = this.#settling.settle(idle) ? this.#idle() : idle;
    for (const open of resting) this.#release(open);
    return resting.filter(worthStoring);
  }

  /** Asks at once what is likely, though later lines may prove it wrong: who shows messages as they go on wants that. */
  settle(): void {
    this.#settling.settle(this.#open);
  }

  /** All cases at rest, taken out of memory. */
  resting(): Case[] {
    const resting = this.#idle();
    for (const open of resting) this.#release(open);
    return resting;
  }

  #idle(): Case[] {
    const resting: Case[] = [];
    for (const open of this.#open) {
      const idle = (this.#clocks.get(open.host) ?? 0) - open.touched;
      const crowded = this.#open.size - resting.length > MAX_OPEN;
      if (idle < REST_FINISHED && !crowded) break;
      if (crowded || idle >= REST_OPEN || isFinished(open)) resting.push(open);
    }
    return resting;
  }

  /** All cases, taken out of memory: at the end of a log, before another is read. Those that changed are to be stored. */
  drain(): Case[] {
    this.settle();
    const all = [...this.#open];
    for (const open of all) this.#release(open);
    this.#clocks.clear();
    this.#sessions.clear();
    this.#received.clear();
    this.#proxies.clear();
    this.#notices.clear();
    this.#releases.clear();
    return all.filter(worthStoring);
  }

  /** Cases in memory that differ from what is stored; they stay. The caller stores them and calls `stored`. */
  changed(): Case[] {
    return [...this.#open].filter(worthStoring);
  }

  /** Events that are no message's yet: kept beside the stored cases, they are applied first after a restart. */
  *loose(): IterableIterator<Event> {
    for (const sessions of this.#sessions.values()) yield* sessions;
    for (const open of this.#open) if (open.dirty && !worthStoring(open)) yield* open.events;
  }

  /** Takes stored cases back as if they had never left memory: after a restart. */
  resume(cases: Iterable<StoredCase>): void {
    for (const stored of cases) if (!this.#loaded.has(stored.ref)) this.#revive(stored);
  }

  /** The cases in memory. */
  held(): Iterable<Case> {
    return this.#open;
  }

  /** Whether the case that is stored under this number is in memory. */
  holds(ref: number): boolean {
    return this.#loaded.has(ref);
  }

  /** The case now rests in the archive under this number, too. */
  stored(which: Case, ref: number): void {
    which.dirty = false;
    for (const before of which.refs) this.#loaded.delete(before);
    which.refs.length = 0;
    which.refs.push(ref);
    if (this.#open.has(which)) this.#loaded.set(ref, which);
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
        return event.kind === 'smtpd.reject' ? this.#refusal(event, home) : undefined;
      case 'smtpd.proxy':
        return this.#proxy(event, home);
      case 'smtpd.session':
        return this.#session(event, home);
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
        return this.#keep(run.case, event);
      }
      case 'amavis.release': {
        const run = this.#runFor(event.amavisId, event, null, home);
        this.#setParent(run.case, event.releasedMailId, 'release');
        this.#released(run.case, event.at.time);
        return this.#keep(run.case, event);
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
    const kept = this.#keep(life.case, event);
    if (kept === undefined) return undefined;
    switch (event.kind) {
      case 'smtpd.client':
        this.#rememberReceived(life, event.at.host, event.at.pid);
        for (const expected of this.#lives.expected(event)) this.#join(life.case, expected.case);
        if (event.origQueueId !== undefined) this.#sameChain(life.case, event.origQueueId, event, home);
        break;
      case 'pickup':
        if (event.origQueueId !== undefined) this.#sameChain(life.case, event.origQueueId, event, home);
        break;
      case 'cleanup.message-id':
        if (event.resent === true) this.#releasedAs(life, event.messageId, event.at.time, home);
        else this.#notice(life, event.messageId, event.at.time);
        break;
      case 'qmgr.active':
        if (home === null) this.#adoptRefusals(life, event.at.host);
        break;
      case 'delivery':
        this.#delivered(life, event, home);
        break;
      case 'bounce':
        this.#child(life.case, event.queueId, event.childQueueId, childKind(event.notification), event, home);
        break;
      default:
    }
    return life.case;
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
    return found ?? this.#lives.begin(event, this.#newCase(host, time));
  }

  #delivered(life: Life, event: Delivery, home: Case | null): void {
    const { at } = event;
    const from = life.starter ?? life.first;
    const { forwardedAs: forwarded, endpoint, amavisId, queuedAs: next, fromMta: behind } = replyOf(event);
    if (forwarded !== undefined) {
      const mention = { queueId: forwarded, host: at.host, instance: life.instance, from, to: at.time };
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
      // Another MTA's id that is by chance one of ours is no proof: what came from there came in by smtpd.
      if (weak && life !== undefined && life.case !== owner && life.seen && life.starter === null)
        life = undefined;
    }
    if (life === undefined) {
      life = this.#lives.expect(mention, time, owner);
      life.weak = weak;
    } else if (!weak) {
      life.weak = false;
    }
    this.#join(owner, life.case);
    return life;
  }

  /** `id` is another id of the same message, given before this one (requeued, or told by XFORWARD). */
  #sameChain(owner: Case, queueId: string, event: Event, home: Case | null): void {
    const { at } = event;
    if (!isQueueId(queueId) || owner.lives.some((life) => life.queueId === queueId)) return;
    const host = this.#lives.runsPostfix(at.host) ? at.host : null;
    const mention = {
      queueId,
      host,
      instance: instanceOf(owner),
      from: at.time - 6 * 24 * HOUR,
      to: at.time,
    };
    this.#leadsTo(owner, mention, at.time, false, home);
  }

  // ---- amavis --------------------------------------------------------------------------------------------------

  #runEvent(event: RunEvent, home: Case | null): Case | undefined {
    const mailId = mailIdOf(event);
    const run = this.#runFor(event.amavisId, event, mailId, home);
    const kept = this.#keep(run.case, event);
    if (kept === undefined) return undefined;
    if (event.kind === 'amavis.forward') {
      if (event.queuedAs === undefined || !isQueueId(event.queuedAs)) return run.case;
      if (event.direction === 'FWD') this.#reinjected(run, event.queuedAs, event, home);
      else
        this.#child(
          run.case,
          event.parentMailId ?? event.mailId,
          event.queuedAs,
          'notification',
          event,
          home,
        );
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
      run = this.#runs.begin(amavisId, host, time, home ?? this.#newCase(host, time), true);
      const sent = home === null ? this.#releases.get(`${amavisId}|${host}`) : undefined;
      if (sent !== undefined) this.#join(run.case, sent.case);
    }
    this.#runs.note(run, host, time, mailId);
    if (mailId !== null && this.#mails.get(mailId)?.includes(run) !== true) {
      this.#mails.set(mailId, [...(this.#mails.get(mailId) ?? []), run]);
      this.#noticesOf(run, mailId, time);
    }
    return run;
  }

  #reinjected(run: Run, queueId: string, event: Event, home: Case | null): void {
    const { at } = event;
    if (run.case.lives.some((life) => life.queueId === queueId)) return;
    const host = this.#lives.runsPostfix(at.host) ? at.host : null;
    const instance = instanceOf(run.case);
    const mention = { queueId, host, instance, from: Math.min(run.first, at.time) - HOUR, to: at.time };
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
    this.#join(owner, run.case);
  }

  // ---- before the queue ----------------------------------------------------------------------------------------

  /** Kept for the proxy line of its process that comes next; given to one that came before it in the log. */
  #session(event: Session, home: Case | null): Case | undefined {
    if (home !== null) return this.#keep(home, event);
    const { host, pid, time } = event.at;
    const key = `${host}|${pid}`;
    const list = (this.#sessions.get(key) ?? []).slice(-MAX_SESSIONS);
    this.#sessions.set(key, [...list, event], time);
    const bucket = Math.floor(time / PROXY_TIME);
    let given: Case | undefined;
    for (const near of [bucket, bucket + 1]) {
      const proxied = proxyKey(host, pid, near);
      const cases =
        this.#proxies.get(proxied) ?? (this.#recall(proxied, time) ? this.#proxies.get(proxied) : undefined);
      for (const one of cases ?? []) {
        const owner = current(one);
        if (isSessionOf(owner, event)) given = this.#keep(owner, event);
      }
    }
    return given;
  }

  #proxy(event: Proxy, home: Case | null): Case | undefined {
    const { at } = event;
    const key = refusalKey(`${at.host}|${at.pid}|${at.message}`, Math.floor(at.time / SECOND));
    const owner =
      home ?? this.#refusals.get(key) ?? this.#recalled(key, at.time) ?? this.#newCase(at.host, at.time);
    this.#nameless(owner, key);
    const shared = proxyKey(at.host, at.pid, Math.floor(at.time / PROXY_TIME));
    if (!owner.anonymous.includes(shared)) owner.anonymous.push(shared);
    const siblings = this.#proxies.get(shared) ?? [];
    if (!siblings.includes(owner))
      this.#proxies.set(shared, [...siblings, owner].slice(-MAX_SESSIONS), at.time);
    const kept = this.#keep(owner, event);
    if (kept === undefined) return undefined;
    if (home === null) {
      const sessions = this.#sessions.get(`${at.host}|${at.pid}`) ?? [];
      const latest = Math.max(...sessions.map((one) => one.at.time).filter((time) => time <= at.time));
      for (const session of sessions) {
        if (session.at.time === latest && isSessionOf(owner, session)) this.#keep(owner, session);
      }
    }
    const amavisId = event.amavisId ?? amavisIdIn(event.response);
    if (amavisId !== undefined) this.#answeredBy(owner, amavisId, at.host, at.time, home);
    const next = event.queuedAs ?? queuedAs(event.response);
    if (event.outcome === 'accept' && next !== undefined && isQueueId(next)) {
      const mention = { queueId: next, host: at.host, instance: null, from: at.time - HOUR, to: at.time };
      this.#leadsTo(current(owner), mention, at.time, false, home);
    }
    return current(owner);
  }

  /** `NOQUEUE: reject`: with its neighbours of the same sender and process, one refused message. */
  #refusal(event: Refusal, home: Case | null): Case | undefined {
    const { at } = event;
    const group = refusalGroup(event);
    const bucket = Math.floor(at.time / REFUSAL_GAP);
    const key = refusalKey(group, bucket);
    let owner = home ?? undefined;
    if (owner === undefined) {
      for (const near of [bucket, bucket - 1, bucket + 1]) {
        const nearKey = refusalKey(group, near);
        owner ??= this.#refusals.get(nearKey) ?? this.#recalled(nearKey, at.time);
      }
    }
    owner ??= this.#newCase(at.host, at.time);
    this.#nameless(owner, key);
    const kept = this.#keep(owner, event);
    if (kept === undefined || home !== null || owner.lives.length > 0) return kept;
    const life = this.#received
      .get(`${at.host}|${at.pid}`)
      ?.find((one) => one.sender === event.sender && isRefusalOf(one, event));
    if (life !== undefined) this.#join(life.case, owner);
    return current(owner);
  }

  /** Recipients that were refused before the message had an id (the first RCPT that is accepted gives it). */
  #adoptRefusals(life: Life, host: string): void {
    if (life.smtpd === 0 || life.starter === null) return;
    const bucket = Math.floor(life.starter / REFUSAL_GAP);
    const client = life.case.events.find((event) => event.kind === 'smtpd.client');
    if (client?.kind !== 'smtpd.client' || this.#refusals.size === 0) return;
    const group = `${host}|${life.smtpd}|${client.clientAddress}|${life.sender ?? ''}`;
    for (const near of [bucket, bucket - 1]) {
      const refused = this.#refusals.get(refusalKey(group, near));
      if (refused === undefined || refused.lives.length > 0) continue;
      const last = refused.events.at(-1);
      if (last?.kind === 'smtpd.reject' && isRefusalOf(life, last)) this.#join(life.case, refused);
    }
  }

  #rememberReceived(life: Life, host: string, pid: number): void {
    const key = `${host}|${pid}`;
    const list = this.#received.get(key);
    if (list === undefined) this.#received.set(key, [life], life.first);
    else {
      if (list.length >= 8) list.shift();
      list.push(life);
    }
  }

  #forgetReceived(life: Life): void {
    const key = `${life.host}|${life.smtpd}`;
    const list = this.#received.get(key);
    if (list === undefined) return;
    const rest = list.filter((one) => one !== life);
    if (rest.length === 0) this.#received.delete(key);
    else this.#received.set(key, rest, life.first);
  }

  #nameless(owner: Case, key: string): void {
    if (owner.anonymous.includes(key)) return;
    owner.anonymous.push(key);
    this.#refusals.set(key, owner);
  }

  // ---- parents and children ------------------------------------------------------------------------------------

  /** A message that this one gave rise to: a bounce, a notice. Another message, with a trace of its own. */
  #child(
    parent: Case,
    parentId: string,
    queueId: string,
    kind: ChildRef['kind'],
    event: Event,
    home: Case | null,
  ): void {
    addChild(parent, { queueId, kind });
    const { host, time } = event.at;
    const mention = { queueId, host, instance: null, from: time - HOUR, to: time };
    let life = this.#lives.mentioned(mention);
    if (home === null && !life?.seen && this.#recall(queueKey(queueId), time))
      life = this.#lives.mentioned(mention);
    life ??= this.#lives.expect(mention, time, this.#newCase(host, time));
    if (life.case === parent) return;
    this.#setParent(life.case, parentId, kind);
  }

  /** amavis' own notices carry the mail_id of the message that caused them in their Message-ID. */
  #notice(life: Life, messageId: string, time: number): void {
    const mailId = noticeParent(messageId);
    if (mailId !== undefined) this.#claim(life, mailId, time);
  }

  /** The life came of the message with this mail_id: its child, once that is known. */
  #claim(life: Life, mailId: string, time: number): void {
    let run = this.#mailOn(mailId, life.host);
    if (run === undefined && this.#recall(mailKey(mailId), time)) run = this.#mailOn(mailId, life.host);
    if (run !== undefined) this.#adopt(run, mailId, life);
    else this.#notices.set(mailId, [...(this.#notices.get(mailId) ?? []), life], time);
  }

  /** The run with the mail_id, on this host if there is one. */
  #mailOn(mailId: string, host: string): Run | undefined {
    const runs = this.#mails.get(mailId);
    return (
      runs?.find((run) => run.host === host) ??
      (this.#lives.runsPostfix(runs?.[0]?.host ?? '') ? undefined : runs?.[0])
    );
  }

  #noticesOf(run: Run, mailId: string, time: number): void {
    if (this.#notices.get(mailId) === undefined) this.#recall(noticeKey(mailId), time);
    const waiting = this.#notices.get(mailId) ?? [];
    const own = this.#lives.runsPostfix(run.host) ? waiting.filter(({ host }) => host === run.host) : waiting;
    for (const life of own) this.#adopt(run, mailId, life);
    if (own.length === waiting.length) this.#notices.delete(mailId);
  }

  #adopt(run: Run, mailId: string, life: Life): void {
    const child = life.case;
    if (run.case === child) return;
    if (child.parent === null) this.#setParent(child, mailId, 'notification');
    else if (child.parent.id !== mailId) return;
    addChild(run.case, { queueId: life.queueId, kind: child.parent?.kind ?? 'notification' });
    this.#touch(run.case, life.first);
  }

  /** The message that a release from quarantine sent: known by its Resent-Message-ID. */
  #releasedAs(life: Life, resentMessageId: string, time: number, home: Case | null): void {
    const amavisId = releaseRun(resentMessageId);
    if (amavisId === undefined) return;
    if (life.case.runs.some((run) => run.amavisId === amavisId)) {
      this.#released(life.case, time);
      return;
    }
    const find = (): Run | undefined => this.#runs.mentioned(amavisId, life.host, time);
    const known = home === null ? find() : undefined;
    const run =
      known ?? (home === null && this.#recall(amavisKey(amavisId), time, RUN_TIME) ? find() : undefined);
    if (run === undefined) {
      this.#releases.set(`${amavisId}|${life.host}`, life, time);
      return;
    }
    this.#join(run.case, life.case);
    this.#released(current(life.case), time);
  }

  /** Tells the message that was in quarantine of what its release sent. */
  #released(child: Case, time: number): void {
    const { parent } = child;
    const life = child.lives[0];
    if (parent?.kind !== 'release' || life === undefined) return;
    this.#claim(life, parent.id, time);
  }

  #setParent(child: Case, id: string, kind: ChildRef['kind']): void {
    if (child.parent !== null) return;
    child.parent = { id, kind };
    child.dirty = true;
  }

  // ---- cases ---------------------------------------------------------------------------------------------------

  #newCase(host: string, time: number): Case {
    const made: Case = {
      host,
      events: [],
      lives: [],
      runs: [],
      anonymous: [],
      parent: null,
      children: [],
      likely: [],
      refs: [],
      touched: time,
      dirty: false,
      asks: false,
      unsettled: false,
      older: null,
      newer: null,
      mergedInto: null,
      seen: null,
    };
    this.#open.touch(made);
    return made;
  }

  /** Adds the event unless the case has it: the case, or undefined for a line read before. */
  #keep(owner: Case, event: Event): Case | undefined {
    this.#touch(owner, event.at.time, event.at.host);
    if (knows(owner, event)) return undefined;
    owner.events.push(event);
    owner.dirty = true;
    owner.unsettled = true;
    if (!owner.asks) owner.asks = leavesQuestion(event);
    return owner;
  }

  #touch(owner: Case, time: number, host = owner.host): void {
    const clock = this.#clocks.get(host);
    const now = clock === undefined || time > clock ? time : clock;
    if (now !== clock) this.#clocks.set(host, now);
    // The order of #open is only as fine as it needs to be.
    if (now - owner.touched < SECOND && this.#open.has(owner)) return;
    owner.touched = now;
    this.#open.touch(owner);
  }

  #join(one: Case, other: Case): void {
    const a = current(one);
    const b = current(other);
    if (a === b) return;
    const [into, from] = a.events.length >= b.events.length ? [a, b] : [b, a];
    for (const event of from.events) if (!knows(into, event)) into.events.push(event);
    for (const life of from.lives) {
      life.case = into;
      into.lives.push(life);
    }
    for (const run of from.runs) {
      run.case = into;
      into.runs.push(run);
    }
    for (const key of from.anonymous) this.#nameless(into, key);
    into.parent ??= from.parent;
    for (const child of from.children) addChild(into, child);
    into.likely.push(...from.likely);
    for (const ref of from.refs) {
      into.refs.push(ref);
      this.#loaded.set(ref, into);
    }
    // A mention whose life has been found has done its work.
    for (const life of into.lives.filter((one) => !one.seen)) {
      if (!into.lives.some((other) => other.seen && other.queueId === life.queueId)) continue;
      this.#lives.remove(life);
      into.lives.splice(into.lives.indexOf(life), 1);
    }
    into.dirty = true;
    into.unsettled = true;
    into.asks ||= from.asks;
    from.mergedInto = into;
    this.#open.delete(from);
  }

  #release(which: Case): void {
    this.#open.delete(which);
    for (const life of which.lives) {
      this.#lives.remove(life);
      if (life.smtpd !== 0) this.#forgetReceived(life);
      const notified = life.messageId === null ? undefined : noticeParent(life.messageId);
      if (notified !== undefined && this.#notices.get(notified)?.includes(life))
        this.#notices.delete(notified);
    }
    for (const run of which.runs) {
      this.#runs.remove(run);
      if (run.mailId !== null) this.#forgetMail(run.mailId, run);
    }
    for (const key of which.anonymous) {
      if (this.#refusals.get(key) === which) this.#refusals.delete(key);
      const proxies = this.#proxies.get(key)?.filter((one) => current(one) !== which);
      if (proxies?.length === 0) this.#proxies.delete(key);
      else if (proxies !== undefined) this.#proxies.set(key, proxies, which.touched);
    }
    for (const ref of which.refs) this.#loaded.delete(ref);
  }

  #forgetMail(mailId: string, run: Run): void {
    const rest = this.#mails.get(mailId)?.filter((one) => one !== run) ?? [];
    if (rest.length === 0) this.#mails.delete(mailId);
    else this.#mails.set(mailId, rest);
  }

  /** Takes back what the archive has under the key; whether that was anything new. */
  #recall(key: string, time: number, within?: number): boolean {
    let any = false;
    for (const stored of this.#archive.recall(key, time, within)) {
      if (this.#loaded.has(stored.ref)) continue;
      this.#revive(stored);
      any = true;
    }
    return any;
  }

  /** What is filed under the key, whether it was in memory or is taken back. */
  #under(key: string, time: number, within: number, most: number): Case[] {
    const found = this.#archive.recall(key, time, within).slice(0, most);
    return found.map((stored) => {
      const loaded = this.#loaded.get(stored.ref);
      return loaded === undefined ? this.#revive(stored) : current(loaded);
    });
  }

  /** Places the events anew, without what was only likely. */
  #separate(which: Case): readonly Case[] {
    this.#release(which);
    // What the store has of it is not to come back meanwhile.
    for (const ref of which.refs) this.#loaded.set(ref, which);
    const placed = which.events.flatMap((event) => this.#place(event, null) ?? []);
    const parts = [...new Set(placed.map(current))];
    const [first] = parts.toSorted((a, b) => earliest(a) - earliest(b));
    if (first === undefined) return [];
    which.mergedInto = first;
    for (const ref of which.refs) {
      first.refs.push(ref);
      this.#loaded.set(ref, first);
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
    holder.events.splice(holder.events.indexOf(event), 1);
    holder.seen = null;
    holder.dirty = true;
    const owner = to === null ? null : current(to);
    if (owner === null || knows(owner, event)) return;
    owner.events.push(event);
    owner.dirty = true;
  }

  #forget(which: Case, to: Case): void {
    this.#release(which);
    if (which.refs.length === 0) return;
    const heir = current(to);
    for (const ref of which.refs) {
      heir.refs.push(ref);
      this.#loaded.set(ref, heir);
    }
    heir.dirty = true;
  }

  #recalled(key: string, time: number): Case | undefined {
    return this.#recall(key, time) ? this.#refusals.get(key) : undefined;
  }

  #revive(stored: StoredCase): Case {
    const first = stored.events[0];
    const home = this.#newCase(first?.at.host ?? '', first?.at.time ?? 0);
    home.refs.push(stored.ref);
    this.#loaded.set(stored.ref, home);
    home.parent = stored.parent;
    home.children.push(...stored.children);
    home.likely.push(...stored.likely);
    for (const event of stored.events) this.#place(event, home);
    home.dirty = false;
    home.unsettled = false;
    home.touched = this.#clocks.get(home.host) ?? home.touched;
    return home;
  }
}

/** The instance that the message is known to be in; a line of amavis' names none. */
function instanceOf({ lives }: Case): string | null {
  return lives.find(({ instance }) => instance !== null)?.instance ?? null;
}

/** The mail_id of the message itself; a SEND line begins with that of amavis' own notice. */
function mailIdOf(event: RunEvent): string | null {
  if (event.kind === 'amavis.forward' && event.direction === 'SEND') return event.parentMailId ?? null;
  return 'mailId' in event ? (event.mailId ?? null) : null;
}

function earliest({ events }: Case): number {
  return Math.min(...events.map(({ at }) => at.time));
}

/** A case is stored for its message; one that another only mentions, or a note of amavis that names none, has none. */
function worthStoring(which: Case): boolean {
  return which.dirty && which.events.some(({ kind }) => kind !== 'amavis.note' && kind !== 'amavis.timing');
}

/** Whether every id's life is over and nothing that was mentioned is missing. */
function isFinished(which: Case): boolean {
  for (const life of which.lives) {
    if (life.weak && !life.seen) continue;
    if (!life.seen || life.end === null) return false;
  }
  return which.runs.every((run) => run.seen);
}

/** All messages that one smtpd process passed to its proxy within a while. */
function proxyKey(host: string, pid: number, bucket: number): string {
  return `p${host}|${pid}|${bucket}`;
}

/** Whether the session may be the proxied message's: no later one before its proxy line is known. */
function isSessionOf(owner: Case, session: Session): boolean {
  const proxied = owner.events.find(({ kind, at }) => kind === 'smtpd.proxy' && at.pid === session.at.pid);
  if (proxied === undefined || session.at.time > proxied.at.time) return false;
  return !owner.events.some(({ kind, at }) => kind === 'smtpd.session' && at.time > session.at.time);
}

function addChild(parent: Case, child: ChildRef): void {
  if (parent.children.some(({ queueId }) => queueId === child.queueId)) return;
  parent.children.push(child);
  parent.dirty = true;
}

function childKind(notification: string): ChildRef['kind'] {
  if (notification.includes('delay')) return 'delay-notice';
  return notification.includes('non-delivery') ? 'bounce' : 'notification';
}

/** Who refused whom; the sender and client as the message that follows would have them. */
function refusalGroup({ at, clientAddress, sender }: Refusal): string {
  return `${at.host}|${at.pid}|${clientAddress ?? ''}|${sender ?? ''}`;
}

/** A refused RCPT of a message whose first accepted RCPT came right after, in the same smtpd process. */
function isRefusalOf(life: Life, { stage, at }: Refusal): boolean {
  if (stage !== 'RCPT' || life.starter === null || life.smtpd !== at.pid) return false;
  return life.starter >= at.time && life.starter - at.time <= REFUSAL_GAP;
}

export type { Case } from './node.js';
