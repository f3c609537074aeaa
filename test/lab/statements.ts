/** What check, probe and stuck say of the running system, laid beside what they should say. */
import { isDeepStrictEqual } from 'node:util';

export class Statements {
  readonly #differences: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get differences(): readonly string[] {
    return this.#differences;
  }

  same(about: string, said: unknown, wanted: unknown): void {
    this.#judge(isDeepStrictEqual(said, wanted), about, said, wanted);
  }

  /** The wording is free, what it says is not. */
  like(about: string, said: readonly string[], wanted: readonly RegExp[]): void {
    const fits = said.length === wanted.length && wanted.every((one, at) => one.test(said[at] ?? ''));
    this.#judge(fits, about, said, wanted.map(String));
  }

  #judge(right: boolean, about: string, said: unknown, wanted: unknown): void {
    this.#count += 1;
    if (right) return;
    this.#differences.push(`${about}: wanted ${JSON.stringify(wanted)}, said ${JSON.stringify(said)}`);
  }
}
