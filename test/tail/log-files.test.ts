import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { logFiles, siblingNames } from '../../src/tail/log-files.js';
import { folder } from './helpers.js';

test.each([
  'mail.log.1',
  'mail.log.0',
  'mail.log.10.gz',
  'mail.log.2.xz',
  'mail.log-20261123',
  'mail.log-20261123.zst',
  'mail.log-20261123-1795400000.bz2',
  'mail.log.2026-11-23',
  'mail-20261123.log',
  'mail-20261123.log.gz',
  'mail.log.old',
])('%s is a rotated mail.log', (name) => {
  expect(siblingNames('mail.log')(name)).not.toBeNull();
});

test.each([
  'mail.log',
  'mail.logs.1',
  'mail.log.swp',
  'mail.err.1',
  'mail.log~',
  'mail.1',
  'xmail.log.1',
  'mailxlog.1',
])('%s is none', (name) => {
  expect(siblingNames('mail.log')(name)).toBeNull();
});

async function ordered(names: readonly string[]): Promise<string[]> {
  const path = folder();
  for (const name of names) writeFileSync(join(path, name), name);
  return (await logFiles(join(path, 'mail.log'))).map((file) => basename(file.path));
}

test('of numbers the highest is the oldest, and the log itself comes last', async () => {
  expect(await ordered(['mail.log.1', 'mail.log.10.gz', 'mail.log.9', 'mail.log'])).toEqual([
    'mail.log.10.gz',
    'mail.log.9',
    'mail.log.1',
    'mail.log',
  ]);
});

test('of dates the first is the oldest', async () => {
  expect(await ordered(['mail.log-20261123', 'mail.log-20251231.gz', 'mail.log-20261101'])).toEqual([
    'mail.log-20251231.gz',
    'mail.log-20261101',
    'mail.log-20261123',
  ]);
});

test('numbers beside dates are put in order by time', async () => {
  const path = folder();
  for (const [name, time] of [
    ['mail.log.1', 2],
    ['mail.log-20261123', 3],
    ['mail.log.2', 1],
  ] as const) {
    writeFileSync(join(path, name), name);
    utimesSync(join(path, name), time, time);
  }
  const names = (await logFiles(join(path, 'mail.log'))).map((file) => basename(file.path));
  expect(names).toEqual(['mail.log.2', 'mail.log.1', 'mail.log-20261123']);
});

test('of a file that is being packed the plain one counts', async () => {
  expect(await ordered(['mail.log.1', 'mail.log.1.gz'])).toEqual(['mail.log.1']);
});

test('each file is listed once while names are being shifted', async () => {
  const path = folder();
  const log = join(path, 'mail.log');
  for (let i = 1; i <= 20; i++) writeFileSync(`${log}.${i}`, String(i));
  const listing = logFiles(log);
  for (let i = 20; i >= 1; i--) renameSync(`${log}.${i}`, `${log}.${i + 1}`);
  const files = await listing;
  expect(new Set(files.map((file) => file.ino)).size).toBe(20);
  expect(files).toHaveLength(20);
});
