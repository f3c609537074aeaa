/**
 * amavis splits a text that is too long for syslog (Amavis/Log.pm, write_log): each piece but the last ends in
 * `...`, each but the first begins with `...`, behind the `(id) ` and an alert mark. Lines of other children stand
 * between the pieces. A text may well end in dots of its own, so a piece is known by its length too.
 */
import type { Line } from './line.js';

/** Pieces are cut at 980 octets less the head; a shorter text that ends in dots just ends so. */
const PIECE = 850;
const HEAD = /^\((\d+-\d+(?:-\d+)*)\) (\(!{1,2}\))?(\.\.\.)?/;
/** More texts under way than children could write at once: the oldest is given up. */
const MAX_PENDING = 1000;
const MAX_PIECES = 1000;

interface Pending {
  readonly pieces: Line[];
  /** Whether the first piece is there. */
  begun: boolean;
}

export class Continuation {
  readonly #pending = new Map<string, Pending>();

  /**
   * The lines to read now, each whole: the given one when it is no piece, the put-together one with its last piece,
   * none while pieces are missing.
   */
  take(line: Line): readonly Line[] {
    const head = HEAD.exec(line.message);
    const continues = head?.[3] !== undefined;
    const continued = head !== null && line.message.length >= PIECE && line.message.endsWith('...');
    if (!continues && !continued) return [line];
    const key = `${line.host}|${line.pid}|${head?.[1]}`;
    const pending = this.#pending.get(key);
    if (!continues) {
      // A first piece. What came before it without a beginning may be its end, when lines are out of order.
      if (pending !== undefined && !pending.begun) {
        pending.pieces.unshift(line);
        pending.begun = true;
        return isLast(pending.pieces.at(-1)) ? this.#finish(key, pending) : [];
      }
      const lost = pending === undefined ? [] : this.#finish(key, pending);
      this.#begin(key, { pieces: [line], begun: true });
      return lost;
    }
    if (pending === undefined) {
      this.#begin(key, { pieces: [line], begun: false });
      return [];
    }
    pending.pieces.push(line);
    const whole = pending.begun && !continued;
    return whole || pending.pieces.length > MAX_PIECES ? this.#finish(key, pending) : [];
  }

  /** Pieces of texts whose end has not come yet. */
  *pending(): IterableIterator<Line> {
    for (const { pieces } of this.#pending.values()) yield* pieces;
  }

  /** What is left at the end of a log, as far as it goes. */
  drain(): readonly Line[] {
    return [...this.#pending].flatMap(([key, pending]) => this.#finish(key, pending));
  }

  #begin(key: string, pending: Pending): void {
    this.#pending.set(key, pending);
    if (this.#pending.size <= MAX_PENDING) return;
    for (const oldest of this.#pending.keys()) {
      this.#pending.delete(oldest);
      break;
    }
  }

  #finish(key: string, { pieces, begun }: Pending): readonly Line[] {
    this.#pending.delete(key);
    const [first] = pieces;
    if (first === undefined) return [];
    // Without its beginning a text can't be read; its pieces are lines like others.
    if (!begun || pieces.length === 1) return pieces;
    let message = first.message;
    for (const piece of pieces.slice(1)) {
      const mark = HEAD.exec(piece.message)?.[0].length ?? 0;
      message = message.slice(0, -3) + piece.message.slice(mark);
    }
    const raws = pieces.map(({ raw }) => raw);
    return [{ ...first, message, raw: raws.join('\n'), pieces: raws }];
  }
}

function isLast(piece: Line | undefined): boolean {
  return piece !== undefined && !(piece.message.length >= PIECE && piece.message.endsWith('...'));
}
