import {
  type NagiosStatus,
  nagiosStatus,
  nagiosUnknown,
  parseThreshold,
  type Threshold,
} from '../core/problem/nagios.js';
import { compareWithQueue, type Disagreement } from '../core/problem/queue.js';
import { groupStuck, type StuckGroup } from '../core/problem/stuck.js';
import type { Trace } from '../core/trace/trace.js';
import type { Traces } from '../ingest/traces.js';
import { incidentsText } from '../output/incidents.js';
import { disagreementText, elsewhereText, stuckJson, stuckText } from '../output/stuck.js';
import { readBackoff, readQueue } from '../read/postqueue.js';
import { UserError } from '../user-error.js';
import type { Io, Options, Run } from './command.js';
import { flag, oneOf, text, zone } from './options.js';
import { openTraces } from './store-options.js';

const WARNING: Threshold = { kind: 'count', value: 1 };
const CRITICAL: Threshold = { kind: 'count', value: 10 };

export const run: Run = async (_args, options, io) => {
  if (flag(options, 'nagios')) {
    const { line, exitStatus } = await check(options, io);
    io.out(`${line}\n`);
    return exitStatus;
  }
  for (const limit of ['warning', 'critical']) {
    if (text(options, limit) !== undefined)
      throw new UserError(`--${limit} is for --nagios alone`, `Add --nagios, or leave --${limit} out.`);
  }
  const { traces, db } = openTraces(options, io);
  const { groups, elsewhere, disagreements } = await look(traces, flag(options, 'queue'));
  if (flag(options, 'json')) {
    for (const line of stuckJson(groups, disagreements ?? [])) io.out(`${line}\n`);
  } else {
    io.out(`${stuckText(groups, zone(options))}\n`);
    if (elsewhere > 0) io.out(`\n${elsewhereText(elsewhere)}\n`);
    const open = traces.incidents().filter(({ end }) => end === null);
    if (open.length > 0) io.out(`\n${incidentsText(open, zone(options), io.columns)}\n`);
    if (disagreements !== undefined) io.out(`\n${disagreementText(disagreements)}\n`);
  }
  db.close();
  return groups.length > 0 ? 1 : 0;
};

interface Look {
  readonly groups: readonly StuckGroup[];
  /** Deferred messages that wait for something else than the filter. */
  readonly elsewhere: number;
  /** undefined: the queue was not asked. */
  readonly disagreements: readonly Disagreement[] | undefined;
}

async function look(traces: Traces, queue: boolean): Promise<Look> {
  // There may be many: they are not held all at once where that isn't needed.
  const open = queue ? [...traces.open()] : traces.open();
  const deferred: string[] = [];
  const backoff = queue ? await readBackoff() : null;
  const groups = groupStuck(noting(open, deferred), { now: traces.now, backoff });
  const atFilter = new Set(groups.flatMap(({ messages }) => messages.map(({ id }) => id)));
  const elsewhere = deferred.filter((id) => !atFilter.has(id)).length;
  if (!queue) return { groups, elsewhere, disagreements: undefined };
  const find = (queueId: string) => traces.withId(queueId)[0]?.trace;
  return { groups, elsewhere, disagreements: compareWithQueue(await readQueue(), open, find) };
}

/** The traces as they come; the ids of those that are deferred are noted. */
function* noting(traces: Iterable<Trace>, deferred: string[]): IterableIterator<Trace> {
  for (const trace of traces) {
    if (trace.state === 'deferred') deferred.push(trace.id);
    yield trace;
  }
}

/** For monitoring every end is one line, so a failure is too. */
async function check(options: Options, io: Io): Promise<NagiosStatus> {
  try {
    oneOf(options, '--nagios', '--json');
    if (flag(options, 'queue'))
      throw new UserError('--nagios tells what the log says, and does not ask the queue: leave --queue out');
    const warning = threshold(options, 'warning') ?? WARNING;
    const critical = threshold(options, 'critical') ?? CRITICAL;
    const { traces, db } = openTraces(options, io);
    const { groups } = await look(traces, false);
    db.close();
    return nagiosStatus(groups, warning, critical);
  } catch (error) {
    return nagiosUnknown(error instanceof Error ? error.message : String(error));
  }
}

function threshold(options: Options, name: string): Threshold | undefined {
  const value = text(options, name);
  if (value === undefined) return undefined;
  const found = parseThreshold(value);
  if (found === undefined)
    throw new UserError(`--${name} wants a number of messages or an age such as 10m, not "${value}"`);
  return found;
}
