/**
 * The database's shape, as the steps that led to it: `pragma user_version` counts the steps taken.
 *
 * A trace is one row of what it is searched by; everything else about it is read from its lines again. Lines of
 * traces that may go on lie loose in `line`; those of finished ones are packed into a block. `key`, `key_run`
 * and `key_part` hold the hashes of every id. `waiting` has lines that are no message's yet.
 */
import type { Database } from 'better-sqlite3';
import { UserError } from '../user-error.js';

const MIGRATIONS: readonly string[] = [
  `
  create table trace (
    id integer primary key,
    host text not null,
    first integer not null,
    last integer not null,
    state text,
    open integer not null,
    complete integer not null,
    verdicts text not null,
    problems text not null,
    sender text,
    recipients text not null,
    client text,
    filter_ms integer,
    extra text,
    block integer,
    start integer,
    length integer
  );
  create index trace_first on trace (first);
  create index trace_open on trace (last) where open = 1;
  create table key (hash integer not null, trace integer not null, primary key (hash, trace)) without rowid;
  create table block (id integer primary key, data blob not null);
  create table line (trace integer not null, n integer not null, time integer not null, raw text not null,
    primary key (trace, n)) without rowid;
  create table endpoint (name text primary key) without rowid;
  create table pattern (file text primary key, json text not null) without rowid;
  create table checkpoint (path text primary key, json text not null) without rowid;
  `,
  // What is known beside the messages: incidents, what is usual on each host.
  'create table knowledge (name text primary key, json text not null) without rowid;',
  `
  create table waiting (id integer primary key, path text not null, time integer not null, raw text not null);
  create index trace_loose on trace (last) where open = 0 and block is null;
  `,
  // Keys in the order of their hashes, many in a row.
  `
  create table key_run (id integer primary key, level integer not null, keys integer not null, bloom blob not null);
  create table key_part (run integer not null, first integer not null, trace integer not null, data blob not null,
    primary key (run, first, trace)) without rowid;
  `,
];

/** Brings the database to this program's version. Throws UserError for one that a newer program has made. */
export function migrate(db: Database, file: string): void {
  if (versionOf(db) > MIGRATIONS.length) {
    throw new UserError(
      `${file} was made by a newer amavtrace (its version is ${versionOf(db)}, this program knows ${MIGRATIONS.length})`,
      'Update amavtrace, or name another file with --db.',
    );
  }
  if (isCurrent(db)) return;
  db.transaction(() => {
    // Another process may have done it meanwhile.
    for (const step of MIGRATIONS.slice(versionOf(db))) db.exec(step);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).immediate();
}

/** Throws UserError for a database of another program: nothing of ours may come into it. */
export function refuseForeign(db: Database, file: string): void {
  const tables = db.prepare<[], string>("select name from sqlite_master where type = 'table'").pluck().all();
  if (tables.length === 0 || (tables.includes('trace') && tables.includes('checkpoint'))) return;
  db.close();
  throw new UserError(`${file} is a database of another program`, 'Name another file with --db.');
}

/** Whether the database can be read as it is. */
export function isCurrent(db: Database): boolean {
  return versionOf(db) === MIGRATIONS.length;
}

function versionOf(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}
