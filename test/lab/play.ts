/** Plays one scenario: what truly happened, and what the log gained meanwhile. */
import { readFileSync } from 'node:fs';
import { audit } from './audit.js';
import { collect, emptyMailboxes } from './evidence.js';
import type { Expected } from './expected.js';
import { Lab, type Scenario } from './scenario.js';
import { Statements } from './statements.js';
import type { LogFiles } from './syslog.js';
import type { System } from './system.js';
import { establish } from './truth.js';

export interface Played<Seen> {
  readonly expected: Expected;
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly ended: number;
  /** The text that each of the log files gained. */
  readonly log: Readonly<Record<keyof LogFiles, string>>;
  /** The lab's own faults: where the programs did something else than the scenario was made for. */
  readonly faults: readonly string[];
  /** What check, probe and stuck said. */
  readonly statements: Statements;
  /** What was seen while mail that waits was still in the queue. */
  readonly seen: Seen;
}

/** `look` is called while what waits in the queue still waits there; what it saw comes with the rest. */
export async function play<Seen>(
  system: System,
  scenario: Scenario,
  look: (expected: Expected) => Promise<Seen>,
): Promise<Played<Seen>> {
  const began = Date.now();
  const statements = new Statements();
  const broken: string[] = [];
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      broken.push(error instanceof Error ? error.message : String(error));
    }
  };
  await attempt(() => prepare(system, scenario));
  const from = system.syslog.sizes();
  const gained = (name: keyof LogFiles) =>
    readFileSync(system.syslog.files[name]).subarray(from[name]).toString();
  const lab = new Lab(system, statements, () => gained('maillog'));
  if (broken.length === 0) {
    await attempt(async () => {
      await audit(system, scenario, statements);
      await scenario.run(lab);
      await system.settle();
    });
  }
  const evidence = await collect(system.root, system.postfix, system.amavis, system.sinks);
  const log = { maillog: gained('maillog'), rfc3339: gained('rfc3339'), rfc5424: gained('rfc5424') };
  const { expected, faults } = establish(scenario.name, scenario.note, lab.stories, evidence);
  const seen = await look(expected);
  await system.postfix.empty();
  return { expected, began, ended: Date.now(), log, faults: [...broken, ...faults], statements, seen };
}

async function prepare(system: System, scenario: Scenario): Promise<void> {
  await system.configure(scenario.postfix ?? {}, scenario.amavis ?? {});
  emptyMailboxes(system.root);
  system.amavis.emptyQuarantine();
  system.sinks.collect();
  // The queue manager may still avoid a destination that failed in the scenario before.
  await system.postfix.flush();
  await system.settle();
}
