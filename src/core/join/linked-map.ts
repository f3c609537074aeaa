/**
 * A map from text, in the order of insertion, for what comes and goes with every message.
 *
 * In place of a Map: when a Map makes room, V8 leaves in the old table a reference to the new one. Once such a table
 * has got old, the garbage collector's quick pass takes all that later ones held for alive, message after message.
 * Here entries hang together by themselves, and are cut off when they go.
 */
import { textHash } from './text-hash.js';

interface Entry<V> {
  readonly key: string;
  readonly hash: number;
  value: V;
  /** The next entry in the same row. */
  next: Entry<V> | null;
  older: Entry<V> | null;
  newer: Entry<V> | null;
}

const FIRST_ROWS = 256;

export class LinkedMap<V> {
  #rows: (Entry<V> | null)[] = emptyRows(FIRST_ROWS);
  #oldest: Entry<V> | null = null;
  #newest: Entry<V> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#find(key, textHash(key))?.value;
  }

  /** A key that is known keeps its place in the order. */
  set(key: string, value: V): void {
    const hash = textHash(key);
    const known = this.#find(key, hash);
    if (known !== null) {
      known.value = value;
      return;
    }
    if (this.#size >= this.#rows.length) this.#grow();
    const row = hash & (this.#rows.length - 1);
    const older = this.#newest;
    const entry = { key, hash, value, next: this.#rows[row] ?? null, older, newer: null };
    this.#rows[row] = entry;
    if (older === null) this.#oldest = entry;
    else older.newer = entry;
    this.#newest = entry;
    this.#size++;
  }

  delete(key: string): void {
    const hash = textHash(key);
    const entry = this.#find(key, hash);
    if (entry === null) return;
    const { next, older, newer } = entry;
    const row = hash & (this.#rows.length - 1);
    if (this.#rows[row] === entry) {
      this.#rows[row] = next;
    } else {
      for (let at = this.#rows[row] ?? null; at !== null; at = at.next) if (at.next === entry) at.next = next;
    }
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    entry.next = null;
    entry.older = null;
    entry.newer = null;
    this.#size--;
  }

  /** The key and value that were put in first. */
  oldest(): { readonly key: string; readonly value: V } | null {
    return this.#oldest;
  }

  /** In the order of insertion. */
  *values(): IterableIterator<V> {
    for (let entry = this.#oldest; entry !== null; entry = entry.newer) yield entry.value;
  }

  clear(): void {
    while (this.#oldest !== null) this.delete(this.#oldest.key);
  }

  #find(key: string, hash: number): Entry<V> | null {
    let entry = this.#rows[hash & (this.#rows.length - 1)] ?? null;
    while (entry !== null && (entry.hash !== hash || entry.key !== key)) entry = entry.next;
    return entry;
  }

  #grow(): void {
    this.#rows = emptyRows(this.#rows.length * 4);
    for (let entry = this.#oldest; entry !== null; entry = entry.newer) {
      const row = entry.hash & (this.#rows.length - 1);
      entry.next = this.#rows[row] ?? null;
      this.#rows[row] = entry;
    }
  }
}

function emptyRows<V>(length: number): (Entry<V> | null)[] {
  return new Array<Entry<V> | null>(length).fill(null);
}
