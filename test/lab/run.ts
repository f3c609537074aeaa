/** `npm run lab`: real Postfix and amavis end to end. See README.md beside this file. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install, whyNotHere } from './install.js';
import { insideRoot, runInside, whyNotIsolated } from './isolate.js';
import { type Played, play } from './play.js';
import { scenarios } from './scenarios/index.js';
import { System } from './system.js';

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
    const played = await play(system, scenario);
    if (values.record) save(values.record, played);
    console.log(`${scenario.name}: ${played.expected.messages.length} messages, ${Date.now() - began} ms`);
    for (const fault of played.faults) console.log(`  FAULT: ${fault}`);
    if (played.faults.length > 0) failed += 1;
  }
  await system.stop();
  return failed > 0 ? 1 : 0;
}

/** In the form of the samples. Without truth there is no expected.json, but still the log that tells why. */
function save(folder: string, { expected, log, faults }: Played): void {
  const into = join(folder, expected.scenario);
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, 'maillog'), log.maillog);
  writeFileSync(join(into, 'maillog.rfc3339'), log.rfc3339);
  writeFileSync(join(into, 'maillog.rfc5424'), log.rfc5424);
  if (faults.length === 0)
    writeFileSync(join(into, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
  else rmSync(join(into, 'expected.json'), { force: true });
}

process.exitCode = await main();
