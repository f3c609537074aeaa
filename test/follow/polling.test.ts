import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followsAsImported, found, programFollowsAsImported } from './one-import.js';
import { Program } from './program.js';
import { imported, sampleLines } from './store.js';

/** Without inotify, as on network file systems: chokidar polls then, and hears of names only. */
const POLLING = { CHOKIDAR_USEPOLLING: '1' };
const SEEDS = [401, 402, 403, 404, 405, 406];

/** Whether a process is told of changes by the system. */
function usesInotify(pid: number): boolean {
  const files = `/proc/${pid}/fd`;
  return readdirSync(files).some((name) => {
    try {
      return readlinkSync(join(files, name)).includes('inotify');
    } catch {
      return false;
    }
  });
}

describe('where no event tells of a change', () => {
  let before: string | undefined;
  beforeAll(() => {
    before = process.env['CHOKIDAR_USEPOLLING'];
    Object.assign(process.env, POLLING);
  });
  afterAll(() => {
    if (before === undefined) delete process.env['CHOKIDAR_USEPOLLING'];
    else process.env['CHOKIDAR_USEPOLLING'] = before;
  });

  test.concurrent.each(SEEDS)('the store equals one import of the log (schedule %i)', (seed) =>
    followsAsImported(seed),
  );

  test('also with processes that the system kills', () => programFollowsAsImported(411, POLLING), 180_000);

  test('a log is followed through a rotation, line by line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
    const log = join(folder, 'mail.log');
    const database = join(folder, 'traces.db');
    const lines = sampleLines('pass_lmtp/maillog');
    const append = (from: number, to: number, file = log) =>
      appendFileSync(
        file,
        lines
          .slice(from, to)
          .map((line) => `${line}\n`)
          .join(''),
      );
    append(0, 30);
    const args = ['follow', log, '--from-start', '--db', database, '--json'];
    const program = new Program(args, POLLING);
    await program.until(() => program.lines.length > 0);
    let told = program.lines.length;
    const toldMore = async () => {
      await program.until(() => program.lines.length > told);
      told = program.lines.length;
    };

    append(30, 60);
    await toldMore();
    renameSync(log, `${log}.1`);
    append(60, 75, `${log}.1`);
    await toldMore();
    writeFileSync(log, '');
    append(75, lines.length);
    await toldMore();

    expect(usesInotify(program.child.pid ?? 0)).toBe(false);
    await program.end();
    expect(found(database)).toEqual(await imported(lines));
    rmSync(folder, { recursive: true });
  });

  test('else the system tells: this is what the above would not be without polling', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
    const log = join(folder, 'mail.log');
    appendFileSync(log, `${sampleLines('pass_lmtp/maillog').join('\n')}\n`);
    const args = ['follow', log, '--from-start', '--db', join(folder, 'traces.db'), '--json'];
    const program = new Program(args, { CHOKIDAR_USEPOLLING: '0' });
    await program.until(() => program.lines.length > 0);

    expect(usesInotify(program.child.pid ?? 0)).toBe(true);
    await program.end();
    rmSync(folder, { recursive: true });
  });
});
