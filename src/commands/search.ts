import { addressGlobs, clientGlobs, fitsGlob } from '../core/address-glob.js';
import type { Trace } from '../core/trace/trace.js';
import { printable, printableJson } from '../output/printable.js';
import { traceRow } from '../output/trace-row.js';
import { readCatalogue } from '../read/problem-files.js';
import { UserError } from '../user-error.js';
import type { Options, Run } from './command.js';
import { count, flag, period, text, zone } from './options.js';
import { STATES } from './states.js';
import { openTraces } from './store-options.js';

const DEFAULT_LIMIT = 100;

export const run: Run = async (_args, options, io) => {
  const state = text(options, 'state')?.toLowerCase();
  if (state !== undefined && !STATES.some((known) => known === state)) {
    throw new UserError(`--state: there is no state "${state}"`, `States: ${STATES.join(', ')}.`);
  }
  const limit = count(options, 'limit') ?? DEFAULT_LIMIT;
  const query = {
    sender: globs(options, 'sender', addressGlobs),
    recipient: globs(options, 'recipient', addressGlobs),
    client: globs(options, 'client', clientGlobs),
    state,
    verdict: text(options, 'verdict')?.toUpperCase(),
    problem: text(options, 'problem'),
    host: text(options, 'host'),
    ...period(options),
  };
  const accept = (trace: Trace): boolean =>
    fitsOne([trace.sender], query.sender) &&
    fitsOne(
      trace.recipients.flatMap(({ address, originalTo }) => [address, originalTo]),
      query.recipient,
    ) &&
    fitsOne([trace.client?.address ?? null, trace.client?.name ?? null], query.client);
  const { traces, db } = openTraces(options, io);
  const shown = { ...io, zone: zone(options) };
  const json = flag(options, 'json');
  let found = 0;
  let more = false;
  for (const trace of traces.search(query, accept)) {
    more = found === limit && limit > 0;
    if (more || io.signal.aborted) break;
    found++;
    io.out(json ? `${printableJson(trace)}\n` : `${traceRow(trace, shown)}\n`);
  }
  db.close();
  if (found === 0) io.note(`amavtrace: no message fits${unknownProblem(options)}\n`);
  else if (more) io.note(`(the newest ${limit}; --limit 0 shows all)\n`);
  return 0;
};

function globs(
  options: Options,
  name: string,
  read: (value: string) => readonly string[],
): readonly string[] | undefined {
  const value = text(options, name);
  return value === undefined ? undefined : read(value);
}

function fitsOne(texts: readonly (string | null)[], wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || texts.some((one) => one !== null && fitsGlob(one, wanted));
}

/** A hint for a code that may be mistyped; a message may still have one that the catalogue no longer knows. */
function unknownProblem(options: Options): string {
  const code = text(options, 'problem');
  if (code === undefined || readCatalogue(text(options, 'patterns')).definitions.has(code)) return '';
  return `: there is no problem "${printable(code)}" (\`amavtrace explain\` lists them)`;
}
