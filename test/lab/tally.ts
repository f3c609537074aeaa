/** Counts what was compared, and tells what was found wrong as it comes. */
import type { Comparison } from './compare.js';
import type { Played } from './play.js';

export class Tally {
  #messages = 0;
  #chains = 0;
  #ids = 0;
  #states = 0;
  #wrong = 0;

  get good(): boolean {
    return this.#wrong === 0;
  }

  /** One scenario: how long it took, and how what amavtrace showed live and afterwards compares. */
  scenario({ expected, faults }: Played, seconds: number, live: Comparison, imported: Comparison): void {
    this.#messages += expected.messages.length;
    console.log(`${expected.scenario}: ${expected.messages.length} messages, ${seconds.toFixed(1)} s`);
    this.#wrong += faults.length;
    for (const fault of faults) console.log(`  LAB: ${fault}`);
    this.#add('live', live);
    this.#add('imported', imported);
  }

  /** The log of all scenarios in one of its shapes. */
  whole(shape: string, comparison: Comparison): void {
    console.log(`the whole log as ${shape}: ${comparison.messages} messages`);
    this.#add('whole', comparison);
  }

  end(): void {
    const compared = `${this.#chains} chains, ${this.#ids} ids on them and ${this.#states} recipient states compared`;
    console.log(`lab: ${this.#messages} messages sent; ${compared}; ${this.#wrong} wrong`);
  }

  #add(how: string, comparison: Comparison): void {
    this.#chains += comparison.messages;
    this.#ids += comparison.ids;
    this.#states += comparison.states;
    this.#wrong += comparison.differences.length;
    for (const difference of comparison.differences) console.log(`  WRONG (${how}): ${difference}`);
  }
}
