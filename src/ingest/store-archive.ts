/** The store as the joiner's archive, with what is on its way there. */
import type { Archive, StoredCase } from '../core/join/archive.js';
import type { PatternSet } from '../core/pattern.js';
import type { TraceRow } from '../store/batch.js';
import { Bloom } from '../store/bloom.js';
import { hashKey } from '../store/hash.js';
import type { Reader } from '../store/reader.js';
import type { StoredLine } from '../store/segment.js';
import type { Draft } from './draft.js';
import { storedCase } from './stored-case.js';

const NONE: readonly StoredCase[] = [];

export class StoreArchive implements Archive {
  readonly #reader: Reader;
  readonly #patterns: PatternSet;
  readonly #current: () => Draft;
  /** Ids that this process stored. */
  readonly #known = new Bloom();
  /** Whether the store held anything before. */
  readonly #hadMore: boolean;

  /** `current` gives the batch that is being filled. */
  constructor(reader: Reader, patterns: PatternSet, current: () => Draft) {
    this.#reader = reader;
    this.#patterns = patterns;
    this.#current = current;
    this.#hadMore = reader.lastIds().trace > 0;
  }

  recall(
    key: string,
    time: number,
    within = Number.POSITIVE_INFINITY,
    most = Number.POSITIVE_INFINITY,
  ): readonly StoredCase[] {
    const hash = hashKey(key);
    if (!this.#mayHave(hash)) return NONE;
    const draft = this.#current();
    const isNear = ({ id, first, last }: TraceRow): boolean =>
      first - within <= time && time <= Math.max(last, draft.appendedTo(id).at(-1)?.time ?? 0) + within;
    const found = new Map<number, StoredCase>();
    for (const row of this.#filed(hash, draft)) {
      if (found.size >= most) break;
      if (isNear(row) && !found.has(row.id) && !draft.hasDropped(row.id))
        found.set(row.id, this.#stored(row, draft));
    }
    return [...found.values()];
  }

  /** The rows filed under the hash as they are now; some more than once. */
  *#filed(hash: number, draft: Draft): IterableIterator<TraceRow> {
    for (const id of draft.byHash(hash)) {
      const row = draft.row(id) ?? this.#reader.byId(id);
      if (row !== undefined) yield row;
    }
    if (!this.#hadMore && !this.#known.mayHave(hash)) return;
    for (const row of this.#reader.byHash(hash)) if (!draft.has(row.id)) yield row;
  }

  /** The message that is stored under the number, which is in the database. */
  byRef(ref: number): StoredCase | undefined {
    const row = this.#reader.byId(ref);
    return row === undefined ? undefined : this.#stored(row, this.#current());
  }

  #stored(row: TraceRow, draft: Draft): StoredCase {
    if (draft.has(row.id)) return storedCase(row, draft, this.#patterns);
    const linesOf = (): readonly StoredLine[] => [...this.#reader.linesOf(row), ...draft.appendedTo(row.id)];
    return storedCase(row, { linesOf }, this.#patterns);
  }

  /** Whether something may be filed under one of the hashes. */
  mayHaveAny(hashes: Float64Array): boolean {
    for (let n = 0; n < hashes.length; n++) if (this.#mayHave(hashes[n] ?? 0)) return true;
    return false;
  }

  /** Whether something is filed under one of the hashes. */
  hasAny(hashes: Float64Array): boolean {
    const draft = this.#current();
    for (let n = 0; n < hashes.length; n++) {
      const hash = hashes[n] ?? 0;
      if (!this.#mayHave(hash)) continue;
      for (const { id } of this.#filed(hash, draft)) if (!draft.hasDropped(id)) return true;
    }
    return false;
  }

  /** Whether a message filed under the hash is stored with just these lines. */
  has(hash: number, lines: readonly StoredLine[]): boolean {
    for (const row of this.#reader.byHash(hash)) {
      const stored = this.#reader.linesOf(row);
      if (stored.length === lines.length && stored.every(({ raw }, n) => raw === lines[n]?.raw)) return true;
    }
    return false;
  }

  #mayHave(hash: number): boolean {
    return this.#hadMore || this.#current().mayHave(hash) || this.#known.mayHave(hash);
  }

  /** The batch has been stored: what it held is found in the database from now on. */
  stored(draft: Draft): void {
    if (this.#hadMore) return;
    for (const hash of draft.hashes) this.#known.add(hash);
  }
}
