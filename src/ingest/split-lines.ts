/** Lines of amavis that are split over the end of a log and the beginning of another. */
import type { Pieces } from '../core/continuation.js';
import type { Event } from '../core/event.js';
import { EventReader } from '../core/event-reader.js';
import type { Line } from '../core/line.js';
import type { PatternSet } from '../core/pattern.js';

const KINDS = ['begun', 'middle', 'last'] as const;

/**
 * Keeps copies of the pieces (they were read in their own logs as far as they go), and puts them together when all are
 * there, whichever log came first.
 */
export class SplitLines {
  readonly #patterns: PatternSet;
  readonly #whole: (event: Event) => void;
  #reader: EventReader;

  constructor(patterns: PatternSet, whole: (event: Event) => void) {
    this.#patterns = patterns;
    this.#whole = whole;
    this.#reader = this.#newReader();
  }

  /** A piece that was kept before. */
  read(raw: string, time: number): void {
    this.#reader.read(raw, time);
  }

  /** Takes what a log leaves. */
  add(left: Pieces): void {
    const before = this.#reader.pieces();
    const known = new Set(KINDS.flatMap((kind) => before[kind].map(identity)));
    if (KINDS.every((kind) => left[kind].length === 0)) return;
    this.#reader = this.#newReader();
    // In the order in which they make a text: the last piece ends it.
    for (const kind of KINDS) {
      for (const { raw, time } of [
        ...before[kind],
        ...left[kind].filter((line) => !known.has(identity(line))),
      ])
        this.#reader.read(raw, time);
    }
  }

  /** Pieces that still lack others. */
  pending(): IterableIterator<Line> {
    return this.#reader.pending();
  }

  #newReader(): EventReader {
    const event = (one: Event): void => {
      if (one.at.pieces !== undefined) this.#whole(one);
    };
    return new EventReader(this.#patterns, { notAfter: 0, zone: () => 0 }, { event, unrecognized: () => {} });
  }
}

function identity({ pid, time, message }: Line): string {
  return `${pid} ${time} ${message}`;
}
