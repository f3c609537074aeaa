import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openForReading } from '../../src/store/database.js';
import { random } from '../tail/random.js';
import { Follower } from './follower.js';
import { KilledProgram } from './killed-program.js';
import { LogWriter } from './log-writer.js';
import { runSchedule } from './schedule.js';
import { type Contents, contents, imported, sampleLines, sampleLogs } from './store.js';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);
const PROCESS_SEEDS = [101, 102, 103, 104];

/** All of one day and with stamps of whole seconds. */
const RECORDED = sampleLogs().filter((path) => path.endsWith('/maillog') && !path.startsWith('guide_2006'));

/**
 * Some of the recorded logs one after the other, half of them with stamps as rsyslog writes them today. No line comes
 * twice: files that begin with the same line of the same second would pass for copies of each other.
 */
function logOf(seed: number): string[] {
  const chance = random(seed * 7919);
  const lines = RECORDED.filter(() => chance.chance(0.35)).flatMap((path) => sampleLines(path));
  const once = [...new Set(lines)];
  if (seed % 2 === 0) return once;
  return once.map((line, index) =>
    line.replace(/^Nov 23 (\S+)/, (_, time) => `2026-11-23T${time}.${String(index).padStart(6, '0')}+00:00`),
  );
}

function found(database: string): Contents {
  const db = openForReading(database);
  const all = contents(db);
  db.close();
  return all;
}

describe('however a log is written, rotated and its follower killed, the store equals one import of it', () => {
  test.concurrent.each(SEEDS)('schedule %i', async (seed) => {
    const folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
    const log = new LogWriter(folder, logOf(seed));
    const database = join(folder, 'db', 'traces.db');
    const follower = new Follower(database, [log.path]);
    await follower.start();

    const done = await runSchedule(seed, log, follower);

    expect(found(database), done.join(', ')).toEqual(await imported(log.expected));
    log.close();
  });

  test.concurrent.each(PROCESS_SEEDS)(
    'schedule %i, with processes that the system kills',
    async (seed) => {
      const folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
      const log = new LogWriter(folder, logOf(seed));
      const database = join(folder, 'db', 'traces.db');
      const program = new KilledProgram(database, log.path);
      await program.start();
      await program.begun();

      const done = await runSchedule(seed, log, program);

      expect(found(database), done.join(', ')).toEqual(await imported(log.expected));
      log.close();
    },
    180_000,
  );
});
