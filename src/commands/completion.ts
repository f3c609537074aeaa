import { SHELLS } from '../output/completion.js';
import { printable } from '../output/printable.js';
import { readCatalogue } from '../read/problem-files.js';
import { UserError } from '../user-error.js';
import type { Run } from './command.js';
import { commands } from './index.js';

export const run: Run = async ([shell = ''], _options, io) => {
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (script === undefined) {
    throw new UserError(
      `no completion is known for the shell "${printable(shell)}"`,
      `Name one of ${Object.keys(SHELLS).join(', ')}.`,
    );
  }
  io.out(script(commands, { problems: [...readCatalogue(undefined).definitions.keys()].sort() }));
  return 0;
};
