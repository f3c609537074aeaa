/**
 * Wall-clock stamps to microseconds since 1970 UTC.
 *
 * RFC 3164 stamps have neither year nor zone. The year follows from a year near the first line (the file's time or
 * --year) and from the order of months after it; the zone is given as a function, because zone tables are the
 * edge's business. One clock serves one stream of lines, since each stamp is read in the light of the one before.
 * Feb 29 is of a leap year: it says something of the first line's year. Where the year is known already and is none
 * (--year was wrong), it reads as Mar 1.
 */

/** Minutes east of UTC of a zone at an instant (milliseconds since 1970). */
export type ZoneOffset = (instant: number) => number;

export interface ClockOptions {
  /** Milliseconds since 1970: no line of the stream is later than this, so the first line's year is the last that fits. */
  readonly notAfter: number;
  /** The first line's year, where the user gave it or the whole stream was looked at. */
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
/** Further back than any log goes. */
const MAX_YEARS = 100;

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
  /** Of the stamps without a year: the first one's year, the latest one, and the years with a Feb 29. */
  #firstYear: number | undefined;
  #latest = Number.NEGATIVE_INFINITY;
  readonly #leapYears = new Set<number>();

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

  /**
   * The year of the first stamp without one, as the stream up to here has it: the last in which no stamp is later
   * than `notAfter` and each Feb 29 is of a leap year. It is earlier than the year that was begun with when the
   * stream goes over New Year more often than that could know. Undefined when there was no such stamp.
   */
  get firstYear(): number | undefined {
    const begun = this.#firstYear;
    if (begun === undefined || this.#options.year !== undefined) return begun;
    const latest = new Date(this.#latest);
    const isPast = (back: number): boolean =>
      new Date(latest).setUTCFullYear(latest.getUTCFullYear() - back) <= this.#options.notAfter + DAY;
    const isLeap = (back: number): boolean => [...this.#leapYears].every((year) => isLeapYear(year - back));
    for (let back = 0; back < MAX_YEARS; back++) if (isPast(back) && isLeap(back)) return begun - back;
    // Out of order beyond help.
    return begun;
  }

  /** Microseconds for a local stamp; `month` from 0, `year` where the stamp has one, `micros` the fraction of a second. */
  local(month: number, day: number, seconds: number, micros: number, year?: number): number {
    const inYear = (candidate: number): number => Date.UTC(candidate, month, day) + seconds * 1000;
    let local: number;
    if (year !== undefined) {
      local = inYear(year);
    } else if (this.#year === undefined) {
      this.#firstYear = this.#lastYearFitting(inYear, month === 1 && day === 29);
      local = inYear(this.#firstYear);
    } else {
      local = inYear(this.#year);
      if (local < this.#local - STEP_BACK) local = inYear(this.#year + 1);
      else if (local > this.#local + LEAP_AHEAD) local = inYear(this.#year - 1);
    }
    this.#year = new Date(local).getUTCFullYear();
    if (year === undefined && this.#firstYear !== undefined) {
      if (local > this.#latest) this.#latest = local;
      if (month === 1 && day === 29) this.#leapYears.add(this.#year);
    }
    const instant = this.#toInstant(local);
    this.#local = local;
    this.#instant = instant;
    return instant * 1000 + micros;
  }

  #lastYearFitting(inYear: (year: number) => number, isLeapDay: boolean): number {
    if (this.#options.year !== undefined) return this.#options.year;
    const latest = this.#options.notAfter + DAY;
    let year = new Date(latest).getUTCFullYear();
    if (inYear(year) > latest) year--;
    // A century may have none for eight years.
    for (let more = 8; isLeapDay && !isLeapYear(year) && more > 0; more--) year--;
    return year;
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

function isLeapYear(year: number): boolean {
  return new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
}

/** `2026-11-23T00:19:14.000Z`, or with six digits where the time has them. */
export function isoTime(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = micros - millis * 1000;
  const text = new Date(millis).toISOString();
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

/** The microseconds of what `isoTime` gave. */
export function microsOf(iso: string): number {
  return Date.parse(iso) * 1000 + Number(iso.slice(23, -1));
}
