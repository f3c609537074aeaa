/**
 * Which traces are filed under a key's hash.
 *
 * Hashes are scattered, so putting each into its place in one big index would rewrite nearly every page of it with
 * every batch, more of them the longer the log. So a batch's keys are stored as a run, in the order of their hashes,
 * and every so often runs of like size are merged into a larger one: a key is written a few times in all. A look-up
 * would have to ask a few dozen runs; a set in memory tells which of them may have the key. Keys that come a few at a
 * time are first collected in the table `key`.
 */
import type { Database, Statement } from 'better-sqlite3';
import { BloomLayer } from './bloom.js';

/** So many keys make a run of their own. */
const RUN = 1024;
/** So many runs of one level are merged into one of the next. */
const FAN = 16;
/** Keys of a run that are stored in one row. */
const PART = 80;
const BYTES = Float64Array.BYTES_PER_ELEMENT + Uint32Array.BYTES_PER_ELEMENT;
/** Of a batch's keys so many are sorted at once: hash and place fit one double. */
const SLOTS = 0x1_0000;

interface Run {
  readonly id: number;
  readonly level: number;
  readonly keys: number;
}

export class KeyIndex {
  readonly #db: Database;
  readonly #state: Statement<[], string>;
  readonly #find: Statement<{ run: number; hash: number }, Buffer>;
  readonly #findLoose: Statement<[number], { trace: number }>;
  readonly #addLoose: Statement<[number, number]>;
  readonly #addRun: Statement<[number, number, Buffer]>;
  readonly #addPart: Statement<[number | bigint, number, number, Buffer]>;
  #loose: number | undefined;
  /** Which runs there were when the sets were last read, and the sets. */
  #known = '';
  #blooms = new Map<number, BloomLayer>();

  constructor(db: Database) {
    this.#db = db;
    // Numbers of runs only grow: these two change whenever runs do.
    this.#state = db.prepare<[], string>("select max(id) || ' ' || count(*) from key_run").pluck();
    // The parts in which the hash may be: the last that begins before it, and those that begin with it.
    this.#find = db
      .prepare<{ run: number; hash: number }, Buffer>(
        `select data from key_part where run = @run and first <= @hash and first >= coalesce(
          (select max(first) from key_part where run = @run and first < @hash), 0)`,
      )
      .pluck();
    this.#findLoose = db.prepare('select trace from key where hash = ?');
    this.#addLoose = db.prepare('insert or ignore into key (hash, trace) values (?, ?)');
    this.#addRun = db.prepare('insert into key_run (level, keys, bloom) values (?, ?, ?)');
    this.#addPart = db.prepare('insert into key_part (run, first, trace, data) values (?, ?, ?, ?)');
  }

