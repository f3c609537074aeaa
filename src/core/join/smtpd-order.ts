/**
 * The order in which an smtpd process logged what it did. Times of whole seconds don't tell it, and a client may be
 * refused, come back and send its next message within one; but a process writes its own lines one after another.
 */
import type { Event } from '../event.js';
import { LooseEnds } from './loose-ends.js';

/** Marks of one process that are kept. */
const MAX_MARKS = 20;

export class SmtpdOrder {
  readonly #arrivals = new WeakMap<Event, number>();
  /** `client=`, `disconnect from` and proxy lines by process: each ends what was refused before it. */
  readonly #marks = new LooseEnds<Event[]>();
  #count = 0;

  /** A line was read. */
  note(event: Event): void {
    if (!this.#arrivals.has(event)) this.again(event);
  }

  /** A line comes back from the archive: it was read before all that is remembered here. */
  recalled(event: Event): void {
    this.#arrivals.set(event, 0);
  }

  /** A line was read once more: what it stands among is read once more, too. */
  again(event: Event): void {
    this.#arrivals.set(event, ++this.#count);
  }

  /** A line behind which the process logs of another message, or of none. */
  mark(event: Event): void {
    if (this.#arrivals.has(event)) return;
    this.note(event);
    const { host, pid, time } = event.at;
    const key = `${host}|${pid}`;
    const marks = this.#marks.get(key);
    if (marks === undefined) this.#marks.set(key, [event], host, time);
    else {
      if (marks.length >= MAX_MARKS) marks.shift();
      marks.push(event);
    }
  }

  /** Whether the first line comes before the second, of the same process. */
  isBefore(one: Event, other: Event): boolean {
    const apart = one.at.time - other.at.time;
    return apart < 0 || (apart === 0 && this.#arrival(one) < this.#arrival(other));
  }

  /** Whether there is a mark between two lines of one process. */
  isApart(one: Event, other: Event): boolean {
    const marks = this.#marks.get(`${one.at.host}|${one.at.pid}`) ?? [];
    const [first, last] = this.isBefore(one, other) ? [one, other] : [other, one];
    return marks.some(
      (mark) => mark !== first && mark !== last && this.isBefore(first, mark) && this.isBefore(mark, last),
    );
  }

  clear(): void {
    this.#marks.clear();
  }

  #arrival(event: Event): number {
    return this.#arrivals.get(event) ?? 0;
  }
}
