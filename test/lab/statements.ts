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
    this.#count += 1;
    if (isDeepStrictEqual(said, wanted)) return;
    this.#differences.push(`${about}: wanted ${JSON.stringify(wanted)}, said ${JSON.stringify(said)}`);
  }
}
