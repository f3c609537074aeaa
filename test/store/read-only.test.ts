/** A database that somebody else owns: root reads what it likes, so as another user. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { CLI, importLogs, SAMPLES, temporaryFolder } from '../support/cli.js';

const LOG = join(SAMPLES, 'pass_lmtp', 'maillog');
const NOBODY = process.getuid?.() === 0 ? 65_534 : undefined;

function asOther(...args: readonly string[]): SpawnSyncReturns<string> {
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', TZ: 'UTC' };
  return spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    env,
    ...(NOBODY === undefined ? {} : { uid: NOBODY }),
  });
}

/** A database in a folder of its own, and everything of it made readable but no more. */
function readOnlyStore(prepare: (db: string) => void = () => {}): { folder: string; db: string } {
  const folder = temporaryFolder();
  const db = join(folder, 'traces.db');
  importLogs(db, LOG);
  prepare(db);
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444);
  chmodSync(folder, 0o555);
  onTestFinished(() => chmodSync(folder, 0o755));
  return { folder, db };
}

it('in a folder that may not be written to it is read all the same, and nothing changes', () => {
  const { folder, db } = readOnlyStore();
  const before = [readdirSync(folder), readFileSync(db)];
  const { status, stdout, stderr } = asOther('search', '--json', '--limit', '0', '--db', db);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n')).toHaveLength(8);
  expect(asOther('trace', '289BF16263F', '--db', db).status).toBe(0);
  expect([readdirSync(folder), readFileSync(db)]).toEqual(before);
});

it('what only its log holds is not left out: then it is refused, with what to do', () => {
  const { db } = readOnlyStore((file) => {
    const writer = new Database(file);
    writer.pragma('wal_autocheckpoint = 0');
    writer.exec("insert into knowledge values ('x', '1')");
    const log = readFileSync(`${file}-wal`);
    expect(log.length).toBeGreaterThan(0);
    // As a copy without the -shm file that the writer had.
    spawnSync('cp', [`${file}-wal`, `${file}-log`]);
    writer.close();
    spawnSync('mv', [`${file}-log`, `${file}-wal`]);
  });
  const { status, stdout, stderr } = asOther('search', '--db', db);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(
    /no permission to use .*\n {2}Run as the user who owns it, or copy it, with its -wal file/,
  );
});

it('writing to it is refused, with what to do', () => {
  const { db } = readOnlyStore();
  const runs = [asOther('import', LOG, '--db', db), asOther('prune', '--older-than', '1d', '--db', db)];
  for (const { status, stderr } of runs) {
    expect(status).toBe(2);
    expect(stderr).toMatch(/^amavtrace: no permission to use .*\n {2}Run as the user who owns it.*\n$/);
  }
});

it('in a folder that may not be looked into it is not said to be missing', () => {
  const { folder, db } = readOnlyStore();
  chmodSync(folder, 0o000);
  const { status, stderr } = asOther('search', '--db', db);
  expect([status, stderr]).toEqual([2, expect.stringContaining(`no permission to use ${db}\n`)]);
});
