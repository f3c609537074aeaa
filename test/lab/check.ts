/** Plays the scenarios and lays what amavtrace shows, live and afterwards, beside the truth. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '../../src/core/trace/trace.js';
import { Follower, importedTraces } from './amavtrace.js';
import { type Comparison, compare, strays } from './compare.js';
import type { Expected } from './expected.js';
import { type Played, play } from './play.js';
import { pause } from './process.js';
import { save } from './record.js';
import type { Scenario } from './scenario.js';
import type { System } from './system.js';
import { Tally } from './tally.js';

/** Resolves to whether everything was as it must be. */
export async function check(
  system: System,
  scenarios: readonly Scenario[],
  recordInto: string | undefined,
): Promise<boolean> {
  const follower = new Follower();
  follower.start(system.syslog.files.maillog);
  const tally = new Tally();
  const all: Expected[] = [];
  let importing = Promise.resolve();
  for (const scenario of scenarios) {
    const began = Date.now();
    const played = await play(system, scenario, (expected) => agreed(follower, expected));
    const seconds = (Date.now() - began) / 1000;
    all.push(played.expected);
    if (recordInto !== undefined) save(recordInto, played);
    // While one scenario's log is imported, the next is played already.
    await importing;
    importing = imported(system, played).then((afterwards) => {
      tally.scenario(played, seconds, played.seen, afterwards);
    });
  }
  await importing;
  await follower.stop();
  for (const [shape, log] of Object.entries(system.syslog.files)) {
    tally.whole(shape, await importedWhole(system, shape, log, all));
  }
  tally.end();
  return tally.good;
}

/** The follower lags behind the log a little; what it shows must come to be right soon. */
async function agreed(follower: Follower, expected: Expected): Promise<Comparison> {
  const end = Date.now() + 10_000;
  for (;;) {
    const comparison = compare(expected, follower.traces());
    if (comparison.differences.length === 0 || Date.now() > end) return comparison;
    await pause(100);
  }
}

async function imported(system: System, { expected, log }: Played): Promise<Comparison> {
  const file = join(system.root, `${expected.scenario}.log`);
  writeFileSync(file, log.maillog);
  return withStrays(expected, await importedTraces([file], join(system.root, 'db', expected.scenario)));
}

/**
 * All scenarios in one log, in one of its shapes: ids come again in there, and the heads may have lost the service. It is
 * imported up to its middle and then as a whole, which must complete the first half's traces and add no line twice.
 */
async function importedWhole(
  system: System,
  shape: string,
  log: string,
  all: readonly Expected[],
): Promise<Comparison> {
  const text = readFileSync(log);
  const half = join(system.root, `half.${shape}`);
  writeFileSync(half, text.subarray(0, text.length / 2));
  return withStrays(afterwards(all), await importedTraces([half, log], join(system.root, 'db', shape)));
}

function withStrays(expected: Expected, traces: readonly Trace[]): Comparison {
  const comparison = compare(expected, traces);
  return { ...comparison, differences: [...comparison.differences, ...strays(expected, traces)] };
}

/** What is true once the queue has been emptied behind every scenario: what still waited has been deleted. */
function afterwards(all: readonly Expected[]): Expected {
  const open = new Set(['deferred', 'held', 'queued', 'filtering']);
  const messages = all.flatMap((expected) =>
    expected.messages.map((message) => ({
      ...message,
      recipients: Object.fromEntries(
        Object.entries(message.recipients).map(([name, state]) => [
          name,
          open.has(state) ? ('deleted' as const) : state,
        ]),
      ),
    })),
  );
  return { scenario: 'all', note: 'all scenarios, one after another', messages };
}
