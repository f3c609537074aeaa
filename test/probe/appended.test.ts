import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appended } from '../../src/probe/appended.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amavtrace-appended-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('gives what is written after it was opened, in whole lines and characters', async () => {
  const end = new AbortController();
  const log = join(folder, 'mail.log');
  writeFileSync(log, 'before\n');
  const umlaut = Buffer.from('zwölf\n');
  const batches = await appended([log], end.signal);
  appendFileSync(log, Buffer.concat([Buffer.from('one\ntwo\n'), umlaut.subarray(0, 3)]));
  const lines: string[] = [];
  for await (const batch of batches) {
    lines.push(...batch);
    if (lines.length === 2) appendFileSync(log, umlaut.subarray(3));
    if (lines.length === 3) end.abort();
  }
  expect(lines).toEqual(['one', 'two', 'zwölf']);
});

test('reads more than one file', async () => {
  const end = new AbortController();
  const paths = ['a', 'b'].map((name) => join(folder, name));
  for (const path of paths) writeFileSync(path, '');
  const batches = await appended(paths, end.signal);
  for (const path of paths) appendFileSync(path, `in ${path}\n`);
  const lines: string[] = [];
  for await (const batch of batches) {
    lines.push(...batch);
    if (lines.length === 2) end.abort();
  }
  expect(lines.sort()).toEqual(paths.map((path) => `in ${path}`));
});

test('a file that is not there is an error', async () => {
  await expect(appended([join(folder, 'none')], new AbortController().signal)).rejects.toThrow('ENOENT');
});
