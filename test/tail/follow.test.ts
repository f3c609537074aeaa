import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { follow } from '../../src/tail/follow.js';
import { folder, reader, writer } from './helpers.js';

const MIB = 1 << 20;
const MAKE_PIPE = 'mkfifo';

/** A log and a reader that follows it from its end. */
async function followed(options: Parameters<typeof reader>[1] = {}) {
  const log = writer();
  const follower = reader([log.path], options);
  await follower.start();
  const settled = async () => {
    await follower.until(log.expected.length);
    await sleep(50);
    expect(follower.lines).toEqual(log.expected);
  };
  return { log, follower, settled };
}

test('each batch of a backlog tells how many bytes are left after it', async () => {
  const path = join(folder(), 'mail.log');
  writeFileSync(path, `${'x'.repeat(99)}\n`.repeat(10_000));
  const left: number[] = [];
  let read = 0;

  for await (const batch of follow([path], { from: 'start', once: true })) {
    read += batch.lines.length * 100;
    left.push(batch.left);
    expect(batch.left).toBe(1_000_000 - read);
  }

  expect(left.length).toBeGreaterThan(2);
  expect(left.at(-1)).toBe(0);
});

describe('where following begins', () => {
  test('without a checkpoint at the end, with the first whole line', async () => {
    const path = join(folder(), 'mail.log');
    writeFileSync(path, 'old\nhalf');
    const follower = reader([path]);
    await follower.start();
    appendFileSync(path, ' a line\nnew\n');
    await follower.until(2);
    expect(follower.lines).toEqual(['half a line', 'new']);
  });

  test('at the start, when asked to', async () => {
    const path = join(folder(), 'mail.log');
    writeFileSync(path, 'one\ntwo\n');
    const follower = reader([path], { from: 'start' });
    await follower.start();
    await follower.until(2);
    expect(follower.lines).toEqual(['one', 'two']);
  });

  test('at the first line that begins at an offset or after it', async () => {
    const path = join(folder(), 'mail.log');
    writeFileSync(path, 'one\ntwo\nthree\n');
    for (const [offset, lines] of [
      [4, ['two', 'three']],
      [5, ['three']],
    ] as const) {
      const follower = reader([path], { from: offset });
      await follower.start();
      await follower.until(lines.length);
      expect(follower.lines).toEqual(lines);
    }
  });

  test('in a file that does not exist yet, at its start, once it does; and it is said', async () => {
    const path = join(folder(), 'mail.log');
    const follower = reader([path]);
    await follower.start();
    expect(follower.notices).toMatchObject([{ kind: 'waiting' }]);
    await sleep(100);
    writeFileSync(path, 'one\n');
    await follower.until(1);
    expect(follower.lines).toEqual(['one']);
  });

  test('in a folder that does not exist yet', async () => {
    const path = join(folder(), 'log', 'mail.log');
    const follower = reader([path], { pollMs: 100 });
    await follower.start();
    mkdirSync(join(path, '..'));
    writeFileSync(path, 'one\n');
    await follower.until(1);
    expect(follower.lines).toEqual(['one']);
  });

  test('just after a rotation, also in the rotated file the logger still has', async () => {
    const log = writer();
    log.lines(3);
    log.rename(true);
    const before = log.expected.length;
    const follower = reader([log.path]);
    await follower.start();
    log.lines(2);
    log.reopen();
    log.lines(2);
    await follower.until(4);
    expect(follower.lines).toEqual(log.expected.slice(before));
  });
});

