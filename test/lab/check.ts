/** Plays the scenarios and lays what amavtrace shows, live and afterwards, beside the truth. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Follower, importedTraces } from './amavtrace.js';
import { type Comparison, compare } from './compare.js';
import type { Expected } from './expected.js';
import { type Played, play } from './play.js';
import { pause } from './process.js';
import { save } from './record.js';
import type { Scenario } from './scenario.js';
import type { System } from './system.js';

/** Resolves to whether everything was as it must be. */
export async function check(
  system: System,
  scenarios: readonly Scenario[],
  recordInto: string | undefined,
): Promise<boolean> {
  const follower = new Follower();
  follower.start(system.syslog.files.maillog);
  const tally = new Tally();
  const played: Played[] = [];
  for (const scenario of scenarios) {
    const began = Date.now();
    const result = await play(system, scenario, async (expected) => {
      tally.add('live', await agreed(follower, expected));
    });
    played.push(result);
    if (recordInto !== undefined) save(recordInto, result);
    tally.fault(result.faults);
    const log = join(system.root, 'scenario.log');
    writeFileSync(log, result.log.maillog);
    const traces = await importedTraces(log, join(system.root, 'db', scenario.name));
    tally.add('imported', compare(result.expected, traces));
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    console.log(`${scenario.name}: ${result.expected.messages.length} messages, ${seconds} s`);
    tally.tell();
  }
  await follower.stop();
  // All scenarios in one log, in each of its shapes: ids come again, and heads may have lost the service.
  const whole = afterwards(played.map(({ expected }) => expected));
  for (const [shape, log] of Object.entries(system.syslog.files)) {
    const traces = await importedTraces(log, join(system.root, 'db', shape));
    tally.add(`whole ${shape}`, compare(whole, traces));
    tally.tell();
  }
  console.log(tally.summary());
  return tally.good;
}

/** The follower lags behind the log a little; what it shows must come to be right soon. */
async function agreed(follower: Follower, expected: Expected): Promise<Comparison> {
  const end = Date.now() + 4_000;
  for (;;) {
    const comparison = compare(expected, follower.traces());
    if (comparison.differences.length === 0 || Date.now() > end) return comparison;
    await pause(100);
  }
}

/** What is true after the queue was emptied behind every scenario: what still waited has been deleted. */
function afterwards(all: readonly Expected[]): Expected {
  const open = new Set(['deferred', 'held', 'queued', 'filtering']);
  const messages = all.flatMap((expected) =>
    expected.messages.map((message) => ({
      ...message,
      recipients: Object.fromEntries(
        Object.entries(message.recipients).map(
          ([name, state]) => [name, open.has(state) ? 'deleted' : state] as const,
        ),
      ),
    })),
  );
  return { scenario: 'all', note: 'all scenarios, one after another', messages };
}

/** Counts what was compared, and keeps what was found wrong. */
class Tally {
  #messages = 0;
  #ids = 0;
  #states = 0;
  #wrong = 0;
  #untold: string[] = [];

  get good(): boolean {
    return this.#wrong === 0;
  }

  add(how: string, comparison: Comparison): void {
    this.#messages += comparison.messages;
    this.#ids += comparison.ids;
    this.#states += comparison.states;
    this.#wrong += comparison.differences.length;
    this.#untold.push(...comparison.differences.map((difference) => `  WRONG (${how}): ${difference}`));
  }

  fault(faults: readonly string[]): void {
    this.#wrong += faults.length;
    this.#untold.push(...faults.map((fault) => `  LAB: ${fault}`));
  }

  tell(): void {
    for (const line of this.#untold) console.log(line);
    this.#untold = [];
  }

  summary(): string {
    const compared = `${this.#messages} messages, ${this.#ids} ids on their chains and ${this.#states} recipient states compared`;
    return `lab: ${compared}, ${this.#wrong} wrong`;
  }
}
