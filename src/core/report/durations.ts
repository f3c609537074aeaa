/** Many durations (milliseconds) and what they amount to. All are kept, eight bytes each, so the figures are exact. */
export interface Summary {
  readonly count: number;
  readonly total: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export class Durations {
  #values = new Float64Array(256);
  #count = 0;
  #total = 0;

  add(milliseconds: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = milliseconds;
    this.#total += milliseconds;
  }

  /** null when there were none. A percentile is the smallest value that so many of a hundred do not exceed. */
  summary(): Summary | null {
    if (this.#count === 0) return null;
    const sorted = this.#values.slice(0, this.#count).sort();
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    return {
      count: this.#count,
      total: this.#total,
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
      max: sorted[sorted.length - 1] ?? 0,
    };
  }
}
