/**
 * What happens before a message has a queue id: clients and refusals without one (`NOQUEUE`), and the filter before the
 * queue.
 */
import type { Event } from '../event.js';
import { refusalKey } from '../keys.js';
import { isQueueId } from '../queue-id.js';
import { amavisIdIn, queuedAs } from '../response.js';
import type { Cases } from './cases.js';
import { sameLine } from './known.js';
import type { Mention } from './lives.js';
import { LooseEnds } from './loose-ends.js';
import { type Case, current, type Life } from './node.js';
import { SmtpdOrder } from './smtpd-order.js';

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
/** Refusals by one process of one sender's recipients within this time are one message's. */
export const REFUSAL_GAP = 10 * SECOND;
/** How long a message may take before the queue: as long as smtpd waits for its proxy, and more. */
const PROXY_TIME = 600 * SECOND;
/** More messages of one sender than this, refused by one process within a while, are not told apart. */
const MAX_REFUSED = 300;
/** Sessions of one smtpd process that are kept. */
const MAX_SESSIONS = 20;

type Proxy = Extract<Event, { kind: 'smtpd.proxy' }>;
type Session = Extract<Event, { kind: 'smtpd.session' }>;
type Refusal = Extract<Event, { kind: 'smtpd.reject' }>;
type Client = Extract<Event, { kind: 'smtpd.client' }>;

/** What a line here says of the nodes that have ids. */
interface Links {
  /** Takes back what the archive has under the key; whether that was anything new. */
  recall(key: string, time: number): boolean;
  answeredBy(owner: Case, amavisId: string, host: string | null, time: number, home: Case | null): void;
  leadsTo(owner: Case, mention: Mention, time: number, weak: boolean, home: Case | null): Life;
}

export class BeforeQueue {
  readonly #cases: Cases;
  readonly #links: Links;
  /** `NOQUEUE: client=` lines by smtpd process, for what its proxy line will tell. */
  readonly #sessions = new LooseEnds<Session[]>();
  /** Cases with a proxy line, by smtpd process and time. */
  readonly #proxies = new LooseEnds<Case[]>();
  /** Lives by the smtpd process that received them last. */
  readonly #received = new LooseEnds<Life[]>();
  readonly #order = new SmtpdOrder();

  constructor(cases: Cases, links: Links) {
    this.#cases = cases;
    this.#links = links;
  }

