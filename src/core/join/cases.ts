/** The cases in memory: made, added to, put together. */
import type { Event } from '../event.js';
import { add } from './known.js';
import { LinkedMap } from './linked-map.js';
import type { Lives } from './lives.js';
import { type Case, type ChildRef, current } from './node.js';
import { OpenCases } from './open-cases.js';
import { leavesQuestion } from './settling.js';

const SECOND = 1_000_000;

export class Cases {
  readonly #lives: Lives;
  /** The newest time of each host's lines. */
  readonly #clocks = new Map<string, number>();
  /** Cases of nodes without an id, by their keys. */
  readonly #named = new LinkedMap<Case[]>();
  /** Cases in memory, the longest untouched first. */
  readonly open = new OpenCases();
  /** Those that are stored, too, by their numbers there. */
  readonly loaded = new Map<number, Case>();

  constructor(lives: Lives) {
    this.#lives = lives;
  }

  /** How long ago something happened to the case, by its host's clock. */
  idle(which: Case): number {
    return this.clock(which.host) - which.touched;
  }

  clock(host: string): number {
    return this.#clocks.get(host) ?? 0;
  }

  /** A line of the host was written at this time. */
  hear(host: string, time: number): number {
    const clock = this.#clocks.get(host);
    const now = clock === undefined || time > clock ? time : clock;
    if (now !== clock) this.#clocks.set(host, now);
    return now;
  }

  forgetClocks(): void {
    this.#clocks.clear();
  }

  /** The cases of nodes without an id that have this key. */
  named(key: string): readonly Case[] {
    return this.#named.get(key) ?? NONE;
  }

  get hasNamed(): boolean {
    return this.#named.size > 0;
  }

  name(owner: Case, key: string): void {
    if (owner.anonymous.includes(key)) return;
    owner.anonymous.push(key);
    this.#file(key, owner);
  }

  create(host: string, time: number): Case {
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
      whole: [],
    };
    this.open.touch(made);
    return made;
  }

  /** Adds the event unless the case has it: the case, or undefined for a line read before. */
  keep(owner: Case, event: Event): Case | undefined {
    this.touch(owner, event.at.time, event.at.host);
    if (!add(owner, event)) return undefined;
    owner.dirty = true;
    owner.unsettled = true;
    if (!owner.asks) owner.asks = leavesQuestion(event);
    return owner;
  }

  touch(owner: Case, time: number, host = owner.host): void {
    const now = this.hear(host, time);
    // The order of #open is only as fine as it needs to be.
    if (now - owner.touched < SECOND && this.open.has(owner)) return;
    owner.touched = now;
    this.open.touch(owner);
  }

  join(one: Case, other: Case): void {
    const a = current(one);
    const b = current(other);
    if (a === b) return;
    const [into, from] = a.events.length >= b.events.length ? [a, b] : [b, a];
    for (const event of from.events) add(into, event);
    for (const life of from.lives) {
      life.case = into;
      into.lives.push(life);
    }
    for (const run of from.runs) {
      run.case = into;
      into.runs.push(run);
    }
    for (const key of from.anonymous) {
      this.#unfile(key, from);
      this.name(into, key);
    }
    into.parent ??= from.parent;
    for (const child of from.children) addChild(into, child);
    into.likely.push(...from.likely);
    for (const ref of from.refs) {
      into.refs.push(ref);
      this.loaded.set(ref, into);
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
    this.open.delete(from);
  }

  /** Takes the case out of memory; its ids' nodes are the caller's to forget. */
  release(which: Case): void {
    this.open.delete(which);
    for (const key of which.anonymous) this.#unfile(key, which);
    for (const ref of which.refs) this.loaded.delete(ref);
  }

  #file(key: string, owner: Case): void {
    this.#named.set(key, [...this.named(key), owner]);
  }

  #unfile(key: string, owner: Case): void {
    const rest = this.named(key).filter((one) => one !== owner);
    if (rest.length === 0) this.#named.delete(key);
    else this.#named.set(key, rest);
  }
}

const NONE: readonly Case[] = [];

export function addChild(parent: Case, child: ChildRef): void {
  if (parent.children.some(({ queueId }) => queueId === child.queueId)) return;
  parent.children.push(child);
  parent.dirty = true;
}
