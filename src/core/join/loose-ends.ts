/** Things that a later line may ask for: kept for a while, and never more than some. */

import { LinkedMap } from './linked-map.js';

const MAX_AGE = 600 * 1_000_000;
const MAX_COUNT = 5000;

export class LooseEnds<V> {
  readonly #kept = new LinkedMap<{ readonly value: V; readonly time: number }>();

  get(key: string): V | undefined {
    return this.#kept.get(key)?.value;
  }

  /** Keeps a value seen at `time` (microseconds), and lets go what is too old or too many. */
  set(key: string, value: V, time: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, time });
    for (let oldest = this.#kept.oldest(); oldest !== null; oldest = this.#kept.oldest()) {
      if (this.#kept.size <= MAX_COUNT && time - oldest.value.time < MAX_AGE) break;
      this.#kept.delete(oldest.key);
    }
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#kept.values()) yield value;
  }

  delete(key: string): void {
    this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
  }
}
