/**
 * Times in which the log itself lost lines. A message that went silent before the end of one may have gone on unseen.
 *
 * rsyslog: `imuxsock begins to drop messages from pid N due to rate-limiting`, later `imuxsock lost N messages …`;
 * `imjournal: N messages lost due to rate-limiting (20000 allowed within 600 seconds)`. journald: `Suppressed N
 * messages from UNIT`, written when the interval is over.
 */
import type { EventOf } from './story.js';

/** Microseconds since 1970 UTC. */
export interface GapWindow {
  readonly host: string;
  readonly begin: number;
  readonly end: number;
}

const SECOND = 1_000_000;
/** The intervals over which each program counts, as they come configured (seconds), for lines that don't say. */
const IMJOURNAL_INTERVAL = 600;
const JOURNALD_INTERVAL = 30;
const IMUXSOCK_INTERVAL = 5;
/** Older ones are forgotten, so that a log that always loses lines does not fill memory. */
const MAX_WINDOWS = 1000;

const WITHIN = /within (\d{1,6}) seconds/;

export class LogGaps {
  readonly #windows: GapWindow[];
  readonly #dropping = new Map<string, number>();

  constructor(windows: readonly GapWindow[] = []) {
    this.#windows = [...windows];
  }

  line(event: EventOf<'log.lost'>): void {
    const { host, time } = event.at;
    if (event.text.includes('begins to drop')) {
      this.#dropping.set(host, time);
      this.#add({ host, begin: time, end: time + IMUXSOCK_INTERVAL * SECOND });
      return;
    }
    const begun = this.#dropping.get(host);
    this.#dropping.delete(host);
    const begin = Math.min(begun ?? time, time - intervalOf(event.text) * SECOND);
    this.#add({ host, begin, end: time });
  }

  /** Oldest first. */
  get windows(): readonly GapWindow[] {
    return this.#windows;
  }

  /** Whether lines of the host were lost at the time or after it. */
  since(host: string, time: number): boolean {
    return this.#windows.some((window) => window.host === host && window.end >= time);
  }

  #add(window: GapWindow): void {
    const index = this.#windows.findIndex(
      (known) => known.host === window.host && window.begin <= known.end && known.begin <= window.end,
    );
    const known = this.#windows[index];
    if (known !== undefined) {
      this.#windows[index] = {
        host: known.host,
        begin: Math.min(known.begin, window.begin),
        end: Math.max(known.end, window.end),
      };
      return;
    }
    this.#windows.push(window);
    if (this.#windows.length > MAX_WINDOWS) this.#windows.shift();
  }
}

function intervalOf(text: string): number {
  const told = WITHIN.exec(text)?.[1];
  if (told !== undefined) return Number(told);
  if (text.includes('imjournal')) return IMJOURNAL_INTERVAL;
  return text.includes('imuxsock') ? IMUXSOCK_INTERVAL : JOURNALD_INTERVAL;
}
