/** Where the database is, and what can be said of errors with it. Loads no SQLite. */
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../user-error.js';

/** `--db`, `$AMAVTRACE_DB`, `$XDG_STATE_HOME/amavtrace/traces.db`, `~/.local/state/amavtrace/traces.db`. */
export function databaseFile(option: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = option ?? env['AMAVTRACE_DB'];
  if (named !== undefined && named !== '') return resolve(named);
  const state = env['XDG_STATE_HOME'];
  return join(
    state !== undefined && state !== '' ? state : join(homedir(), '.local', 'state'),
    'amavtrace',
    'traces.db',
  );
}

/** Makes the folder and those above it, each for its owner only. Node's own way goes round for ever below /proc. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Says what the user can do about SQLite's and the file system's errors. */
export function guarded<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explained(file, error);
  }
}

/** By the system's codes. */
const WHY_NOT_MADE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder, and none can be made there',
  ENOTDIR: 'a part of its path is a file, and no folder',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead round in a circle',
};

/** SQLite's codes have longer forms (`SQLITE_READONLY_DIRECTORY`), which say the same to the user. */
export function explained(file: string, error: unknown): unknown {
  const code = codeOf(error);
  if (!(error instanceof Error) || code === undefined) return error;
  const is = (...codes: readonly string[]): boolean =>
    codes.some((one) => code === one || code.startsWith(`${one}_`));
  if (is('SQLITE_FULL', 'ENOSPC', 'EDQUOT')) {
    return new UserError(
      `the disk is full: ${file} could not grow`,
      'What was stored before is whole. Make room and run the command again.',
    );
  }
  if (is('SQLITE_NOTADB')) {
    return new UserError(
      `${file} is no amavtrace database (${error.message})`,
      'Name another file with --db, or move this one away.',
    );
  }
  if (is('SQLITE_CORRUPT')) {
    return new UserError(
      `${file} is damaged (${error.message})`,
      'Move it away and import the logs again, or name another file with --db.',
    );
  }
  const why = WHY_NOT_MADE[code];
  if (why !== undefined)
    return new UserError(`${file} cannot be made: ${why}`, 'Name another file with --db.');
  if (is('EROFS')) {
    return new UserError(
      `${file} cannot be written: its file system is read-only`,
      'Name a file elsewhere with --db.',
    );
  }
  if (is('EACCES', 'EPERM', 'SQLITE_CANTOPEN', 'SQLITE_READONLY')) {
    return new UserError(
      `no permission to use ${file}`,
      'Run as the user who owns it, or copy it, with its -wal file if it has one, to a folder that you may write to and name the copy with --db.',
    );
  }
  if (is('SQLITE_BUSY', 'SQLITE_LOCKED')) {
    return new UserError(`${file} is in use by another program`, 'Try again when that has ended.');
  }
  if (is('SQLITE_IOERR')) {
    return new UserError(
      `reading or writing ${file} failed (${error.message})`,
      'Look at the disk, then run the command again.',
    );
  }
  return error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
