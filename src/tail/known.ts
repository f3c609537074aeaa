import type { Position } from './checkpoint.js';
import { EMPTY, hasLine } from './fingerprint.js';
import type { Generation, Looked } from './generation.js';

/** The position of nothing at all. */
export const NOWHERE: Position = { dev: '0', ino: '0', offset: 0, fingerprint: EMPTY };

/** A generation the keeper knows: open, or closed and known by what it was. */
export class Known {
  /** While it is open. */
  generation: Generation | undefined;
  /** Read to its end, with others after it: so long it is watched for late lines (ms since 1970). */
  until: number | undefined;
  /**
   * What came before its first line has been found out. As long as it was empty its content could be another one
   * each time it was looked at.
   */
  isSighted = false;
  /** Closed, with lines that were not taken for all that is known. */
  unread = false;
  private closed: Position = NOWHERE;
  private lastHead: Buffer | undefined;

  static open(generation: Generation, { isSighted }: { readonly isSighted: boolean }): Known {
    const known = new Known();
    known.generation = generation;
    known.isSighted = isSighted;
    return known;
  }

  static closed(position: Position): Known {
    const known = new Known();
    known.closed = position;
    known.unread = position.offset > 0 && !position.done;
    return known;
  }

  get position(): Position {
    return this.generation?.position() ?? this.closed;
  }

  /** The first bytes, where more of them is known than their fingerprint. */
  get head(): Buffer | undefined {
    return this.generation?.head ?? this.lastHead;
  }

  /** Open and to be read, in its turn. */
  get isQueued(): boolean {
    return this.generation !== undefined && this.until === undefined;
  }

  /** To be surveyed before its first line is read. */
  get isUnsighted(): boolean {
    return !this.isSighted && this.generation !== undefined && hasLine(this.generation.head);
  }

  /** Some of it has been taken: what is older, and not known, is not to be read. */
  get isBegun(): boolean {
    const { offset, done } = this.position;
    return offset > 0 || done === true;
  }

  /** Closed, with nothing to be read of it. */
  get isDone(): boolean {
    return this.generation === undefined && this.closed.done === true;
  }

  /** What it held is in a copy, in its file as far as that goes (`shrunk`), or nowhere. */
  lose(looked: Exclude<Looked, 'same'>): void {
    if (this.generation === undefined) return;
    const position = this.generation.position();
    this.closed = looked === 'replaced' ? { ...position, replaced: true } : position;
    this.unread = this.generation.left > 0;
    this.lastHead = this.generation.head;
    this.generation = undefined;
    this.until = undefined;
  }

  /** Leaves it behind. */
  async finish(): Promise<void> {
    const { generation } = this;
    this.closed = { ...this.position, done: true };
    this.lastHead = this.head;
    this.unread = false;
    this.generation = undefined;
    this.until = undefined;
    await generation?.close();
  }
}
