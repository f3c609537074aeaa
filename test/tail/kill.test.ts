import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { folder } from './helpers.js';
import { random } from './random.js';

const here = dirname(fileURLToPath(import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(script: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', join(here, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

/** The next line a process says. */
async function says(child: ChildProcess): Promise<string> {
  const [data] = child.stdout ? await once(child.stdout, 'data') : [];
  return String(data).trim();
}

function stored(store: string): number[] {
  if (!existsSync(store)) return [];
  const records: { lines: string[] }[] = readFileSync(store, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((record) => JSON.parse(record));
  return records.flatMap(({ lines }) => lines.map((line) => Number(/line (\d+)$/.exec(line)?.[1])));
}

for (const seed of [1, 2, 3]) {
  test(`a reader killed with SIGKILL again and again, under a rotating logger, reads each line once (${seed})`, async () => {
    const chance = random(seed);
    const path = join(folder(), 'mail.log');
    const store = join(folder(), 'store');
    writeFileSync(path, '');
    const logger = start('logger-process.ts', path);
    await says(logger);
    let reader = start('reader-process.ts', path, store);
    // Before the first record is stored, there is nothing a restart could know of what was there.
    for (let n = 0; n < 500 && !(existsSync(store) && readFileSync(store).length > 0); n++) await sleep(10);
    let rotated = 0;
    for (let i = 0; i < 7; i++) {
      await sleep(chance.int(100, 700));
      if (chance.chance(0.7)) {
        reader.kill('SIGKILL');
        await once(reader, 'exit');
      }
      for (let n = chance.int(0, 2); n > 0; n--) {
        rotated += 1;
        renameSync(path, `${path}-${20261100 + rotated}`);
        await sleep(chance.int(0, 50));
        logger.kill('SIGHUP');
        await says(logger);
        if (chance.chance(0.5)) execFileSync(chance.pick(['gzip', 'xz']), [`${path}-${20261100 + rotated}`]);
      }
      if (reader.signalCode !== null) reader = start('reader-process.ts', path, store);
    }
    const told = says(logger);
    logger.kill('SIGTERM');
    const count = Number(await told);
    for (let i = 0; i < 200 && stored(store).length < count; i++) await sleep(50);
    await sleep(100);
    expect(stored(store)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  });
}

test('a reader killed around copytruncate reads each line once', async () => {
  const path = join(folder(), 'mail.log');
  const store = join(folder(), 'store');
  const lines = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `Nov 23 00:19:14 mx postfix/smtp[91]: line ${from + i}\n`).join(
      '',
    );
  let count = 0;
  const write = (more: number) => {
    writeFileSync(path, lines(count + 1, more), { flag: 'a' });
    count += more;
  };
  write(100);
  for (let i = 1; i <= 4; i++) {
    const reader = start('reader-process.ts', path, store);
    for (let n = 0; n < 100 && stored(store).length < count; n++) await sleep(20);
    write(50);
    if (i % 2 === 0) await sleep(10);
    reader.kill('SIGKILL');
    await once(reader, 'exit');
    write(50);
    copyFileSync(path, `${path}-${20261100 + i}`);
    truncateSync(path, 0);
    write(i % 2 === 0 ? 10 : 500);
  }
  start('reader-process.ts', path, store);
  for (let n = 0; n < 200 && stored(store).length < count; n++) await sleep(20);
  await sleep(100);
  expect(stored(store)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
});
