import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { amavtrace, importLogs, SAMPLES, temporaryFolder } from '../support/cli.js';

const LOG = join(SAMPLES, 'pass_lmtp', 'maillog');
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('the database’s files', () => {
  it('are their owner’s alone, with every folder that had to be made', () => {
    const folder = temporaryFolder();
    const db = join(folder, 'a', 'b', 'traces.db');
    importLogs(db, LOG);
    expect([join(folder, 'a'), join(folder, 'a', 'b'), db].map(mode)).toEqual(['700', '700', '600']);
  });

  it('are so too where an empty file was there before', () => {
    const db = join(temporaryFolder(), 'traces.db');
    writeFileSync(db, '');
    chmodSync(db, 0o644);
    importLogs(db, LOG);
    expect(mode(db)).toBe('600');
  });

  it('keep the mode that somebody gave them', () => {
    const db = join(temporaryFolder(), 'traces.db');
    importLogs(db, LOG);
    chmodSync(db, 0o640);
    importLogs(db, LOG);
    expect(mode(db)).toBe('640');
  });
});

/** What a command says of a database that it can't use. */
function refusal(db: string, ...args: readonly string[]): string {
  const { status, stderr, stdout } = amavtrace([...args, '--db', db]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).not.toContain('    at ');
  return stderr;
}

describe.each([
  ['import', LOG],
  ['search', '--limit', '1'],
  ['prune', '--older-than', '1d'],
])('%s refuses as a database', (...args) => {
  it('a folder', () => {
    expect(refusal(temporaryFolder(), ...args)).toContain('is a folder');
  });

  it('a device, whose mode stays', () => {
    const before = mode('/dev/null');
    expect(refusal('/dev/null', ...args)).toContain('is a device, pipe or socket, and no file');
    expect(mode('/dev/null')).toBe(before);
  });

  it('a pipe, and leaves no lock file beside it', () => {
    const pipe = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(refusal(pipe, ...args)).toContain('is a device, pipe or socket, and no file');
    expect(existsSync(`${pipe}.lock`)).toBe(false);
  });

  it.each([0, 4])('another program’s, whatever its version, and leaves it as it is (%i)', (version) => {
    const db = join(temporaryFolder(), 'places.sqlite');
    const other = new Database(db);
    other.exec('create table bookmark (url text)');
    other.pragma(`user_version = ${version}`);
    other.close();
    const before = readFileSync(db);
    expect(refusal(db, ...args)).toContain('another program');
    expect(readFileSync(db)).toEqual(before);
  });

  it('a file below a file', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const said = refusal(join(folder, 'file', 'traces.db'), ...args);
    expect(said).toContain('traces.db');
    expect(said).not.toContain('ENOTDIR');
  });
});

it('makes no folder where none can be made, and doesn’t hang', () => {
  expect(refusal('/proc/none/traces.db', 'import', LOG)).toBe(
    'amavtrace: /proc/none/traces.db cannot be made: there is no such folder, and none can be made there\n' +
      '  Name another file with --db.\n',
  );
});

it('a database that is damaged inside is named as that, wherever the damage shows', () => {
  const folder = temporaryFolder();
  const whole = join(folder, 'whole.db');
  importLogs(whole, LOG);
  const pages = statSync(whole).size / 4096;
  mkdirSync(join(folder, 'damaged'));
  for (let page = 1; page < pages; page++) {
    const db = join(folder, 'damaged', `${page}.db`);
    copyFileSync(whole, db);
    writeSync(openSync(db, 'r+'), Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
    const { status, stderr } = amavtrace(['search', '--db', db]);
    expect(stderr).not.toContain('    at ');
    if (status !== 0) expect(stderr).toContain('is damaged');
  }
});

it('gives room back that the lines of open messages took before they were packed', () => {
  const folder = temporaryFolder();
  const log = join(folder, 'mail.log');
  const waiting = Array.from({ length: 3000 }, (_, n) => {
    const id = (0x8be94000000 + n).toString(16).toUpperCase();
    return `2026-11-23T00:00:00+00:00 vm postfix/qmgr[1]: ${id}: from=<a@b.example>, size=1, nrcpt=1 (queue active)\n`;
  });
  const late = '2026-11-23T05:00:00+00:00 vm postfix/smtpd[1]: 8BE94FFFFFF: client=x[192.0.2.1]\n';
  writeFileSync(log, waiting.join('') + late);
  const db = join(folder, 'traces.db');
  expect(importLogs(db, log).traces).toBe(3001);
  const free = new Database(db, { readonly: true }).pragma('freelist_count', { simple: true }) as number;
  expect(free * 4096).toBeLessThan(statSync(db).size / 2);
});
