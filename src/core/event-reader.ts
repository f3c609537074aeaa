/** Lines of one stream to events: head, continued lines, pattern. */
import type { ClockOptions } from './clock.js';
import { Continuation, type Pieces } from './continuation.js';
import type { Event } from './event.js';
import { type Line, LineReader } from './line.js';
import type { PatternSet } from './pattern.js';

/** What became of the lines: they add up to those read. */
export interface Counts {
  lines: number;
  events: number;
  ignored: number;
  unrecognized: number;
}

export const COUNTS = ['lines', 'events', 'ignored', 'unrecognized'] as const satisfies (keyof Counts)[];

export interface EventSink {
  event(event: Event): void;
  /** A line of Postfix or amavis that no pattern knows. */
  unrecognized(raw: string): void;
}

export class EventReader {
  readonly counts: Counts = { lines: 0, events: 0, ignored: 0, unrecognized: 0 };
  readonly #patterns: Pick<PatternSet, 'read'>;
  readonly #sink: EventSink;
  readonly #lines: LineReader;
  readonly #continuation = new Continuation();

  constructor(patterns: Pick<PatternSet, 'read'>, clock: ClockOptions, sink: EventSink) {
    this.#patterns = patterns;
    this.#sink = sink;
    this.#lines = new LineReader(clock);
  }

  /** Reads a line. `time` is given where it was found out before (a stored line). */
  read(raw: string, time?: number): void {
    this.counts.lines++;
    const line = this.#lines.read(raw, time);
    if (line === undefined) {
      this.counts.ignored++;
      return;
    }
    if (line.program === 'amavis') for (const whole of this.#continuation.take(line)) this.#take(whole);
    else this.#take(line);
  }

  /** Counts a line that is not to be read: the cut end of a log. */
  skip(): void {
    this.counts.lines++;
    this.counts.ignored++;
  }

  /** How far the clock has got: `ClockOptions.after` of who goes on with the stream. */
  get last(): number | undefined {
    return this.#lines.last;
  }

  /** Lines that wait for their rest: who goes on with the stream reads them first. */
  pending(): IterableIterator<Line> {
    return this.#continuation.pending();
  }

  /** The same, told apart. */
  pieces(): Pieces {
    return this.#continuation.pieces();
  }

  /** Those of them whose rest may stand in another log, in lines that came before this one's or after. */
  cut(): Pieces {
    return this.#continuation.cut();
  }

  /** Gives away the lines that wait for their rest: they count as events. */
  release(): readonly Line[] {
    const lines = [...this.#continuation.release()];
    this.counts.events += lines.length;
    return lines;
  }

  /** At the end: lines that still waited for their rest. */
  end(): void {
    for (const line of this.#continuation.drain()) this.#take(line);
  }

  #take(line: Line): void {
    const reading = this.#patterns.read(line);
    const count = line.pieces?.length ?? 1;
    if (reading === 'ignored') {
      this.counts.ignored += count;
    } else if (reading === 'unrecognized') {
      this.counts.unrecognized += count;
      this.#sink.unrecognized(line.raw);
    } else {
      this.counts.events += count;
      this.#sink.event(reading);
    }
  }
}
