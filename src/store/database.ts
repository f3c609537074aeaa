/** Opening the database: where it is, who may read it, who writes. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { UserError } from '../user-error.js';
import { isCurrent, migrate } from './schema.js';

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

/** Bytes that the write-ahead log keeps on the disk after a reader that took long has let it grow. */
const LARGEST_LOG = 64 * 1024 * 1024;

/** For writing; made when it doesn't exist (file 0600, folder 0700), brought to this program's version. */
export function openForWriting(file: string): Database.Database {
  return guarded(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives its side files the mode of the database.
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
    const db = new Database(file, { timeout: 10_000 });
    db.pragma('journal_mode = wal');
    db.pragma('synchronous = normal');
    db.pragma('cache_size = -8000');
    db.pragma(`journal_size_limit = ${LARGEST_LOG}`);
    db.pragma('wal_autocheckpoint = 4000');
    migrate(db, file);
    return db;
  });
}

/** A database that is gone when it is closed. */
export function openInMemory(): Database.Database {
  const db = new Database(':memory:');
  migrate(db, ':memory:');
  return db;
}

export function openForReading(file: string): Database.Database {
  return guarded(file, () => {
    if (!existsSync(file)) {
      throw new UserError(
        `there is no database ${file} yet`,
        'Fill it with `amavtrace import /var/log/mail.log`, or name another with --db.',
      );
    }
    const db = new Database(file, { readonly: true, timeout: 10_000 });
    if (isCurrent(db)) return db;
    db.close();
    openForWriting(file).close();
    return new Database(file, { readonly: true, timeout: 10_000 });
  });
}

/**
 * The right to write: held by one process at a time, gone with it however it ends. It is a lock on a file of its own
 * beside the database, so that readers are never kept out. Undefined when another process has it.
 */
export function takeWriteLock(file: string): { release(): void } | undefined {
  return guarded(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const lockFile = `${file}.lock`;
    if (!existsSync(lockFile)) closeSync(openSync(lockFile, 'a', 0o600));
    const lock = new Database(lockFile, { timeout: 0 });
    try {
      lock.exec('begin exclusive');
    } catch (error) {
      lock.close();
      if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return undefined;
      throw error;
    }
    return { release: () => lock.close() };
  });
}

/** Says what the user can do about SQLite's and the file system's errors. */
export function guarded<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explained(file, error);
  }
}

export function explained(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  const { code } = error;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    return new UserError(
      `the disk is full: ${file} could not grow`,
      'What was stored before is whole. Make room (or `amavtrace prune --older-than 30d`) and run the command again.',
    );
  }
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
    return new UserError(
      `${file} is no amavtrace database (${error.message})`,
      'Name another file with --db, or move this one away.',
    );
  }
  if (
    code === 'EACCES' ||
    code === 'EPERM' ||
    code === 'SQLITE_CANTOPEN' ||
    code === 'SQLITE_READONLY' ||
    code === 'EROFS'
  ) {
    return new UserError(
      `no permission to use ${file} (${error.message})`,
      'Run as the user who owns it, or name another file with --db.',
    );
  }
  if (code === 'SQLITE_BUSY')
    return new UserError(`${file} is in use by another program`, 'Try again when that has ended.');
  if (code.startsWith('SQLITE_IOERR'))
    return new UserError(
      `reading or writing ${file} failed (${error.message})`,
      'Look at the disk, then run the command again.',
    );
  return error;
}