describe('a line', () => {
  test('in pieces over a second comes when it is whole, and not before', async () => {
    const { log, follower, settled } = await followed();
    for (let i = 0; i < 8; i++) {
      log.piece(7);
      await sleep(120);
    }
    expect(follower.lines).toEqual([]);
    log.finishLine();
    await settled();
  });

  test('that is unfinished at the end is not covered by the checkpoint', async () => {
    const { log, follower, settled } = await followed();
    log.lines(1);
    log.piece(20);
    await follower.until(1);
    await follower.kill();
    await follower.start();
    log.finishLine();
    await settled();
  });

  test('with NUL and invalid bytes and CR LF', async () => {
    const path = join(folder(), 'mail.log');
    writeFileSync(path, '');
    const follower = reader([path]);
    await follower.start();
    appendFileSync(
      path,
      Buffer.concat([Buffer.from('a\0b\r\n'), Buffer.from([0x78, 0xff, 0x0a]), Buffer.from('\n')]),
    );
    await follower.until(3);
    expect(follower.lines).toEqual(['a\0b', 'x�', '']);
  });

  test('longer than 1 MiB is cut to that and counted', async () => {
    const path = join(folder(), 'mail.log');
    writeFileSync(path, '');
    const follower = reader([path]);
    await follower.start();
    appendFileSync(path, 'x'.repeat(3 * MIB));
    await sleep(200);
    expect(follower.lines).toEqual([]);
    appendFileSync(path, `\nnext\n${'y'.repeat(MIB)}\n`);
    await follower.until(3);
    expect(follower.lines.map((line) => line.length)).toEqual([MIB, 4, MIB]);
    expect(follower.cut).toBe(1);
  });
});

describe('nothing is lost or doubled', () => {
  test('by rename and create, with a logger that reopens late', async () => {
    const { log, settled } = await followed();
    for (let i = 0; i < 4; i++) {
      log.lines(20);
      log.rename(true);
      log.lines(20);
      await sleep(100);
      log.lines(20);
      log.reopen();
      log.lines(20);
      await sleep(20);
    }
    await settled();
  });

  test('by rename where the logger creates the new file', async () => {
    const { log, settled } = await followed();
    for (let i = 0; i < 3; i++) {
      log.lines(20);
      log.rename(false);
      await sleep(60);
      log.lines(20);
      log.reopen();
      log.lines(20);
    }
    await settled();
  });

  test('by rotations without a pause, also packed ones', async () => {
    const { log, settled } = await followed();
    for (const packer of [
      ['gzip', '.gz'],
      ['xz', '.xz'],
      ['bzip2', '.bz2'],
      ['zstd', '.zst'],
      undefined,
    ] as const) {
      log.lines(10);
      log.rename(true);
      log.reopen();
      if (packer) log.compress(packer);
    }
    log.lines(10);
    await settled();
  });

  test('by copytruncate', async () => {
    const { log, settled } = await followed();
    for (let i = 0; i < 5; i++) {
      log.lines(50);
      if (i % 2 === 0) await sleep(40);
      log.copytruncate();
      log.lines(1);
      await sleep(10);
    }
    await settled();
  });

  test('by copytruncate and growing past the old offset at once', async () => {
    const { log, settled } = await followed();
    log.lines(20);
    await sleep(60);
    log.copytruncate();
    log.lines(500);
    await settled();
  });

  test('by a file that came, was rotated still empty, and got its lines only then', async () => {
    const { log, follower, settled } = await followed();
    log.lines(3);
    await follower.until(3);
    log.rename(true);
    log.reopen();
    log.rename(true);
    await sleep(100);
    log.lines(3);
    log.reopen();
    log.lines(3);
    await settled();
  });

  test('by several truncated copies while nobody looked', async () => {
    const { log, settled } = await followed({ pollOnly: true, pollMs: 200 });
    for (let i = 0; i < 4; i++) {
      log.lines(10);
      log.copytruncate();
    }
    log.lines(1);
    await settled();
  });

  test('by an unterminated last line of a rotated file, which comes after a while', async () => {
    const { log, settled } = await followed();
    log.piece(30);
    log.rename(true);
    log.reopen();
    log.finishLine();
    await settled();
  });

  test('when the file is emptied, and when it is cut back', async () => {
    const { log, follower, settled } = await followed();
    log.lines(30);
    await follower.until(30);
    log.shrink(0);
    log.lines(3);
    await settled();
    log.shrink(0.5);
    await sleep(100);
    log.lines(3);
    await settled();
  });

  test('when the file is removed and comes back', async () => {
    const { log, follower, settled } = await followed();
    for (let i = 0; i < 4; i++) {
      log.lines(10);
      await follower.until(log.expected.length);
      log.remove();
      if (i % 2 === 0) await sleep(50);
      log.lines(2);
      log.reopen();
      log.lines(10);
    }
    await settled();
  });

  test('when the file is replaced by a copy of itself', async () => {
    const { log, follower, settled } = await followed();
    log.lines(10);
    await follower.until(10);
    log.replaceByCopy();
    await sleep(100);
    log.lines(10);
    await settled();
  });

  test('where no event tells of what is written', async () => {
    // The folder that is watched hears nothing of writes through another one's link.
    const path = folder();
    const log = writer(path, 'mail.log');
    const elsewhere = join(folder(), 'link');
    linkSync(log.path, elsewhere);
    const follower = reader([log.path], { pollMs: 100 });
    await follower.start();
    for (let i = 1; i <= 5; i++) {
      appendFileSync(elsewhere, `${i}\n`);
      await follower.until(i);
    }
    expect(follower.lines).toEqual(['1', '2', '3', '4', '5']);
  });

  test('when only polling', async () => {
    const { log, settled } = await followed({ pollOnly: true, pollMs: 50 });
    for (let i = 0; i < 5; i++) {
      log.lines(10);
      log.rename(true);
      log.lines(5);
      log.reopen();
      await sleep(30);
    }
    await settled();
  });

  test('by a slow consumer through eight rotations', async () => {
    const { log, follower, settled } = await followed();
    follower.beforeCommit = () => sleep(60);
    for (let i = 0; i < 8; i++) {
      log.lines(50);
      log.rename(true);
      log.reopen();
      await sleep(10);
    }
    await settled();
  });

  test('when asked to reopen', async () => {
    const { log, follower, settled } = await followed();
    for (let i = 0; i < 10; i++) {
      log.lines(10);
      follower.reopen();
      await sleep(i);
    }
    await settled();
  });

  test('in late lines of a rotated file, though its successor has some', async () => {
    const { log, follower } = await followed();
    log.lines(1);
    renameSync(log.path, `${log.path}.1`);
    writeFileSync(log.path, 'new\n');
    await follower.until(2);
    log.lines(2);
    await follower.until(4);
    expect(follower.lines).toEqual([log.expected[0], 'new', ...log.expected.slice(1)]);
    await follower.kill();
    log.lines(1);
    await follower.start();
    await follower.until(5);
    expect(follower.lines).toEqual([log.expected[0], 'new', ...log.expected.slice(1)]);
  });

  test('in several logs at once', async () => {
    const path = folder();
    const logs = [writer(path, 'mail.log'), writer(path, 'mail.err'), writer(path, 'mail')];
    const follower = reader(logs.map((log) => log.path));
    await follower.start();
    for (let i = 0; i < 50; i++) for (const log of logs) log.lines(1 + (i % 3));
    await follower.until(logs.reduce((sum, log) => sum + log.expected.length, 0));
    for (const log of logs) expect(follower.linesOf(log.path)).toEqual(log.expected);
  });
});

