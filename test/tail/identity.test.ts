import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { folder, reader } from './helpers.js';

const FIRST = 'Nov 23 00:00:01 mx rsyslogd: [origin software="rsyslogd"] rsyslogd was HUPed';

/** A log whose generations are written by hand; the lines are what a reader must have got in the end. */
function logByHand() {
  const path = join(folder(), 'mail.log');
  const expected: string[] = [];
  writeFileSync(path, '');
  /** `.1` becomes `.2`, and so on. */
  const shift = () => {
    for (let n = 9; n >= 1; n--)
      for (const ending of ['', '.gz'])
        if (existsSync(`${path}.${n}${ending}`))
          renameSync(`${path}.${n}${ending}`, `${path}.${n + 1}${ending}`);
  };
  return {
    path,
    expected,
    write(...lines: readonly string[]) {
      expected.push(...lines);
      appendFileSync(path, lines.map((line) => `${line}\n`).join(''));
    },
    rotate() {
      shift();
      renameSync(path, `${path}.1`);
      writeFileSync(path, '');
    },
    copytruncate() {
      shift();
      copyFileSync(path, `${path}.1`);
      truncateSync(path, 0);
    },
    pack() {
      writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`)));
      unlinkSync(`${path}.1`);
    },
    remove() {
      unlinkSync(path);
      writeFileSync(path, '');
    },
  };
}

async function followed() {
  const log = logByHand();
  const follower = reader([log.path]);
  await follower.start();
  const settled = async () => {
    await follower.until(log.expected.length);
    await sleep(60);
    expect(follower.lines).toEqual(log.expected);
  };
  return { log, follower, settled };
}

type Log = ReturnType<typeof logByHand>;

/** What becomes of a generation when the next one begins. */
const ROTATIONS: readonly (readonly [name: string, rotate: (log: Log) => void])[] = [
  ['renamed', (log) => log.rotate()],
  [
    'renamed and packed',
    (log) => {
      log.rotate();
      log.pack();
    },
  ],
  ['copied and truncated', (log) => log.copytruncate()],
];

describe('generations that begin with the same line are generations of their own', () => {
  for (const [name, rotate] of ROTATIONS) {
    test(`when they are read one by one, and ${name}`, async () => {
      const { log, follower, settled } = await followed();
      for (let i = 1; i <= 4; i++) {
        log.write(FIRST, `of ${i}`);
        await follower.until(log.expected.length);
        rotate(log);
        await sleep(60);
      }
      await settled();
    });

    test(`when nobody looks meanwhile, and they are ${name}`, async () => {
      const { log, settled } = await followed();
      for (let i = 1; i <= 4; i++) {
        log.write(FIRST, `of ${i}`);
        rotate(log);
      }
      log.write(FIRST, 'the last');
      await settled();
    });

    test(`when the reader is down, and they are ${name}`, async () => {
      const { log, follower, settled } = await followed();
      log.write(FIRST, 'before');
      await follower.until(2);
      await follower.kill();
      for (let i = 1; i <= 3; i++) {
        rotate(log);
        log.write(FIRST, `of ${i}`);
      }
      await follower.start();
      await settled();
      await follower.kill();
      await follower.start();
      await settled();
    });
  }

  test('when a later one has no more than that line', async () => {
    const { log, follower, settled } = await followed();
    log.write(FIRST, 'more');
    await follower.until(2);
    log.rotate();
    log.write(FIRST);
    await follower.until(3);
    log.rotate();
    await sleep(60);
    await settled();
  });

  test('when each is that line and nothing else', async () => {
    const { log, follower, settled } = await followed();
    for (let i = 0; i < 4; i++) {
      log.write(FIRST);
      await follower.until(log.expected.length);
      log.rotate();
      await sleep(60);
    }
    await settled();
    await follower.kill();
    log.write(FIRST);
    log.rotate();
    log.write(FIRST);
    await follower.start();
    await settled();
  });

  test('when they are the same from beginning to end, and long', async () => {
    const { log, follower, settled } = await followed();
    const lines = Array.from({ length: 100 }, (_, i) => `${FIRST} ${i}`);
    for (let i = 0; i < 3; i++) {
      log.write(...lines);
      if (i > 0) await follower.until(log.expected.length);
      log.rotate();
    }
    await settled();
  });

  test('when they differ only after the first KiB', async () => {
    const { log, follower, settled } = await followed();
    const lines = Array.from({ length: 30 }, () => FIRST);
    log.write(...lines, 'one');
    await follower.until(log.expected.length);
    await follower.kill();
    log.write('two');
    log.copytruncate();
    log.write(...lines, 'three', 'four', 'five');
    await follower.start();
    await settled();
  });

  test('when the log was emptied, and begins anew after a restart', async () => {
    const { log, follower, settled } = await followed();
    log.write(FIRST);
    await follower.until(1);
    truncateSync(log.path, 0);
    await sleep(60);
    await follower.kill();
    log.write(FIRST, 'after');
    log.rotate();
    log.pack();
    await follower.start();
    await settled();
  });

  test('when the log was emptied and rotated with the reader down', async () => {
    const { log, follower, settled } = await followed();
    log.write(FIRST);
    await follower.until(1);
    await follower.kill();
    truncateSync(log.path, 0);
    log.rotate();
    log.write(FIRST, 'after');
    log.rotate();
    log.pack();
    log.write('the last');
    await follower.start();
    await settled();
  });

  test('when the log was removed and begins anew', async () => {
    const { log, follower, settled } = await followed();
    log.write(FIRST, 'before');
    await follower.until(2);
    log.remove();
    log.write(FIRST);
    await follower.until(3);
    log.write('after');
    await settled();
  });
});

describe('what has been read is not read again', () => {
  test('when the newest of it was removed, and older generations are there', async () => {
    const { log, follower, settled } = await followed();
    log.write('one');
    await follower.until(1);
    log.rotate();
    await sleep(60);
    await follower.kill();
    log.write('two');
    log.rotate();
    log.pack();
    log.write('three');
    await follower.start();
    await settled();
    await follower.kill();
    log.remove();
    // Its first checkpoint can't name the newest generation's file any more.
    await follower.start();
    follower.reopen();
    await settled();
    await follower.kill();
    await follower.start();
    log.write('four');
    await settled();
  });

  test('when rotations come and go in a moment, between kills', async () => {
    const { log, follower, settled } = await followed();
    for (let i = 0; i < 6; i++) {
      for (let n = 0; n < 4; n++) {
        log.write(`${i}.${n}`);
        if (n % 2 === 0) log.rotate();
        else log.copytruncate();
        if (n === 1) log.pack();
      }
      await follower.until(log.expected.length);
      await follower.kill();
      if (i % 2 === 0) log.remove();
      await follower.start();
      follower.reopen();
    }
    await settled();
  });

  test('when a copy of it is made beside it', async () => {
    const { log, follower, settled } = await followed();
    log.write('one', 'two');
    await follower.until(2);
    copyFileSync(log.path, `${log.path}.old`);
    log.write('three');
    await follower.until(3);
    follower.reopen();
    await settled();
    await follower.kill();
    await follower.start();
    log.write('four');
    await settled();
    log.rotate();
    log.write('five');
    await settled();
  });

  test('when a rotated one is packed that has an unterminated last line', async () => {
    const { log, follower, settled } = await followed();
    appendFileSync(log.path, 'a fragment');
    log.expected.push('a fragment');
    log.rotate();
    log.write('one');
    await settled();
    await follower.kill();
    log.pack();
    await follower.start();
    await settled();
    log.rotate();
    log.write('two');
    await settled();
  });

  test('when what came before following began is packed, and gets a new inode', async () => {
    const log = logByHand();
    log.write('before');
    log.rotate();
    log.write('old');
    log.expected.splice(0);
    const follower = reader([log.path]);
    await follower.start();
    await follower.kill();
    log.pack();
    const later = Date.now() / 1000 + 60;
    utimesSync(`${log.path}.1.gz`, later, later);
    log.remove();
    log.write('new');
    await follower.start();
    await follower.until(1);
    await sleep(60);
    expect(follower.lines).toEqual(log.expected);
  });
});

test('where the whole folder is away at the start, it is gone on with when it is back', async () => {
  const path = folder();
  const [here, away] = [join(path, 'log'), join(path, 'away')];
  mkdirSync(here);
  const log = join(here, 'mail.log');
  writeFileSync(log, 'one\n');
  const follower = reader([log], { from: 'start', pollMs: 100 });
  await follower.start();
  await follower.until(1);
  await follower.kill();
  appendFileSync(log, 'two\n');
  renameSync(log, `${log}.1`);
  writeFileSync(`${log}.1.gz`, gzipSync(readFileSync(`${log}.1`)));
  unlinkSync(`${log}.1`);
  renameSync(here, away);
  mkdirSync(here);
  await follower.start();
  expect(follower.notices).toMatchObject([{ kind: 'waiting' }]);
  await follower.kill();
  await follower.start();
  rmdirSync(here);
  renameSync(away, here);
  writeFileSync(log, 'three\n');
  await follower.until(3);
  expect(follower.lines).toEqual(['one', 'two', 'three']);
});

test('what was packed before following began is not read', async () => {
  const path = join(folder(), 'mail.log');
  writeFileSync(`${path}.2`, 'oldest\n');
  writeFileSync(`${path}.1.gz`, gzipSync('older\n'));
  const follower = reader([path]);
  await follower.start();
  writeFileSync(path, 'new\n');
  await follower.until(1);
  await sleep(60);
  expect(follower.lines).toEqual(['new']);
});
