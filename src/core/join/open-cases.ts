/** Cases in memory, the longest untouched first: a list through the cases themselves. */
import type { Case } from './node.js';

export class OpenCases {
  #oldest: Case | null = null;
  #newest: Case | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): Case | null {
    return this.#oldest;
  }

  has(which: Case): boolean {
    return which.older !== null || this.#oldest === which;
  }

  /** Puts the case last, whether it was in the list or not. */
  touch(which: Case): void {
    if (this.#newest === which) return;
    this.delete(which);
    which.older = this.#newest;
    if (this.#newest === null) this.#oldest = which;
    else this.#newest.newer = which;
    this.#newest = which;
    this.#size++;
  }

  delete(which: Case): void {
    if (!this.has(which)) return;
    const { older, newer } = which;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    which.older = null;
    which.newer = null;
    this.#size--;
  }

  *[Symbol.iterator](): Generator<Case, void, undefined> {
    for (let which = this.#oldest; which !== null; which = which.newer) yield which;
  }
}
