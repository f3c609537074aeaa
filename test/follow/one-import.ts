import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openForReading } from '../../src/store/database.js';
import { random } from '../tail/random.js';
import { Follower } from './follower.js';
import { KilledProgram } from './killed-program.js';
import { LogWriter } from './log-writer.js';
import { runSchedule, type Subject } from './schedule.js';
import { type Contents, contents, imported, sampleLines, sampleLogs } from './store.js';

/** All of one day and with stamps of whole seconds. */
const RECORDED = sampleLogs().filter((path) => path.endsWith('/maillog') && !path.startsWith('guide_2006'));

/**
 * Some of the recorded logs one after the other, half of them with stamps as rsyslog writes them today. No line comes
 * twice: recorded in several logs it would tell of incidents that never were.
 */
function logOf(seed: number): string[] {
  const chance = random(seed * 7919);
  const recorded = RECORDED.filter(() => chance.chance(0.35)).flatMap((path) => sampleLines(path));
  const lines = [...new Set(recorded)];
  if (seed % 2 === 0) return lines;
  return lines.map((line, index) =>
    line.replace(/^Nov 23 (\S+)/, (_, time) => `2026-11-23T${time}.${String(index).padStart(6, '0')}+00:00`),
  );
}

export function found(database: string): Contents {
  const db = openForReading(database);
  const all = contents(db);
  db.close();
  return all;
}

/** Runs the schedule of a seed on a log that is followed in this process, and expects what one import gives. */
export async function followsAsImported(seed: number): Promise<void> {
  await compare(seed, async (database, log) => {
    const follower = new Follower(database, [log]);
    await follower.start();
    return follower;
  });
}

/** The same with processes that the system kills. */
export async function programFollowsAsImported(seed: number, env?: NodeJS.ProcessEnv): Promise<void> {
  await compare(seed, async (database, log) => {
    const program = new KilledProgram(database, log, env);
    await program.start();
    await program.begun();
    return program;
  });
}

async function compare(
  seed: number,
  start: (database: string, log: string) => Promise<Subject>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
  const log = new LogWriter(folder, logOf(seed));
  const database = join(folder, 'db', 'traces.db');
  const subject = await start(database, log.path);

  const done = await runSchedule(seed, log, subject);

  expect(found(database), done.join(', ')).toEqual(await imported(log.expected));
  log.close();
}
