import { appendFileSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GrowingEnd } from '../../src/tail/growing-end.js';
import { folder } from './helpers.js';

async function growing(content: string, offset: number) {
  const path = join(folder(), 'mail.log');
  writeFileSync(path, content);
  const file = await open(path, 'r');
  const end = new GrowingEnd(path, { fd: file.fd, ino: '1' }, offset);
  return { path, file, end };
}

test('tail-file reads from an offset to the end, and on when there is more', async () => {
  const { path, file, end } = await growing('one\ntwo\n', 4);
  expect(await end.read()).toEqual({ lines: ['two'], end: 8, partial: 0 });
  expect(await end.read()).toEqual({ lines: [], end: 8, partial: 0 });
  appendFileSync(path, 'three\nfo');
  expect(await end.read()).toEqual({ lines: ['three'], end: 14, partial: 2 });
  appendFileSync(path, 'ur\n');
  expect(await end.read()).toEqual({ lines: ['four'], end: 19, partial: 0 });
  await file.close();
});

test('tail-file stays on the file it was given when the name goes to another', async () => {
  const { path, file, end } = await growing('one\n', 0);
  expect((await end.read()).lines).toEqual(['one']);
  await rename(path, `${path}.1`);
  writeFileSync(path, 'of the new file\n'.repeat(10));
  appendFileSync(`${path}.1`, 'two\n');
  expect(await end.read()).toEqual({ lines: ['two'], end: 8, partial: 0 });
  await file.close();
});

test('offsets are bytes, and a character in two pieces is whole', async () => {
  const { path, file, end } = await growing('', 0);
  const line = Buffer.from('för → 😀\n');
  appendFileSync(path, line.subarray(0, 10));
  expect((await end.read()).partial).toBe(10);
  appendFileSync(path, line.subarray(10));
  const { lines, end: offset } = await end.read();
  expect(lines.map((text) => Buffer.from(text, 'latin1').toString())).toEqual(['för → 😀']);
  expect(offset).toBe(line.length);
  await file.close();
});

test('a read error is an error, and closes nothing', async () => {
  const path = folder();
  const file = await open(path, 'r');
  const end = new GrowingEnd(path, { fd: file.fd, ino: '1' }, 0);
  await expect(end.read()).rejects.toThrow('EISDIR');
  expect((await file.stat()).isDirectory()).toBe(true);
  await file.close();
});
