/** A lane: plays the scenarios that it is given and lays what amavtrace shows, live and afterwards, beside the truth. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecipientState, Trace } from '../../src/core/trace/trace.js';
import { Follower, importedTraces } from './amavtrace.js';
import { type Comparison, compare, strays } from './compare.js';
import type { Expected, ExpectedMessage } from './expected.js';
import type { FromLane, ToLane } from './lanes.js';
import { type Played, play } from './play.js';
import { pause } from './process.js';
import { save } from './record.js';
import { countsOf, isGood, type Report, sum } from './report.js';
import type { Scenario } from './scenario.js';
import type { System } from './system.js';

/** `lag` is how many milliseconds passed until what was followed live was right. */
type Watched = Played<Comparison & { readonly lag: number }>;

/** Plays until there is nothing more to play; the run outside gets a report of each scenario, and of their logs. */
export async function runLane(
  system: System,
  scenarios: readonly Scenario[],
  recordInto: string | undefined,
): Promise<void> {
  // Without a run outside there is nobody to play for.
  const abandoned = () => process.exit(2);
  process.once('disconnect', abandoned);
  const follower = new Follower();
  follower.start(system.syslog.files.maillog);
  try {
    const done = await playEach(system, scenarios, follower, recordInto);
    if (done.some(({ report }) => isGood(report))) await compareWhole(system, done, follower);
  } finally {
    await follower.stop();
    process.off('disconnect', abandoned);
  }
}

interface Done {
  readonly played: Watched;
  readonly report: Report;
}

async function playEach(
  system: System,
  scenarios: readonly Scenario[],
  follower: Follower,
  recordInto: string | undefined,
): Promise<readonly Done[]> {
  const done: Done[] = [];
  let importing = Promise.resolve();
  for (;;) {
    const scenario = await nextOf(scenarios);
    if (scenario === null) break;
    const played = await play(system, scenario, (expected) =>
      righted(() => compare(expected, follower.traces())),
    );
    if (recordInto !== undefined) save(recordInto, played);
    // While one scenario's log is imported, the next is played already.
    await importing;
    importing = imported(system, played).then((afterwards) => {
      const report = reportOf(played, afterwards);
      done.push({ played, report });
      tell({ report });
    });
  }
  await importing;
  return done;
}

async function compareWhole(system: System, done: readonly Done[], follower: Follower): Promise<void> {
  const whole = wholeOf(done);
  tell({ report: await righted(() => reportOfWhole('followed live', whole, follower.traces())) });
  await follower.stop();
  for (const [shape, log] of Object.entries(system.syslog.files)) {
    tell({ report: await importedWhole(system, shape, log, whole) });
  }
}

async function nextOf(scenarios: readonly Scenario[]): Promise<Scenario | null> {
  const answer = once(process, 'message');
  tell({ idle: true });
  const [{ play: name }] = (await answer) as [ToLane];
  if (name === null) return null;
  const scenario = scenarios.find((one) => one.name === name);
  if (!scenario) throw new Error(`no scenario is called ${name}`);
  return scenario;
}

function tell(message: FromLane): void {
  process.send?.(message);
}

/** The follower lags behind the log a little; what it shows must come to be right soon. */
async function righted<Found extends Pick<Comparison, 'differences'>>(
  look: () => Found,
): Promise<Found & { readonly lag: number }> {
  const began = Date.now();
  for (;;) {
    const found = look();
    const lag = Date.now() - began;
    if (found.differences.length === 0 || lag > 10_000) return { ...found, lag };
    await pause(100);
  }
}

async function imported(system: System, { expected, log }: Watched): Promise<Comparison> {
  const file = join(system.root, `${expected.scenario}.log`);
  writeFileSync(file, log.maillog);
  const traces = await importedTraces([file], join(system.root, 'db', expected.scenario));
  const comparison = compare(expected, traces);
  return { ...comparison, differences: [...comparison.differences, ...strays(expected, traces)] };
}

function reportOf(played: Watched, afterwards: Comparison): Report {
  const { expected, faults, seen, statements } = played;
  const messages = expected.messages.length;
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  return {
    scenario: expected.scenario,
    title: `${expected.scenario}: ${messages} messages, ${seconds(played.ended - played.began)}, live right after ${seconds(seen.lag)}`,
    counts: {
      ...sum([countsOf(seen), countsOf(afterwards)]),
      messages,
      statements: statements.count,
    },
    faults,
    differences: [
      ...seen.differences.map((difference) => `live: ${difference}`),
      ...afterwards.differences.map((difference) => `imported: ${difference}`),
      ...statements.differences,
    ],
  };
}

/** All that the lane has played, in one log: ids come again in there. */
interface Whole {
  readonly expected: Expected;
  /** Whether a trace is of the time of the scenarios that are compared; those that failed are left out. */
  readonly has: (trace: Trace) => boolean;
}

function wholeOf(done: readonly Done[]): Whole {
  const good = done.filter(({ report }) => isGood(report));
  const bad = done.filter(({ report }) => !isGood(report));
  const isIn = (seen: number, { played }: Done) => seen >= played.began - 1000 && seen <= played.ended + 1000;
  return {
    expected: afterwards(good.map(({ played }) => played.expected)),
    has: ({ firstSeen }) => !bad.some((one) => isIn(Date.parse(firstSeen), one)),
  };
}

/**
 * The log of all scenarios in one of its shapes: the heads may have lost the service. It is imported up to its middle
 * and then as a whole, which must complete the first half's traces and add no line twice.
 */
async function importedWhole(system: System, shape: string, log: string, whole: Whole): Promise<Report> {
  const text = readFileSync(log);
  const half = join(system.root, `half.${shape}`);
  writeFileSync(half, text.subarray(0, text.length / 2));
  const traces = await importedTraces([half, log], join(system.root, 'db', shape));
  return reportOfWhole(`imported as ${shape}`, whole, traces);
}

function reportOfWhole(how: string, { expected, has }: Whole, traces: readonly Trace[]): Report {
  const comparison = compare(expected, traces);
  const differences = [...comparison.differences, ...strays(expected, traces.filter(has))];
  return {
    scenario: null,
    title: `the lane's whole log, ${how}: ${comparison.messages} messages`,
    counts: countsOf(comparison),
    faults: [],
    differences: differences.map((difference) => `whole log, ${how}: ${difference}`),
  };
}

const open: ReadonlySet<RecipientState> = new Set(['deferred', 'held', 'queued', 'filtering']);

/** What is true once the queue has been emptied behind every scenario: what still waited has been deleted. */
function afterwards(all: readonly Expected[]): Expected {
  const messages = all.flatMap((expected) => expected.messages.map(deleted));
  const notices = all.flatMap((expected) => expected.notices ?? []);
  return { scenario: 'all', note: 'all scenarios, one after another', notices, messages };
}

function deleted(message: ExpectedMessage): ExpectedMessage {
  const states = Object.entries(message.recipients);
  if (!states.some(([, state]) => open.has(state))) return message;
  return {
    ...message,
    recipients: Object.fromEntries(
      states.map(([name, state]) => [name, open.has(state) ? 'deleted' : state]),
    ),
    problems: message.problems === null ? null : [...message.problems, 'deleted'],
  };
}
