/** Reading a database that SQLite can't open, since it has to make files beside it and may not. */
import { readFileSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';

/** Bytes; the whole file is held in memory. */
const LARGEST = 512 * 1024 * 1024;
/** Where a database's header (SQLite's file format, 1.3) says how it is written and read: 1 with a journal, 2 with a log. */
const VERSIONS_AT = 18;
const JOURNAL = 1;

/**
 * A database in a folder that may not be written to, as it is now: from memory, where there is no write-ahead log with
 * more. undefined: it is too large, has such a log, or is being written.
 */
export function readIntoMemory(file: string): Database.Database | undefined {
  const before = stateOf(file);
  if (before === undefined || before.size > LARGEST) return undefined;
  const content = readFileSync(file);
  const after = stateOf(file);
  if (after?.size !== content.length || after.mtimeMs !== before.mtimeMs) return undefined;
  // In memory there is no log.
  content.fill(JOURNAL, VERSIONS_AT, VERSIONS_AT + 2);
  return new Database(content, { readonly: true });
}

/** undefined: a part of it lies in its log. */
function stateOf(file: string): { readonly size: number; readonly mtimeMs: number } | undefined {
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false });
  return log === undefined || log.size === 0 ? statSync(file) : undefined;
}