describe('after a restart with the checkpoint committed last', () => {
  async function down(during: (log: ReturnType<typeof writer>) => void) {
    const { log, follower, settled } = await followed();
    log.lines(30);
    await follower.until(30);
    await follower.kill();
    log.lines(30);
    during(log);
    await follower.start();
    log.lines(5);
    await settled();
  }

  test('it goes on where it was', () => down(() => undefined));

  test('the rest of the rotated file comes first', () =>
    down((log) => {
      log.rename(true);
      log.lines(3);
      log.reopen();
      log.lines(30);
    }));

  test('two rotations are read in order', () =>
    down((log) => {
      for (let i = 0; i < 2; i++) {
        log.rename(true);
        log.reopen();
        log.lines(30);
      }
    }));

  for (const packer of [
    ['gzip', '.gz'],
    ['xz', '.xz'],
    ['bzip2', '.bz2'],
    ['zstd', '.zst'],
  ] as const) {
    test(`the rest is read of a file packed by ${packer[0]}`, () =>
      down((log) => {
        log.rename(true);
        log.reopen();
        log.compress(packer);
        log.lines(30);
      }));
  }

  test('the rest is read of the copy before a truncate', () =>
    down((log) => {
      log.copytruncate();
      log.lines(200);
    }));

  test('two truncated copies are read in order', () =>
    down((log) => {
      log.copytruncate();
      log.lines(30);
      log.copytruncate();
    }));

  test('a reused inode does not mislead it', () =>
    down((log) => {
      for (let i = 0; i < 5; i++) {
        log.rename(true);
        log.reopen();
        log.lines(10);
        log.compress(['gzip', '.gz']);
      }
    }));

  test('dated names are read in the order of their dates', async () => {
    const path = join(folder(), 'mail.log');
    writeFileSync(path, 'one\n');
    const follower = reader([path], { from: 'start' });
    await follower.start();
    await follower.until(1);
    await follower.kill();
    appendFileSync(path, 'two\n');
    renameSync(path, `${path}-20261122`);
    writeFileSync(`${path}-20261123.gz`, gzipSync('three\nunterminated'));
    writeFileSync(path, 'four\n');
    await follower.start();
    await follower.until(5);
    expect(follower.lines).toEqual(['one', 'two', 'three', 'unterminated', 'four']);
  });

  test('a damaged packed file gives what it has, and is told', async () => {
    const path = join(folder(), 'mail.log');
    writeFileSync(path, 'one\n');
    const follower = reader([path], { from: 'start' });
    await follower.start();
    await follower.until(1);
    await follower.kill();
    rmSync(path);
    const packed = gzipSync('one\ntwo\nthree\n');
    writeFileSync(`${path}.1.gz`, packed.subarray(0, packed.length - 8));
    writeFileSync(path, 'four\n');
    await follower.start();
    await follower.until(4);
    expect(follower.lines).toEqual(['one', 'two', 'three', 'four']);
    expect(follower.notices).toMatchObject([{ kind: 'damaged' }]);
  });

  test('what can no longer be read is told', async () => {
    const { log, follower } = await followed();
    log.lines(30);
    await follower.until(30);
    await follower.kill();
    truncateSync(log.path, 0);
    log.lines(2);
    await follower.start();
    await follower.until(32);
    expect(follower.lines).toEqual(log.expected);
    expect(follower.notices).toMatchObject([{ kind: 'gap' }]);
  });

  test('a log that was not there is read from its start', async () => {
    const path = join(folder(), 'mail.log');
    const follower = reader([path]);
    await follower.start();
    await follower.kill();
    await sleep(20);
    writeFileSync(`${path}.1`, 'one\n');
    writeFileSync(path, 'two\n');
    await follower.start();
    await follower.until(2);
    expect(follower.lines).toEqual(['one', 'two']);
  });
});

