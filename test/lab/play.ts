/** Plays one scenario: what truly happened, and what the log gained meanwhile. */
import { readFileSync } from 'node:fs';
import { collect, emptyMailboxes } from './evidence.js';
import type { Expected } from './expected.js';
import { Lab, type Scenario } from './scenario.js';
import type { LogFiles } from './syslog.js';
import type { System } from './system.js';
import { establish } from './truth.js';

export interface Played {
  readonly expected: Expected;
  /** The text that each of the log files gained. */
  readonly log: Readonly<Record<keyof LogFiles, string>>;
  /** The lab's own faults: where the programs did something else than the scenario was made for. */
  readonly faults: readonly string[];
}

/** `look` is called while what waits in the queue still waits there; what it saw comes with the rest. */
export async function play<Seen>(
  system: System,
  scenario: Scenario,
  look: (expected: Expected) => Promise<Seen>,
): Promise<Played & { readonly seen: Seen }> {
  await system.configure(scenario.postfix ?? {}, scenario.amavis ?? {});
  emptyMailboxes(system.root);
  system.amavis.emptyQuarantine();
  system.sinks.collect();
  await system.settle();
  const from = system.syslog.sizes();
  const gained = (name: keyof LogFiles) =>
    readFileSync(system.syslog.files[name]).subarray(from[name]).toString();
  const lab = new Lab(system);
  const broken: string[] = [];
  try {
    await scenario.run(lab);
    await system.settle();
  } catch (error) {
    broken.push(error instanceof Error ? error.message : String(error));
  }
  const evidence = await collect(system.root, system.postfix, system.amavis, system.sinks);
  const log = { maillog: gained('maillog'), rfc3339: gained('rfc3339'), rfc5424: gained('rfc5424') };
  const { expected, faults } = establish(scenario.name, scenario.note, lab.stories, evidence);
  const seen = await look(expected);
  await system.postfix.empty();
  return { expected, log, faults: [...broken, ...faults], seen };
}
