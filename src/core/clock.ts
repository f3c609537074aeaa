/**
 * Wall-clock stamps to microseconds since 1970 UTC.
 *
 * RFC 3164 stamps have neither year nor zone. The year follows from a year near the first line (the file's time or
 * --year) and from the order of months after it; the zone is given as a function, because zone tables are the
 * edge's business. One clock serves one stream of lines, since each stamp is read in the light of the one before.
 */

/** Minutes east of UTC of a zone at an instant (milliseconds since 1970). */
export type ZoneOffset = (instant: number) => number;

export interface ClockOptions {
  /** Milliseconds since 1970: no line of the stream is later than this, so the first line's year is the last that fits. */
  readonly notAfter: number;
  /** The first line's year, where the user gave it. */
  readonly year?: number | undefined;
  /** Milliseconds since 1970: the stamp before the first line, when a stream is gone on with. */
  readonly after?: number | undefined;
  readonly zone: ZoneOffset;
}

const DAY = 86_400_000;
/** A stamp that steps back by less than this is a clock set back; by more, it is the next year's. */
const STEP_BACK = 31 * DAY;
/** A stamp that leaps ahead by more than this is the last of the year before, after a step back over New Year. */
const LEAP_AHEAD = 334 * DAY;
/** How far lines of one stream may stand out of order. */
const JITTER = 300_000;

export class Clock {
  readonly #options: ClockOptions;
  #year: number | undefined;
  /** The last local time read, in milliseconds as if it were UTC. */
  #local = 0;
  /** The last instant read, in milliseconds. */
  #instant = 0;
  #hour = Number.NaN;
  #offset = 0;
  #ambiguous = false;

  constructor(options: ClockOptions) {
    this.#options = options;
    const { after } = options;
    if (after === undefined) return;
    this.#instant = after;
    this.#local = after + options.zone(after) * 60_000;
    this.#year = new Date(this.#local).getUTCFullYear();
  }

  /** The last stamp without a year and zone that was read, in milliseconds since 1970; undefined when none was. */
  get last(): number | undefined {
    return this.#year === undefined ? undefined : this.#instant;
  }

  /** Microseconds for a local stamp; `month` from 0, `year` where the stamp has one, `micros` the fraction of a second. */
  local(month: number, day: number, seconds: number, micros: number, year?: number): number {
    const inYear = (candidate: number): number => Date.UTC(candidate, month, day) + seconds * 1000;
    let local: number;
    if (year !== undefined) {
      local = inYear(year);
    } else if (this.#year === undefined) {
      local = inYear(this.#firstYear(inYear));
    } else {
      local = inYear(this.#year);
      if (local < this.#local - STEP_BACK) local = inYear(this.#year + 1);
      else if (local > this.#local + LEAP_AHEAD) local = inYear(this.#year - 1);
    }
    this.#year = new Date(local).getUTCFullYear();
    const instant = this.#toInstant(local);
    this.#local = local;
    this.#instant = instant;
    return instant * 1000 + micros;
  }

  #firstYear(inYear: (year: number) => number): number {
    if (this.#options.year !== undefined) return this.#options.year;
    const latest = this.#options.notAfter + DAY;
    const year = new Date(latest).getUTCFullYear();
    return inYear(year) <= latest ? year : year - 1;
  }

  #toInstant(local: number): number {
    const hour = Math.floor(local / 3_600_000);
    if (hour !== this.#hour) {
      this.#hour = hour;
      // An hour that a change of offset repeats or skips has two offsets around it; look at both sides.
      const before = this.#options.zone(local - DAY / 2);
      const after = this.#options.zone(local + DAY / 2);
      this.#ambiguous = before !== after;
      this.#offset = before;
    }
    if (!this.#ambiguous) return local - this.#offset * 60_000;
    return this.#nearChange(local);
  }

  /** Near a change of offset: of the instants that show this local time, the one that continues the stream. */
  #nearChange(local: number): number {
    const offsets = [this.#options.zone(local - DAY / 2), this.#options.zone(local + DAY / 2)];
    const fitting = offsets
      .map((offset) => ({ offset, instant: local - offset * 60_000 }))
      .filter(({ offset, instant }) => this.#options.zone(instant) === offset)
      .map(({ instant }) => instant)
      .sort((a, b) => a - b);
    const [first, second] = fitting;
    // A local time that the change skips exists in no offset: take it as the offset before the change has it.
    if (first === undefined) return local - (offsets[0] ?? 0) * 60_000;
    if (second === undefined || this.#instant === 0) return first;
    // The first pass through the hour, unless the stream is past it already.
    return first >= this.#instant - JITTER ? first : second;
  }
}

/** `2026-11-23T00:19:14.000Z`, or with six digits where the time has them. */
export function isoTime(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = micros - millis * 1000;
  const text = new Date(millis).toISOString();
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}
