/** Things that a later line may ask for: kept for a while, and never more than some. */

const MAX_AGE = 600 * 1_000_000;
const MAX_COUNT = 5000;

export class LooseEnds<V> {
  readonly #kept = new Map<string, { readonly value: V; readonly time: number }>();

  get(key: string): V | undefined {
    return this.#kept.get(key)?.value;
  }

  /** Keeps a value seen at `time` (microseconds), and lets go what is too old or too many. */
  set(key: string, value: V, time: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, time });
    for (const [oldest, kept] of this.#kept) {
      if (this.#kept.size <= MAX_COUNT && time - kept.time < MAX_AGE) break;
      this.#kept.delete(oldest);
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
