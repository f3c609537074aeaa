/** What a scenario, or the log of all that a lane has played, came to: plain data, for it crosses over to the run outside. */
import type { Comparison } from './compare.js';

export interface Counts {
  /** Messages that were sent. */
  readonly messages: number;
  /** Traces laid beside the truth: a message counts each time that it is looked at. */
  readonly chains: number;
  readonly ids: number;
  readonly states: number;
  /** What check, probe and stuck said, laid beside what they should say. */
  readonly statements: number;
}

export interface Report {
  /** The scenario's name; null for the log of several. */
  readonly scenario: string | null;
  readonly title: string;
  readonly counts: Counts;
  /** The lab's own faults: where the programs did something else than the scenario was made for. */
  readonly faults: readonly string[];
  /** Where amavtrace is wrong. */
  readonly differences: readonly string[];
}

const nothing: Counts = { messages: 0, chains: 0, ids: 0, states: 0, statements: 0 };

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (one, other) => ({
      messages: one.messages + other.messages,
      chains: one.chains + other.chains,
      ids: one.ids + other.ids,
      states: one.states + other.states,
      statements: one.statements + other.statements,
    }),
    nothing,
  );
}

export function countsOf({ messages, ids, states }: Comparison): Counts {
  return { ...nothing, chains: messages, ids, states };
}

export function isGood({ faults, differences }: Report): boolean {
  return faults.length === 0 && differences.length === 0;
}

export function reportText({ title, faults, differences }: Report): string {
  return [
    title,
    ...faults.map((fault) => `  LAB: ${fault}`),
    ...differences.map((difference) => `  WRONG: ${difference}`),
  ].join('\n');
}
