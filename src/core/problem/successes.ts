/** When on each host something was seen to work: incidents end with the first success after them. */
import type { Sign } from './entry.js';

/** Of the successes within a second the first one is kept (microseconds): what is known does not depend on their order. */
const SECOND = 1_000_000;
/** So many of each kind are kept; messages that become known later than this far back are rare. */
const MAX_TIMES = 100_000;
/** Those of so long before the last one are kept over restarts: messages are put away minutes after their lines. */
const LASTING = 15 * 60 * SECOND;

export type SuccessesState = readonly (readonly [string, readonly number[]])[];

export class Successes {
  /** By sign and host, in their order. */
  readonly #times = new Map<string, number[]>();

  constructor(state: SuccessesState = []) {
    for (const [key, times] of state) this.#times.set(key, [...times]);
  }

  /** Whether it is news: the first of its second (`late`: of one that lies before the last). */
  add(sign: Sign, host: string, time: number): 'newest' | 'late' | undefined {
    const key = `${sign} ${host}`;
    const times = this.#times.get(key);
    if (times === undefined) {
      this.#times.set(key, [time]);
      return 'newest';
    }
    const latest = times.at(-1) ?? 0;
    if (secondOf(time) > secondOf(latest)) {
      times.push(time);
      if (times.length > MAX_TIMES) times.splice(0, MAX_TIMES / 2);
      return 'newest';
    }
    const at = firstFrom(times, secondOf(time) * SECOND);
    const known = times[at];
    if (known === undefined || secondOf(known) !== secondOf(time)) times.splice(at, 0, time);
    else if (time < known) times[at] = time;
    else return undefined;
    return 'late';
  }

  /** The first success in a second after that of the time; undefined when there was none. */
  firstAfter(sign: Sign, host: string, time: number): number | undefined {
    const times = this.#times.get(`${sign} ${host}`);
    return times?.[firstFrom(times, (secondOf(time) + 1) * SECOND)];
  }

  /** Whether all that are remembered are later than the time. */
  beginAfter(sign: Sign, host: string, time: number): boolean {
    const first = this.#times.get(`${sign} ${host}`)?.[0];
    return first !== undefined && first > time;
  }

  /** All of them. */
  *all(): IterableIterator<{
    readonly sign: Sign;
    readonly host: string;
    readonly times: readonly number[];
  }> {
    for (const [key, times] of this.#times) {
      const blank = key.indexOf(' ');
      yield { sign: key.slice(0, blank) as Sign, host: key.slice(blank + 1), times };
    }
  }

  /** The last ones, for another run of the program to go on from. */
  state(): SuccessesState {
    return [...this.#times].map(([key, times]) => [
      key,
      times.slice(firstFrom(times, (times.at(-1) ?? 0) - LASTING)),
    ]);
  }
}

/** Whether `time` is in a later second than `other`: logs without fractions tell no more. */
export function isLater(time: number, other: number): boolean {
  return secondOf(time) > secondOf(other);
}

function secondOf(time: number): number {
  return Math.floor(time / SECOND);
}

/** The place of the first one that is not before the time. */
function firstFrom(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}
