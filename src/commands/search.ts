import { matchesAddress, toGlob } from '../core/address-glob.js';
import type { Trace } from '../core/trace/trace.js';
import { printableJson } from '../output/printable.js';
import { traceRow } from '../output/trace-row.js';
import { UserError } from '../user-error.js';
import type { Options, Run } from './command.js';
import { count, flag, instant, text, zone } from './options.js';
import { STATES } from './states.js';
import { openTraces } from './store-options.js';

const DEFAULT_LIMIT = 100;

export const run: Run = async (_args, options, io) => {
  const state = text(options, 'state')?.toLowerCase();
  if (state !== undefined && !STATES.some((known) => known === state)) {
    throw new UserError(`--state: there is no state "${state}"`, `States: ${STATES.join(', ')}.`);
  }
  const now = Date.now();
  const time = (name: string): number | undefined => {
    const value = text(options, name);
    return value === undefined ? undefined : instant(`--${name}`, value, options, now);
  };
  const globs = {
    sender: globOf(options, 'sender'),
    recipient: globOf(options, 'recipient'),
    client: globOf(options, 'client'),
  };
  const limit = count(options, 'limit') ?? DEFAULT_LIMIT;
  const query = {
    sender: globs.sender,
    recipient: globs.recipient,
    client: globs.client,
    state,
    verdict: text(options, 'verdict')?.toUpperCase(),
    problem: text(options, 'problem'),
    host: text(options, 'host'),
    since: time('since'),
    until: time('until'),
  };
  const accept = (trace: Trace): boolean =>
    (globs.sender === undefined || (trace.sender !== null && matchesAddress(trace.sender, globs.sender))) &&
    (globs.recipient === undefined || hasRecipient(trace, globs.recipient));
  const { traces, db } = openTraces(options, io);
  const shown = { ...io, zone: zone(options) };
  let found = 0;
  for (const trace of traces.search(query, accept)) {
    found++;
    io.out(flag(options, 'json') ? `${printableJson(trace)}\n` : `${traceRow(trace, shown)}\n`);
    if (found === limit || io.signal.aborted) break;
  }
  db.close();
  if (found === 0) io.note('amavtrace: no message fits\n');
  else if (found === limit && !flag(options, 'json')) io.note(`(the newest ${limit}; --limit 0 shows all)\n`);
  return 0;
};

function globOf(options: Options, name: string): string | undefined {
  const value = text(options, name);
  if (value === undefined) return undefined;
  return name === 'client' ? `*${value.toLowerCase()}*` : toGlob(value);
}

function hasRecipient(trace: Trace, glob: string): boolean {
  return trace.recipients.some(
    ({ address, originalTo }) =>
      matchesAddress(address, glob) || (originalTo !== null && matchesAddress(originalTo, glob)),
  );
}
