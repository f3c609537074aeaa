/** A batch in the making. It stays until it is in the database, and its traces are found here until then. */
import { type Batch, rowText, type TraceRow } from '../store/batch.js';
import { Bloom } from '../store/bloom.js';
import { type Block, BlockBuilder, type Place, type StoredLine, unpackLines } from '../store/segment.js';

const NO_LINES: readonly StoredLine[] = [];

export class Draft {
  /** By trace: a message may be put away twice before the batch is sent. As JSON, which refers to no log text. */
  readonly #rows = new Map<number, string>();
  readonly #loose = new Map<number, { readonly lines: readonly StoredLine[]; readonly from: number }>();
  /** Lines put to messages that an earlier batch has, or this one, by trace. */
  readonly #appended = new Map<number, { readonly from: number; readonly lines: StoredLine[] }>();
  readonly #blocks: BlockBuilder;
  readonly #keys: number[] = [];
  readonly #keyTraces: number[] = [];
  readonly #hashes = new Bloom();
  readonly #rewritten: Batch['rewritten'][number][] = [];
  readonly #gone = new Set<number>();
  /** Characters of lines. */
  #size = 0;

  constructor(firstBlock: number) {
    this.#blocks = new BlockBuilder(firstBlock);
  }

  get size(): number {
    return this.#size;
  }

  get nextBlock(): number {
    return this.#blocks.next;
  }

  /** A message that is done: its lines go into a block. */
  pack(lines: readonly StoredLine[]): Place {
    const place = this.#blocks.add(lines);
    this.#size += place.length;
    return place;
  }

  /** A message that may go on: its lines are kept loose. The store has those before the `from`th already. */
  loose(trace: number, lines: readonly StoredLine[], from: number): void {
    for (let n = from; n < lines.length; n++) this.#size += lines[n]?.raw.length ?? 0;
    this.#loose.set(trace, { lines, from });
  }

  /** Puts lines to a message that an earlier batch has, or this one, and whose lines are kept loose: it has `from`. */
  append(trace: number, from: number, lines: readonly StoredLine[]): void {
    for (const { raw } of lines) this.#size += raw.length;
    const known = this.#appended.get(trace);
    if (known === undefined) this.#appended.set(trace, { from, lines: [...lines] });
    else known.lines.push(...lines);
  }

  /** Files such a message under more keys. */
  file(trace: number, hashes: ArrayLike<number>): void {
    for (let n = 0; n < hashes.length; n++) {
      const hash = hashes[n] ?? 0;
      this.#keys.push(hash);
      this.#keyTraces.push(trace);
      this.#hashes.add(hash);
    }
  }

  /** The lines that were put to it since it was put away. */
  appendedTo(trace: number): readonly StoredLine[] {
    return this.#appended.get(trace)?.lines ?? NO_LINES;
  }

  /**
   * Takes in a trace whose lines have their place: what its row says, as JSON. `rewritten` when an earlier batch has
   * it: from which line on.
   */
  add(
    id: number,
    block: number | null,
    row: string,
    hashes: ArrayLike<number>,
    rewritten: number | null,
  ): void {
    if (block !== null) this.#loose.delete(id);
    if (rewritten !== null) {
      this.#rewritten.push({ trace: id, from: rewritten });
      this.#appended.delete(id);
    }
    this.#rows.set(id, rowText(id, block, row));
    this.file(id, hashes);
  }

  /** Takes a block of lines that was filled elsewhere: its number. */
  adopt(block: Pick<Block, 'data' | 'length'>): number {
    this.#size += block.length;
    return this.#blocks.adopt(block);
  }

  /** The trace became part of another. */
  drop(trace: number): void {
    this.#gone.add(trace);
    this.#rows.delete(trace);
    this.#loose.delete(trace);
    this.#appended.delete(trace);
  }

  hasDropped(trace: number): boolean {
    return this.#gone.has(trace);
  }

  get hashes(): readonly number[] {
    return this.#keys;
  }

  /** Whether a row may be filed under the hash. */
  mayHave(hash: number): boolean {
    return this.#hashes.mayHave(hash);
  }

  /** The traces filed under the hash. */
  *byHash(hash: number): IterableIterator<number> {
    if (!this.mayHave(hash)) return;
    for (let at = this.#keys.indexOf(hash); at >= 0; at = this.#keys.indexOf(hash, at + 1)) {
      yield this.#keyTraces[at] ?? 0;
    }
  }

  has(trace: number): boolean {
    return this.#rows.has(trace);
  }

  row(trace: number): TraceRow | undefined {
    const row = this.#rows.get(trace);
    return row === undefined ? undefined : (JSON.parse(row) as TraceRow);
  }

  linesOf({ id, block, start, length }: TraceRow): readonly StoredLine[] {
    if (block === null || start === null || length === null)
      return [...(this.#loose.get(id)?.lines ?? NO_LINES), ...this.appendedTo(id)];
    return unpackLines(this.#blocks.read({ block, start, length }));
  }

  /** The batch, with what else belongs into the same transaction. */
  batch(
    more: Partial<Pick<Batch, 'endpoints' | 'checkpoints' | 'knowledge' | 'waiting' | 'diagnosed'>>,
  ): Batch {
    return {
      traces: `[${[...this.#rows.values()].join(',')}]`,
      keys: new Float64Array(this.#keys),
      keyTraces: new Uint32Array(this.#keyTraces),
      blocks: this.#blocks.all(),
      lines: [
        ...[...this.#loose].flatMap(([trace, { lines, from }]) => numbered(trace, from, lines.slice(from))),
        ...[...this.#appended].flatMap(([trace, { lines, from }]) => numbered(trace, from, lines)),
      ],
      touched: [...this.#appended].map(([trace, { lines }]) => ({ trace, last: lines.at(-1)?.time ?? 0 })),
      rewritten: this.#rewritten,
      gone: [...this.#gone],
      endpoints: [],
      checkpoints: [],
      knowledge: [],
      waiting: { added: [], removed: [] },
      diagnosed: [],
      ...more,
    };
  }
}

/** Lines of a trace, of which the first is its `from`th. */
function numbered(trace: number, from: number, lines: readonly StoredLine[]): Batch['lines'] {
  return lines.map(({ time, raw }, index) => ({ trace, n: from + index, time, raw }));
}
