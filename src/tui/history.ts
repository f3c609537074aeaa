/** The bars of the last minutes: first what the messages tell of the time before the screen was opened, then one by one. */
import type { Trace } from '../core/trace/trace.js';
import { BUCKET, filterTime, pastSamples, type Sample, withSample } from './model/spark.js';

export class History {
  #samples: readonly Sample[];
  #taken: number;
  /** Whether there is more than what the messages told of the past. */
  #isLive = false;

  /** Times are milliseconds since 1970. */
  constructor(traces: readonly Trace[], now: number) {
    this.#samples = pastSamples(traces, now);
    this.#taken = now;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** A log that was never read tells of its past only after the screen has been opened. */
  learn(traces: readonly Trace[]): void {
    if (!this.#isLive) this.#samples = pastSamples(traces, this.#taken);
  }

  /** Adds a bar when it is time for one, and says whether it was. */
  tick(messagesPerMinute: number, traces: readonly Trace[], now: number): boolean {
    if (now - this.#taken < BUCKET) return false;
    this.#samples = withSample(this.#samples, { messagesPerMinute, filterTime: filterTime(traces, now) });
    this.#taken = now;
    this.#isLive = true;
    return true;
  }
}