test('a folder in place of a log is told, and the log read once it is one', async () => {
  const path = join(folder(), 'mail.log');
  mkdirSync(path);
  const follower = reader([path], { pollMs: 100 });
  await follower.start();
  expect(follower.notices).toMatchObject([{ kind: 'unreadable' }]);
  rmSync(path, { recursive: true });
  writeFileSync(path, 'one\n');
  await follower.until(1);
  expect(follower.lines).toEqual(['one']);
});

test('a pipe in place of a log is told, and not waited on', async () => {
  const path = join(folder(), 'mail.log');
  execFileSync(MAKE_PIPE, [path]);
  const follower = reader([path], { pollMs: 100 });
  await follower.start();
  expect(follower.notices).toMatchObject([
    { kind: 'unreadable', message: `${path} is no file that can be followed; trying on` },
  ]);
});

test('the same path given twice is followed once', async () => {
  const log = writer();
  const follower = reader([log.path, join(log.path, '..', 'mail.log')]);
  follower.expects = 1;
  await follower.start();
  log.lines(3);
  await follower.until(3);
  await sleep(50);
  expect(follower.lines).toEqual(log.expected);
});

test('a checkpoint is plain JSON that names the file, the offset and what it is known by', async () => {
  const { log, follower } = await followed();
  log.lines(3);
  await follower.until(3);
  const { size, ino, dev } = statSync(log.path);
  expect(follower.checkpoint(log.path)).toEqual({
    path: log.path,
    dev: String(dev),
    ino: String(ino),
    born: expect.stringMatching(/^\d+$/),
    offset: size,
    fingerprint: expect.stringMatching(/^\d+:[0-9a-f]{32}$/),
    time: expect.any(Number),
  });
});
