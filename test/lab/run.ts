/** `npm run lab`: real Postfix and amavis end to end. README.md beside this file tells its options. */
import { parseArgs } from 'node:util';
import { build } from './amavtrace.js';
import { demonstrate } from './demo.js';
import { install, whyNotHere } from './install.js';
import { insideRoot, runInside, whyNotIsolated } from './isolate.js';
import { runLane } from './lane.js';
import { playAll } from './lanes.js';
import { scenarios } from './scenarios/index.js';
import { System } from './system.js';

const { values } = parseArgs({
  options: {
    list: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    play: { type: 'boolean' },
    record: { type: 'string' },
  },
});

async function main(): Promise<number> {
  if (values.list) {
    for (const { name, note } of scenarios) console.log(`${name.padEnd(24)} ${note}`);
    return 0;
  }
  const root = insideRoot();
  return root === null ? outside() : inside(root);
}

async function outside(): Promise<number> {
  const names = scenarios.map(({ name }) => name);
  const unknown = (values.only ?? []).filter((only) => !names.includes(only));
  if (unknown.length > 0) {
    console.error(`lab: no scenario is called ${unknown.join(', ')}; --list names them`);
    return 2;
  }
  const why = whyNotHere();
  if (why === null) await install();
  const notRun = why ?? whyNotIsolated();
  if (notRun !== null) {
    console.log(`lab: not run: ${notRun}`);
    return 0;
  }
  await build();
  if (values.play) return runInside();
  return (await playAll(values.only ?? names)) ? 0 : 1;
}

async function inside(root: string): Promise<number> {
  const system = new System(root);
  try {
    await system.start();
    if (values.play) await demonstrate(system);
    else await runLane(system, scenarios, values.record);
    return 0;
  } finally {
    await system.stop();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
