/** The store as the joiner's archive, with what is on its way there. */
import type { Archive, StoredCase } from '../core/join/archive.js';
import type { PatternSet } from '../core/pattern.js';
import { Bloom } from '../store/bloom.js';
import { hashKey } from '../store/hash.js';
import type { Reader } from '../store/reader.js';
import { storedCase } from './stored-case.js';

export class StoreArchive implements Archive {
  readonly #reader: Reader;
  readonly #patterns: PatternSet;
  /** Ids put away by this process. */
  readonly #put = new Bloom();
  /** Whether the store held anything before. */
  readonly #hadMore: boolean;
  /** Cases that were handed to the writer and may not be in the database yet. */
  readonly #underWay = new Map<number, StoredCase>();
  readonly #underWayKeys = new Map<number, number[]>();

  constructor(reader: Reader, patterns: PatternSet) {
    this.#reader = reader;
    this.#patterns = patterns;
    this.#hadMore = reader.lastIds().trace > 0;
  }

  recall(key: string): readonly StoredCase[] {
    const hash = hashKey(key);
    const known = this.#put.mayHave(hash);
    if (!known && !this.#hadMore) return [];
    const found = new Map<number, StoredCase>();
    for (const ref of this.#underWayKeys.get(hash) ?? []) {
      const stored = this.#underWay.get(ref);
      if (stored !== undefined) found.set(ref, stored);
    }
    for (const row of this.#reader.byHash(hash)) {
      if (!found.has(row.id)) found.set(row.id, storedCase(row, this.#reader, this.#patterns));
    }
    return [...found.values()];
  }

  /** The case is on its way to the store. */
  put(stored: StoredCase, hashes: readonly number[]): void {
    this.#underWay.set(stored.ref, stored);
    for (const hash of hashes) {
      this.#put.add(hash);
      const refs = this.#underWayKeys.get(hash);
      if (refs === undefined) this.#underWayKeys.set(hash, [stored.ref]);
      else if (!refs.includes(stored.ref)) refs.push(stored.ref);
    }
  }

  /** A batch has been stored: what it held is found in the database from now on. */
  arrived(cases: readonly { readonly stored: StoredCase; readonly hashes: readonly number[] }[]): void {
    for (const { stored, hashes } of cases) {
      // A newer version of it may be under way already.
      if (this.#underWay.get(stored.ref) !== stored) continue;
      this.#underWay.delete(stored.ref);
      for (const hash of hashes) {
        const rest = (this.#underWayKeys.get(hash) ?? []).filter((ref) => ref !== stored.ref);
        if (rest.length === 0) this.#underWayKeys.delete(hash);
        else this.#underWayKeys.set(hash, rest);
      }
    }
  }
}
