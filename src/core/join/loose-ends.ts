/** Things that a later line may ask for: kept for a while, and never more than some. */

import { LinkedMap } from './linked-map.js';

const MAX_AGE = 600 * 1_000_000;
const MAX_COUNT = 5000;
const MAX_HOSTS = 10_000;

interface Kept<V> {
  readonly value: V;
  readonly host: string;
  readonly time: number;
}

export class LooseEnds<V> {
  readonly #kept = new LinkedMap<Kept<V>>();
  /** The newest time on each host: in one log their clocks may be hours apart, as zones are. */
  readonly #clocks = new Map<string, number>();

  get(key: string): V | undefined {
    return this.#kept.get(key)?.value;
  }

  /** Keeps a value seen on the host at `time` (microseconds), and lets go what is too old or too many. */
  set(key: string, value: V, host: string, time: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, host, time });
    if (this.#clocks.size > MAX_HOSTS) this.#clocks.clear();
    this.#clocks.set(host, Math.max(time, this.#clocks.get(host) ?? time));
    for (let oldest = this.#kept.oldest(); oldest !== null; oldest = this.#kept.oldest()) {
      if (this.#kept.size <= MAX_COUNT && !this.#isOld(oldest.value)) break;
      this.#kept.delete(oldest.key);
    }
  }

  #isOld({ host, time }: Kept<V>): boolean {
    return (this.#clocks.get(host) ?? time) - time >= MAX_AGE;
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#kept.values()) yield value;
  }

  delete(key: string): void {
    this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
    this.#clocks.clear();
  }
}
