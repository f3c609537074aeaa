import { printable } from '../output/printable.js';
import { traceText } from '../output/trace-text.js';
import { openLogOf } from '../probe/open-log.js';
import { probe } from '../probe/probe.js';
import { thisMachine } from '../probe/system.js';
import { type FoundLog, findLog } from '../read/find-log.js';
import { compilePatterns, readPatternFiles } from '../read/pattern-files.js';
import { UserError } from '../user-error.js';
import { sources } from './check.js';
import type { Io, Run } from './command.js';
import { flag, text, texts, zone } from './options.js';

export const run: Run = async (_args, options, io) => {
  const via = text(options, 'via') ?? '10024';
  if (via !== '10024' && via !== '25') throw new UserError(`--via wants 10024 or 25, not "${via}"`);
  const zoneOffset = zone(options);
  const dir = text(options, 'patterns');
  const patterns = compilePatterns(dir === undefined ? [] : readPatternFiles(dir));
  const named = texts(options, 'log');
  const log: FoundLog | null =
    named.length === 0 ? await machineLog(io) : { kind: 'files', paths: named, why: '' };
  return probe(
    {
      ...sources(options),
      filter: text(options, 'filter'),
      reinject: text(options, 'reinject'),
      from: text(options, 'from'),
      to: text(options, 'to'),
      via,
      gtube: flag(options, 'gtube'),
      eicar: flag(options, 'eicar'),
      allowRemote: flag(options, 'allowRemote'),
      json: flag(options, 'json'),
    },
    io,
    {
      openLog: openLogOf({ log, patterns, zone: zoneOffset }),
      showTrace: (trace) => traceText(trace, { ...io, zone: zoneOffset }),
      system: thisMachine(log?.kind === 'files' ? log.paths : []),
    },
  );
};

/** The tests can be made without a log, only not followed to their end. */
async function machineLog(io: Io): Promise<FoundLog | null> {
  try {
    return await findLog();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    io.note(`amavtrace probe: ${printable(error.message)}\n`);
    return null;
  }
}