  /** The traces filed under the hash, each once; some may be gone. */
  find(hash: number): Set<number> {
    for (;;) {
      const found = new Set<number>();
      // Loose keys become a run, never the other way: asked for first, none is missed in between.
      for (const { trace } of this.#findLoose.all(hash)) found.add(trace);
      const state = this.#refresh();
      let asked = false;
      for (const [run, bloom] of this.#blooms) {
        if (!bloom.mayHave(hash)) continue;
        asked = true;
        for (const data of this.#find.all({ run, hash })) {
          const { hashes, traces } = decode(data);
          for (let at = firstAtLeast(hashes, hash); hashes[at] === hash; at++) found.add(traces[at] ?? 0);
        }
      }
      // Another process may have merged a run away before it was asked.
      if (!asked || this.#state.get() === state) return found;
    }
  }

  /** Reads the sets of new runs, and gives what tells of the next change. */
  #refresh(): string {
    const state = this.#state.get() ?? '';
    if (state === this.#known) return state;
    const bloom = this.#db.prepare<[number], Buffer>('select bloom from key_run where id = ?').pluck();
    const blooms = new Map<number, BloomLayer>();
    for (const { id } of this.#runs()) {
      const stored = this.#blooms.has(id) ? undefined : bloom.get(id);
      const layer = this.#blooms.get(id) ?? (stored === undefined ? undefined : BloomLayer.from(stored));
      if (layer !== undefined) blooms.set(id, layer);
    }
    this.#blooms = blooms;
    this.#known = state;
    return state;
  }

  /** Files traces under hashes, pair by pair. In a transaction of the caller's. */
  add(hashes: Float64Array, traces: Uint32Array): void {
    for (let from = 0; from < hashes.length; from += SLOTS) {
      const part = hashes.subarray(from, from + SLOTS);
      const sorted = new InOrder(part, traces.subarray(from, from + SLOTS));
      if (part.length >= RUN) this.#store(sorted, 0, part.length);
      else while (sorted.next()) this.#addLoose.run(sorted.hash, sorted.trace);
    }
    this.#collect(hashes.length);
  }

  /** Leaves out the traces that are no longer there. In a transaction of the caller's. */
  prune(): void {
    const ids = this.#db.prepare<[], number>('select id from trace').pluck();
    const last = this.#db.prepare<[], number>('select coalesce(max(id), 0) from trace').pluck().get() ?? 0;
    const there = new Uint8Array(last + 1);
    for (const id of ids.iterate()) there[id] = 1;
    const runs = this.#runs();
    const kept = this.#merged(runs, (trace) => there[trace] === 1);
    this.#store(kept, Math.max(0, ...runs.map(({ level }) => level)), keysOf(runs));
    this.#drop(runs);
    this.#db.exec('delete from key where trace not in (select id from trace)');
  }

  /** Makes a run of the loose keys when there are enough, and merges runs. */
  #collect(added: number): void {
    this.#loose ??= this.#db.prepare<[], { n: number }>('select count(*) as n from key').get()?.n ?? 0;
    if (added < RUN) this.#loose += added;
    if (this.#loose >= RUN * 16) {
      const loose = this.#db
        .prepare<[], { hash: number; trace: number }>('select hash, trace from key order by hash, trace')
        .all();
      const hashes = Float64Array.from(loose, ({ hash }) => hash);
      const traces = Uint32Array.from(loose, ({ trace }) => trace);
      this.#store(new InOrder(hashes, traces), 0, this.#loose);
      this.#db.exec('delete from key');
      this.#loose = 0;
    }
    for (let level = 0; ; level++) {
      const runs = this.#runs().filter((run) => run.level === level);
      if (runs.length < FAN) return;
      this.#store(this.#merged(runs), level + 1, keysOf(runs));
      this.#drop(runs);
    }
  }

  #runs(): Run[] {
    return this.#db.prepare<[], Run>('select id, level, keys from key_run order by id').all();
  }

  #drop(runs: readonly Run[]): void {
    for (const { id } of runs) {
      this.#db.prepare('delete from key_part where run = ?').run(id);
      this.#db.prepare('delete from key_run where id = ?').run(id);
    }
  }

  /** Stores keys in their order, of which there are `most` or fewer. */
  #store(keys: Keys, level: number, most: number): void {
    const bloom = BloomLayer.for(most);
    const { lastInsertRowid: run } = this.#addRun.run(level, 0, bloom.bytes);
    const hashes = new Float64Array(PART);
    const traces = new Uint32Array(PART);
    let count = 0;
    let stored = 0;
    const flush = (): void => {
      if (count > 0) this.#addPart.run(run, hashes[0] ?? 0, traces[0] ?? 0, encode(hashes, traces, count));
      stored += count;
      count = 0;
    };
    let [lastHash, lastTrace] = [-1, -1];
    while (keys.next()) {
      const { hash, trace } = keys;
      if (hash === lastHash && trace === lastTrace) continue;
      lastHash = hash;
      lastTrace = trace;
      bloom.add(hash);
      hashes[count] = hash;
      traces[count] = trace;
      if (++count === PART) flush();
    }
    flush();
    this.#db.prepare('update key_run set keys = ?, bloom = ? where id = ?').run(stored, bloom.bytes, run);
  }

  /** The keys of several runs in one order, of the traces that are wanted. */
  #merged(runs: readonly Run[], isWanted?: (trace: number) => boolean): Keys {
    return new Merged(
      runs.map(({ id }) => new Stored(this.#partsOf(id))),
      isWanted,
    );
  }

  /** A run's parts; asked for one by one, since the database can't be written to while a question is open. */
  *#partsOf(run: number): IterableIterator<Buffer> {
    const next = this.#db.prepare<[number, number, number], { first: number; trace: number; data: Buffer }>(
      'select first, trace, data from key_part where run = ? and (first, trace) > (?, ?) order by first, trace limit 64',
    );
    let after: readonly [number, number] = [-1, -1];
    for (;;) {
      const parts = next.all(run, ...after);
      for (const { first, trace, data } of parts) {
        yield data;
        after = [first, trace];
      }
      if (parts.length === 0) return;
    }
  }
}

function keysOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { keys }) => sum + keys, 0);
}

/** Keys one after another, the one at hand as fields: an object for each of millions would cost more than the rest. */
interface Keys {
  readonly hash: number;
  readonly trace: number;
  /** Steps to the next key; false at the end. */
  next(): boolean;
}

/** Pairs in the order of their hashes, at most SLOTS of them. */
class InOrder implements Keys {
  hash = 0;
  trace = 0;
  /** Hash and place in one number. */
  readonly #order: Float64Array;
  readonly #traces: Uint32Array;
  #at = 0;

  constructor(hashes: Float64Array, traces: Uint32Array) {
    this.#order = hashes.map((hash, place) => hash * SLOTS + place).sort();
    this.#traces = traces;
  }

  next(): boolean {
    const packed = this.#order[this.#at++];
    if (packed === undefined) return false;
    this.hash = Math.floor(packed / SLOTS);
    this.trace = this.#traces[packed - this.hash * SLOTS] ?? 0;
    return true;
  }
}

/** A run's keys, from its parts. */
class Stored implements Keys {
  hash = 0;
  trace = 0;
  readonly #parts: Iterator<Buffer>;
  #hashes: Float64Array = new Float64Array();
  #traces: Uint32Array = new Uint32Array();
  #at = 0;

  constructor(parts: Iterator<Buffer>) {
    this.#parts = parts;
  }

  next(): boolean {
    if (this.#at === this.#hashes.length) {
      const part = this.#parts.next();
      if (part.done === true) return false;
      ({ hashes: this.#hashes, traces: this.#traces } = decode(part.value));
      this.#at = 0;
    }
    this.hash = this.#hashes[this.#at] ?? 0;
    this.trace = this.#traces[this.#at] ?? 0;
    this.#at++;
    return true;
  }
}

/** Several runs in one order. */
class Merged implements Keys {
  hash = 0;
  trace = 0;
  readonly #heads: Keys[];
  readonly #isWanted: ((trace: number) => boolean) | undefined;

  constructor(runs: readonly Keys[], isWanted?: (trace: number) => boolean) {
    this.#heads = runs.filter((run) => run.next());
    this.#isWanted = isWanted;
  }

  next(): boolean {
    do {
      let least = this.#heads[0];
      if (least === undefined) return false;
      for (const head of this.#heads) {
        if (head.hash < least.hash || (head.hash === least.hash && head.trace < least.trace)) least = head;
      }
      this.hash = least.hash;
      this.trace = least.trace;
      if (!least.next()) this.#heads.splice(this.#heads.indexOf(least), 1);
    } while (this.#isWanted?.(this.trace) === false);
    return true;
  }
}

/** All hashes, then all traces, in the machine's byte order (little-endian wherever Node runs). */
function encode(hashes: Float64Array, traces: Uint32Array, count: number): Buffer {
  return Buffer.concat([
    new Uint8Array(hashes.buffer, 0, count * hashes.BYTES_PER_ELEMENT),
    new Uint8Array(traces.buffer, 0, count * traces.BYTES_PER_ELEMENT),
  ]);
}

function decode(data: Buffer): { hashes: Float64Array; traces: Uint32Array } {
  const count = data.length / BYTES;
  // A copy begins where numbers may begin.
  const { buffer } = new Uint8Array(data);
  return {
    hashes: new Float64Array(buffer, 0, count),
    traces: new Uint32Array(buffer, count * Float64Array.BYTES_PER_ELEMENT, count),
  };
}

/** The place of the first hash that is not below the given one. */
function firstAtLeast(hashes: Float64Array, hash: number): number {
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((hashes[middle] ?? 0) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}