  /** Clients that no message is known of yet. */
  *sessions(): IterableIterator<Event> {
    for (const sessions of this.#sessions.values()) yield* sessions;
  }

  /** Kept for the proxy line of its process that comes next; given to one that came before it in the log. */
  session(event: Session, home: Case | null): Case | undefined {
    if (home !== null) return this.#cases.keep(home, event);
    const { host, pid, time } = event.at;
    const key = `${host}|${pid}`;
    const list = (this.#sessions.get(key) ?? []).slice(-MAX_SESSIONS);
    this.#sessions.set(key, [...list, event], host, time);
    const bucket = Math.floor(time / PROXY_TIME);
    let given: Case | undefined;
    for (const near of [bucket, bucket + 1]) {
      const proxied = proxyKey(host, pid, near);
      const cases =
        this.#proxies.get(proxied) ??
        (this.#links.recall(proxied, time) ? this.#proxies.get(proxied) : undefined);
      for (const one of cases ?? []) {
        const owner = current(one);
        if (isSessionOf(owner, event)) given = this.#cases.keep(owner, event);
      }
    }
    return given;
  }

  /** The filter before the queue answered: the message is its own, and what the answer names is part of it. */
  proxy(event: Proxy, home: Case | null): Case | undefined {
    const { at } = event;
    this.#order.mark(event);
    const key = refusalKey(`${at.host}|${at.pid}|${at.message}`, Math.floor(at.time / SECOND));
    const owner = home ?? this.#namedOrStored(key, at.time)[0] ?? this.#cases.create(at.host, at.time);
    this.#cases.name(owner, key);
    const shared = proxyKey(at.host, at.pid, Math.floor(at.time / PROXY_TIME));
    if (!owner.anonymous.includes(shared)) owner.anonymous.push(shared);
    const siblings = this.#proxies.get(shared) ?? [];
    if (!siblings.includes(owner))
      this.#proxies.set(shared, [...siblings, owner].slice(-MAX_SESSIONS), at.host, at.time);
    const kept = this.#cases.keep(owner, event);
    if (kept === undefined) return undefined;
    if (home === null) {
      const sessions = this.#sessions.get(`${at.host}|${at.pid}`) ?? [];
      const latest = Math.max(...sessions.map((one) => one.at.time).filter((time) => time <= at.time));
      for (const session of sessions) {
        if (session.at.time === latest && isSessionOf(owner, session)) this.#cases.keep(owner, session);
      }
      this.#adoptProxied(owner, event);
    }
    const amavisId = event.amavisId ?? amavisIdIn(event.response);
    if (amavisId !== undefined) this.#links.answeredBy(owner, amavisId, at.host, at.time, home);
    const next = event.queuedAs ?? queuedAs(event.response);
    if (event.outcome === 'accept' && next !== undefined && isQueueId(next)) {
      const span = { from: at.time - HOUR, to: at.time };
      const mention = { queueId: next, host: at.host, instance: null, ...span, mark: null };
      this.#links.leadsTo(current(owner), mention, at.time, false, home);
    }
    return current(owner);
  }

  /** `NOQUEUE: reject`: with its neighbours of the same sender and process, one refused message. */
  refusal(event: Refusal, home: Case | null): Case | undefined {
    const { at } = event;
    const bucket = Math.floor(at.time / REFUSAL_GAP);
    const keys = refusalKeys(event);
    if (home === null) this.#order.note(event);
    else this.#order.recalled(event);
    let owner = home ?? undefined;
    if (owner === undefined) {
      const near = keys.flatMap((key) => this.#namedOrStored(key, at.time));
      if (event.sender) near.push(...this.#refusedBeforeMail(event, bucket));
      owner = near.find((one) => sameLine(one, event) !== undefined);
      const known = owner === undefined ? undefined : sameLine(owner, event);
      if (known !== undefined) this.#order.again(known);
      owner ??= near.length < MAX_REFUSED ? near.find((one) => this.#isSameMessage(one, event)) : near.at(-1);
    }
    owner ??= this.#cases.create(at.host, at.time);
    this.#cases.name(owner, keys[0]);
    const kept = this.#cases.keep(owner, event);
    if (kept === undefined || home !== null || owner.lives.length > 0) return kept;
    const life = this.#received
      .get(`${at.host}|${at.pid}`)
      ?.find((one) => one.sender === event.sender && this.#isRefusalOf(one, event));
    if (life !== undefined) this.#cases.join(life.case, owner);
    return current(owner);
  }

  /** What the process refused of this client before it had said who the sender is: CONNECT, EHLO. */
  #refusedBeforeMail(event: Refusal, bucket: number): Case[] {
    const group = refusalGroup(event, '');
    return [bucket, bucket - 1]
      .flatMap((one) => this.#cases.named(refusalKey(group, one)))
      .filter(({ events }) => events.every((one) => one.kind === 'smtpd.reject' && one.sender === undefined));
  }

  /** Recipients that were refused before the message had an id (the first RCPT that is accepted gives it). */
  adoptRefusals(life: Life, host: string): void {
    if (life.smtpd === 0 || life.starter === null) return;
    const bucket = Math.floor(life.starter / REFUSAL_GAP);
    const client = clientOf(life);
    if (client === undefined || !this.#cases.hasNamed) return;
    const group = `${host}|${life.smtpd}|${client.clientAddress}|${life.sender ?? ''}`;
    for (const near of [bucket, bucket - 1]) {
      for (const refused of this.#cases.named(refusalKey(group, near))) {
        if (refused.lives.length > 0) continue;
        const last = refused.events.at(-1);
        if (last?.kind === 'smtpd.reject' && this.#isRefusalOf(life, last))
          this.#cases.join(life.case, refused);
      }
    }
  }

  /** Recipients that were refused in the session of a message that went to the proxy. */
  #adoptProxied(owner: Case, proxy: Proxy): void {
    const { host, pid } = proxy.at;
    for (const session of owner.events) {
      if (session.kind !== 'smtpd.session' || session.at.pid !== pid) continue;
      const group = `${host}|${pid}|${session.clientAddress}|${proxy.sender ?? ''}`;
      const bucket = Math.floor(session.at.time / REFUSAL_GAP);
      for (const near of [bucket - 1, bucket, bucket + 1]) {
        for (const refused of this.#cases.named(refusalKey(group, near))) {
          if (current(refused) !== current(owner) && this.#isRefusedOf(refused, proxy))
            this.#cases.join(current(owner), refused);
        }
      }
    }
  }

  /** Whether all was refused while the proxied message came in. */
  #isRefusedOf({ lives, events }: Case, proxy: Proxy): boolean {
    const last = events.at(-1);
    if (lives.length > 0 || last?.kind !== 'smtpd.reject' || last.stage !== 'RCPT') return false;
    return this.#order.isBefore(last, proxy) && !this.#order.isApart(last, proxy);
  }

  /** The smtpd process received this one: refusals by it may be of the same message. */
  received(life: Life, event: Client): void {
    this.#order.mark(event);
    const key = `${event.at.host}|${event.at.pid}`;
    const list = this.#received.get(key);
    if (list === undefined) this.#received.set(key, [life], life.host, life.first);
    else {
      if (list.length >= 8) list.shift();
      list.push(life);
    }
  }

  /** A session with refused recipients is over. */
  ended(event: Event): void {
    this.#order.mark(event);
  }

  #forgetReceived(life: Life): void {
    const key = `${life.host}|${life.smtpd}`;
    const list = this.#received.get(key);
    if (list === undefined) return;
    const rest = list.filter((one) => one !== life);
    if (rest.length === 0) this.#received.delete(key);
    else this.#received.set(key, rest, life.host, life.first);
  }

  /** The case leaves memory. */
  release(which: Case): void {
    for (const life of which.lives) if (life.smtpd !== 0) this.#forgetReceived(life);
    for (const key of which.anonymous) {
      const proxies = this.#proxies.get(key)?.filter((one) => current(one) !== which);
      if (proxies?.length === 0) this.#proxies.delete(key);
      else if (proxies !== undefined) this.#proxies.set(key, proxies, which.host, which.touched);
    }
  }

  clear(): void {
    this.#sessions.clear();
    this.#received.clear();
    this.#proxies.clear();
    this.#order.clear();
  }

  #namedOrStored(key: string, time: number): readonly Case[] {
    const named = this.#cases.named(key);
    return named.length === 0 && this.#links.recall(key, time) ? this.#cases.named(key) : named;
  }

  /** Whether the case's refusals may be of the same message as this one: no other came between them. */
  #isSameMessage({ events }: Case, event: Refusal): boolean {
    const last = events.findLast(({ kind, at }) => kind === 'smtpd.reject' && at.pid === event.at.pid);
    return last === undefined || !this.#order.isApart(last, event);
  }

  /** A refused RCPT of a message whose first accepted RCPT came right after, in the same smtpd process. */
  #isRefusalOf(life: Life, refusal: Refusal): boolean {
    const { stage, at, clientAddress } = refusal;
    const client = clientOf(life);
    if (stage !== 'RCPT' || client === undefined || life.smtpd !== at.pid) return false;
    if (client.clientAddress !== clientAddress) return false;
    if (client.at.time - at.time > REFUSAL_GAP || !this.#order.isBefore(refusal, client)) return false;
    return !this.#order.isApart(refusal, client);
  }
}

/** The key that the case of a refusal has, and those that others of the same message may have. */
export function refusalKeys(event: Refusal): readonly [string, string, string] {
  const group = refusalGroup(event);
  const bucket = Math.floor(event.at.time / REFUSAL_GAP);
  return [refusalKey(group, bucket), refusalKey(group, bucket - 1), refusalKey(group, bucket + 1)];
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

/** Who refused whom; the sender and client as the message that follows would have them. */
function refusalGroup({ at, clientAddress, sender = '' }: Refusal, from = sender): string {
  return `${at.host}|${at.pid}|${clientAddress ?? ''}|${from}`;
}

function clientOf({ case: owner, queueId, smtpd }: Life): Client | undefined {
  for (const event of owner.events) {
    if (event.kind === 'smtpd.client' && event.queueId === queueId && event.at.pid === smtpd) return event;
  }
  return undefined;
}
