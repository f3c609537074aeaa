/** `npm run lab`: real Postfix and amavis end to end. See README.md beside this file. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { collect, emptyMailboxes } from './evidence.js';
import type { Expected } from './expected.js';
import { install, whyNotHere } from './install.js';
import { insideRoot, runInside, whyNotIsolated } from './isolate.js';
import { Lab, type Scenario } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import type { LogFiles } from './syslog.js';
import { System } from './system.js';
import { establish } from './truth.js';

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, record: { type: 'string' } },
});

async function main(): Promise<number> {
  const root = insideRoot();
  if (root === null) {
    const why = whyNotHere();
    if (why !== null) {
      console.log(`lab: not run: ${why}`);
      return 0;
    }
    await install();
    const closed = whyNotIsolated();
    if (closed !== null) {
      console.log(`lab: not run: ${closed}`);
      return 0;
    }
    return runInside();
  }
  const system = new System(root);
  await system.start();
  let failed = 0;
  for (const scenario of scenarios) {
    if (values.only && !values.only.some((only) => scenario.name.includes(only))) continue;
    const began = Date.now();
    try {
      const { expected, log } = await play(system, scenario);
      if (values.record) save(values.record, expected, log);
      console.log(`${scenario.name}: ${expected.messages.length} messages, ${Date.now() - began} ms`);
    } catch (error) {
      failed += 1;
      console.log(`${scenario.name}: FAILED: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  await system.stop();
  return failed > 0 ? 1 : 0;
}

/** Runs one scenario; what truly happened, and what the log gained meanwhile. */
async function play(
  system: System,
  scenario: Scenario,
): Promise<{ expected: Expected; log: Record<keyof LogFiles, string> }> {
  await system.amavis.configure(scenario.amavis ?? {});
  await system.postfix.configure(scenario.postfix ?? {});
  emptyMailboxes(system.root);
  system.amavis.emptyQuarantine();
  system.sinks.collect();
  await system.settle();
  const from = system.syslog.sizes();
  const lab = new Lab(system);
  await scenario.run(lab);
  await system.settle();
  const evidence = await collect(system.root, system.postfix, system.amavis, system.sinks);
  const log = Object.fromEntries(
    Object.entries(system.syslog.files).map(([name, path]) => [
      name,
      readFileSync(path)
        .subarray(from[name as keyof LogFiles])
        .toString(),
    ]),
  ) as Record<keyof LogFiles, string>;
  await system.postfix.empty();
  return { expected: establish(scenario.name, scenario.note, lab.stories, evidence), log };
}

function save(folder: string, expected: Expected, log: Record<keyof LogFiles, string>): void {
  const into = join(folder, expected.scenario);
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, 'maillog'), log.maillog);
  writeFileSync(join(into, 'maillog.rfc3339'), log.rfc3339);
  writeFileSync(join(into, 'maillog.rfc5424'), log.rfc5424);
  writeFileSync(join(into, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
}

process.exitCode = await main();
