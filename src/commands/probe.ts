import { printable } from '../output/printable.js';
import { traceText } from '../output/trace-text.js';
import { type MailLog, openMailLog } from '../probe/mail-log.js';
import { probe } from '../probe/probe.js';
import { thisMachine } from '../probe/system.js';
import { findLog } from '../read/find-log.js';
import { UserError } from '../user-error.js';
import { sources } from './check.js';
import type { Io, Run } from './command.js';
import { flag, text, zone } from './options.js';

export const run: Run = async (args, options, io) => {
  const via = text(options, 'via') ?? '10024';
  if (via !== '10024' && via !== '25') throw new UserError(`--via wants 10024 or 25, not "${via}"`);
  const setting = { patterns: text(options, 'patterns'), zone: zone(options) };
  const log =
    args.length > 0 ? await openMailLog({ ...setting, files: args }) : await machineLog(setting, io);
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
    { log, showTrace: (trace) => traceText(trace, { ...io, zone: setting.zone }), system: thisMachine },
  );
};

/** The tests can be made without a log, only not followed to their end. */
async function machineLog(
  setting: Omit<Parameters<typeof openMailLog>[0], 'files'>,
  io: Io,
): Promise<MailLog | null> {
  try {
    const found = await findLog();
    const log = await openMailLog({ ...setting, files: found.kind === 'files' ? found.paths : null });
    io.note(`amavtrace: ${printable(found.why)}\n`);
    return log;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    io.note(`amavtrace: ${printable(error.message)}\n`);
    return null;
  }
}
