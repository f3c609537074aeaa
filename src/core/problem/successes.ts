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
  readonly #times = new Map<Sign, Map<string, number[]>>();

  constructor(state: SuccessesState = []) {
    for (const [key, times] of state) {
      const blank = key.indexOf(' ');
      this.#of(key.slice(0, blank) as Sign).set(key.slice(blank + 1), [...times]);
    }
  }

  /** Whether it is news: the first of its second. */
  add(sign: Sign, host: string, time: number): boolean {
    const hosts = this.#of(sign);
    const times = hosts.get(host);
    if (times === undefined) {
      hosts.set(host, [time]);
      return true;
    }
    const latest = times[times.length - 1] ?? 0;
    const second = secondOf(time);
    if (second > secondOf(latest)) {
      times.push(time);
      if (times.length > MAX_TIMES) times.splice(0, MAX_TIMES / 2);
      return true;
    }
    if (time >= latest) return false;
    const at = firstFrom(times, second * SECOND);
    const known = times[at];
    if (known === undefined || secondOf(known) !== second) times.splice(at, 0, time);
    else if (time < known) times[at] = time;
    else return false;
    return true;
  }

  /** The first success in a second after that of the time; undefined when there was none. */
  firstAfter(sign: Sign, host: string, time: number): number | undefined {
    const times = this.#times.get(sign)?.get(host);
    return times?.[firstFrom(times, (secondOf(time) + 1) * SECOND)];
  }

  /** Whether all that are remembered are later than the time. */
  beginAfter(sign: Sign, host: string, time: number): boolean {
    const first = this.#times.get(sign)?.get(host)?.[0];
    return first !== undefined && first > time;
  }

  /** All of them. */
  *all(): IterableIterator<{
    readonly sign: Sign;
    readonly host: string;
    readonly times: readonly number[];
  }> {
    for (const [sign, hosts] of this.#times) for (const [host, times] of hosts) yield { sign, host, times };
  }

  /** The last ones, for another run of the program to go on from. */
  state(): SuccessesState {
    return [...this.all()].map(({ sign, host, times }) => [
      `${sign} ${host}`,
      times.slice(firstFrom(times, (times.at(-1) ?? 0) - LASTING)),
    ]);
  }

  #of(sign: Sign): Map<string, number[]> {
    let hosts = this.#times.get(sign);
    if (hosts === undefined) {
      hosts = new Map();
      this.#times.set(sign, hosts);
    }
    return hosts;
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
