/** Opening the database: who may read it, who writes. */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { UserError } from '../user-error.js';
import { guarded, makeFolder } from './files.js';
import { readIntoMemory } from './read-only.js';
import { isCurrent, migrate, refuseForeign } from './schema.js';

/** Bytes that the write-ahead log keeps on the disk after a reader that took long has let it grow. */
const LARGEST_LOG = 64 * 1024 * 1024;
/** Kibibytes of the file that a connection keeps in memory: an import has two, and little use for a page again. */
const CACHE = 4000;

/** For writing; made when it doesn't exist (file 0600, folder 0700), brought to this program's version. */
export function openForWriting(file: string): Database.Database {
  return guarded(file, () => {
    makePrivate(file);
    const db = new Database(file, { timeout: 10_000 });
    refuseForeign(db, file);
    db.pragma('journal_mode = wal');
    db.pragma('synchronous = normal');
    db.pragma(`cache_size = ${-CACHE}`);
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
    // A folder that may not be looked into is no missing file.
    if (statSync(file, { throwIfNoEntry: false }) === undefined) {
      throw new UserError(
        `there is no database ${file} yet`,
        'Fill it with `amavtrace import /var/log/mail.log`, or name another with --db.',
      );
    }
    refuseOther(file);
    const db = openReadOnly(file);
    refuseForeign(db, file);
    if (isCurrent(db)) return db;
    db.close();
    openForWriting(file).close();
    return openReadOnly(file);
  });
}

function openReadOnly(file: string): Database.Database {
  const db = new Database(file, { readonly: true, timeout: 10_000 });
  try {
    db.pragma(`cache_size = ${-CACHE}`);
    // Only now SQLite looks at the file.
    isCurrent(db);
    return db;
  } catch (error) {
    db.close();
    const inMemory = needsToWrite(error) ? readIntoMemory(file) : undefined;
    if (inMemory === undefined) throw error;
    return inMemory;
  }
}

/** Its folder, or its file system, may not be written to. */
function needsToWrite(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(?:READONLY|CANTOPEN)/.test(error.code);
}

/**
 * Gives free pages back to the disk where they are most of the file, as after messages that were all open for long:
 * their lines lay loose before they were packed. A busy database, or a full disk, keeps them for later use.
 */
export function giveBackRoom(db: Database.Database): void {
  const pages = (name: string): number => db.pragma(name, { simple: true }) as number;
  if (pages('freelist_count') * 2 > pages('page_count')) vacuum(db);
}

export function vacuum(db: Database.Database): void {
  try {
    db.exec('vacuum');
  } catch (error) {
    if (!(error instanceof Database.SqliteError) || !/^SQLITE_(?:BUSY|FULL)/.test(error.code)) throw error;
  }
  db.pragma('wal_checkpoint(truncate)');
}

/**
 * A file that only its owner may read, made with its folder where there is none; SQLite gives its side files the same
 * mode. One that holds something already has the mode that somebody meant it to have.
 */
function makePrivate(file: string): void {
  makeFolder(dirname(file));
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  refuseOther(file);
  if (statSync(file).size === 0) chmodSync(file, 0o600);
}

/** SQLite would go on with a device, and for the owner alone it would be made: `--db /dev/null`. */
function refuseOther(file: string): void {
  const kind = statSync(file);
  if (kind.isFile()) return;
  const what = kind.isDirectory() ? 'a folder' : 'a device, pipe or socket, and no file';
  throw new UserError(`${file} is ${what}`, 'Name a file with --db.');
}

/**
 * The right to write: held by one process at a time, gone with it however it ends. It is a lock on a file of its own
 * beside the database, so that readers are never kept out. Undefined when another process has it.
 */
export function takeWriteLock(file: string): { release(): void } | undefined {
  return guarded(file, () => {
    if (existsSync(file)) refuseOther(file);
    const lockFile = `${file}.lock`;
    makePrivate(lockFile);
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
