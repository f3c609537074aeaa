/** When on each host something was seen to work: incidents end with the first success after them. */
import type { Sign } from './entry.js';

/** Of successes in the same second one is kept (microseconds). */
const RESOLUTION = 1_000_000;
/** So many of each kind are kept; messages that become known later than this far back are rare. */
const MAX_TIMES = 100_000;

export class Successes {
  readonly #times = new Map<string, number[]>();

  constructor(last: Iterable<readonly [string, number]> = []) {
    for (const [key, time] of last) this.#times.set(key, [time]);
  }

  add(sign: Sign, host: string, time: number): void {
    const key = `${sign} ${host}`;
    const times = this.#times.get(key);
    if (times === undefined) {
      this.#times.set(key, [time]);
      return;
    }
    const latest = times.at(-1) ?? 0;
    if (time < latest + RESOLUTION) return;
    times.push(time);
    if (times.length > MAX_TIMES) times.splice(0, MAX_TIMES / 2);
  }

  /** The first success later than the time; undefined when there was none. */
  firstAfter(sign: Sign, host: string, time: number): number | undefined {
    const times = this.#times.get(`${sign} ${host}`);
    if (times === undefined) return undefined;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) > time) high = middle;
      else low = middle + 1;
    }
    return times[low];
  }

  /** Whether all that are remembered are later than the time. */
  beginAfter(sign: Sign, host: string, time: number): boolean {
    const first = this.#times.get(`${sign} ${host}`)?.[0];
    return first !== undefined && first > time;
  }

  /** The last of each, for another run of the program to go on from. */
  last(): [string, number][] {
    return [...this.#times].map(([key, times]) => [key, times.at(-1) ?? 0]);
  }
}
