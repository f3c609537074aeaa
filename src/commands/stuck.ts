import {
  type NagiosStatus,
  nagiosStatus,
  nagiosUnknown,
  parseThreshold,
  type Threshold,
} from '../core/problem/nagios.js';
import { compareWithQueue, type Disagreement } from '../core/problem/queue.js';
import { groupStuck, type StuckGroup } from '../core/problem/stuck.js';
import type { Traces } from '../ingest/traces.js';
import { incidentsText } from '../output/incidents.js';
import { disagreementText, stuckJson, stuckText } from '../output/stuck.js';
import { readBackoff, readQueue } from '../read/postqueue.js';
import { UserError } from '../user-error.js';
import type { Io, Options, Run } from './command.js';
import { flag, text, zone } from './options.js';
import { openTraces } from './store-options.js';

const WARNING: Threshold = { kind: 'count', value: 1 };
const CRITICAL: Threshold = { kind: 'count', value: 10 };

export const run: Run = async (_args, options, io) => {
  if (flag(options, 'nagios')) {
    const { line, exitStatus } = await check(options, io);
    io.out(`${line}\n`);
    return exitStatus;
  }
  const { traces, db } = openTraces(options, io);
  const { groups, disagreements } = await look(traces, flag(options, 'queue'));
  if (flag(options, 'json')) {
    for (const line of stuckJson(groups, disagreements ?? [])) io.out(`${line}\n`);
  } else {
    io.out(`${stuckText(groups)}\n`);
    const open = traces.incidents().filter(({ end }) => end === null);
    if (open.length > 0) io.out(`\n${incidentsText(open, zone(options))}\n`);
    if (disagreements !== undefined) io.out(`\n${disagreementText(disagreements)}\n`);
  }
  db.close();
  return groups.length > 0 ? 1 : 0;
};

async function look(
  traces: Traces,
  queue: boolean,
): Promise<{ groups: StuckGroup[]; disagreements: Disagreement[] | undefined }> {
  // There may be many: they are not held all at once where that isn't needed.
  if (!queue) {
    const groups = groupStuck(traces.open(), { now: traces.now, backoff: null });
    return { groups, disagreements: undefined };
  }
  const open = [...traces.open()];
  const groups = groupStuck(open, { now: traces.now, backoff: await readBackoff() });
  const find = (queueId: string) => traces.withId(queueId)[0]?.trace;
  return { groups, disagreements: compareWithQueue(await readQueue(), open, find) };
}

/** For monitoring every end is one line, so a failure is too. */
async function check(options: Options, io: Io): Promise<NagiosStatus> {
  try {
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
