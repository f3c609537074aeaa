import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { Program, runProgram } from './program.js';
import { sampleLines } from './store.js';

const LINES = sampleLines('pass_lmtp/maillog');
const [FIRST = ''] = LINES;
const MESSAGES = 8;
const byId = (a: Trace, b: Trace): number => (a.id < b.id ? -1 : 1);
/** A message that comes in and waits. */
const WAITING = [
  'Nov 23 00:40:00 vm postfix/smtpd[900]: 4A1B2C3D4E5: client=unknown[192.0.2.1]',
  'Nov 23 00:40:00 vm postfix/cleanup[901]: 4A1B2C3D4E5: message-id=<waits@outside.example>',
  'Nov 23 00:40:00 vm postfix/qmgr[902]: 4A1B2C3D4E5: from=<sender@outside.example>, size=400, nrcpt=1 (queue active)',
];
const DEFERRED =
  'Nov 23 00:40:01 vm postfix/lmtp[903]: 4A1B2C3D4E5: to=<alice@example.com>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)';

let folder: string;
let log: string;
let db: string;
let running: Program[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
  log = join(folder, 'mail.log');
  db = join(folder, 'traces.db');
  running = [];
});
afterEach(async () => {
  for (const program of running) await program.end('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts `amavtrace follow`; comes back when it follows. */
async function follow(...args: string[]): Promise<Program> {
  const program = new Program(['follow', log, '--db', db, ...args]);
  running.push(program);
  if (!args.includes('--no-store')) await program.until(() => existsSync(db));
  return program;
}

function append(lines: readonly string[], file = log): void {
  appendFileSync(file, lines.map((line) => `${line}\n`).join(''));
}

async function stored(): Promise<Trace[]> {
  return (await runProgram(['search', '--limit', '0', '--db', db, '--json'])).json<Trace>();
}

describe('--once', () => {
  test('reads what is there, stores it and ends with status 0', async () => {
    append(LINES);

    const program = await runProgram(['follow', log, '--once', '--db', db, '--plain']);

    expect(await program.status()).toBe(0);
    expect(await stored()).toHaveLength(MESSAGES);
  });

  test('goes on after what an earlier run read', async () => {
    append(LINES.slice(0, 40));
    await runProgram(['follow', log, '--once', '--db', db, '--plain']);
    append(LINES.slice(40));
    const second = await runProgram(['follow', log, '--once', '--db', db, '--json']);

    const other = join(folder, 'imported.db');
    await runProgram(['import', log, '--db', other]);
    const imported = await runProgram(['search', '--limit', '0', '--db', other, '--json']);

    expect((await stored()).sort(byId)).toEqual(imported.json<Trace>().sort(byId));
    expect(second.err).toBe('');
  });

  test('a file that is not there is an error', async () => {
    const program = await runProgram(['follow', log, '--once', '--db', db]);

    expect(await program.status()).toBe(2);
    expect(program.err).toContain('mail.log');
  });

  test('a folder is an error, too', async () => {
    const program = await runProgram(['follow', dirname(log), '--once', '--db', db]);

    expect(await program.status()).toBe(2);
    expect(program.err).toContain('is a folder');
  });
});

describe('lines', () => {
  test('each tells time, ids, state, the hop reached, who to whom, and the verdict', async () => {
    append(LINES);

    const { lines } = await runProgram(['follow', log, '--once', '--no-store', '--plain']);

    expect(lines.find((line) => line.includes('289BF16263F,50655162646 delivered'))).toBe(
      '2026-11-23 00:25:29 289BF16263F,50655162646 delivered deliver:local <sender@outside.example> -> <alice@example.com> verdict=CLEAN',
    );
  });

  test('name the problem of a message that waits', async () => {
    append([...WAITING, DEFERRED]);

    const { lines } = await runProgram(['follow', log, '--once', '--no-store', '--plain']);

    expect(lines.at(-1)).toMatch(/ 4A1B2C3D4E5 deferred .* problem=filter-refused/);
  });

  test('hold no control characters, whatever the log holds', async () => {
    append([WAITING[0] ?? '', (WAITING[2] ?? '').replace('sender@', 'a\u001b]0;title\u0007\u009b2J@')]);

    const { out } = await runProgram(['follow', log, '--once', '--no-store', '--plain']);

    expect(out).toContain('\\x1b]0;title');
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  test('are told for each attempt, and not for lines that tell nothing new', async () => {
    append(WAITING);
    const program = await follow('--from-start', '--plain');
    await program.until(() => program.lines.length === 1);
    append([DEFERRED]);
    await program.until(() => program.lines.length > 1);
    append([(WAITING[2] ?? '').replace('00:40:00', '00:45:00')]);
    append([DEFERRED.replace('00:40:01', '00:45:01')]);
    await program.until(() => program.out.includes('attempts=2'));

    expect(program.lines.map((line) => line.split(' ')[3])).toEqual(['queued', 'deferred', 'deferred']);
  });
});

describe('--json', () => {
  test('prints the whole trace each time it changes', async () => {
    append(WAITING);
    const program = await follow('--from-start', '--json');
    await program.until(() => program.lines.length === 1);
    append([DEFERRED]);
    await program.until(() => program.lines.length === 2);

    const [before, after] = program.json<Trace>();
    expect(before?.state).toBe('queued');
    expect(after?.state).toBe('deferred');
    expect(after?.id).toBe(before?.id);
    await program.end();
    const traced = await runProgram([
      'trace',
      '4A1B2C3D4E5',
      '--db',
      db,
      '--json',
      '--stuck-after',
      '1000000',
    ]);
    expect({ ...after, stuck: false, stuckSince: null }).toEqual(traced.json()[0]);
  });
});

describe('where it begins', () => {
  test('at the end of a log that was never read', async () => {
    append(LINES);
    const program = await follow('--plain');
    await program.until(() => program.err === '');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    append(WAITING);
    await program.until(() => program.lines.length > 0);

    expect(program.lines).toHaveLength(1);
    expect(program.out).toContain('4A1B2C3D4E5');
  });

  test('--from-start is for a log that was never read: a restart goes on where it was', async () => {
    const args = ['follow', log, '--once', '--from-start', '--db', db, '--plain'];
    append(WAITING);
    await runProgram(args);
    append([DEFERRED]);
    const second = await runProgram(args);

    expect(second.lines.map((line) => line.split(' ')[3])).toEqual(['deferred']);
  });

  test.each([
    ['may have gone over New Year', () => {}],
    [
      'may have done so also when nothing of it was stored before the restart',
      () => runProgram(['follow', log, '--once', '--from-start', '--db', db, '--plain']),
    ],
  ])('a log that is read from its start %s', async (_, before) => {
    append([]);
    await before();
    const received = (stamp: string, id: string): string =>
      `${stamp} vm postfix/qmgr[902]: ${id}: from=<sender@outside.example>, size=400, nrcpt=1 (queue active)`;
    const days = ['Feb 27', 'Jul  1', 'Feb  1', 'Aug  1', 'Jan  9', 'Feb 26'];
    append(days.map((day, i) => received(`${day} 10:00:00`, `4A1B2C3D4E${i}`)));
    const seconds = Date.UTC(2026, 1, 27) / 1000;
    utimesSync(log, seconds, seconds);

    await runProgram(['follow', log, '--once', '--from-start', '--db', db, '--plain']);

    expect((await stored()).map(({ firstSeen }) => firstSeen.slice(0, 10)).sort()).toEqual([
      '2024-02-27',
      '2024-07-01',
      '2025-02-01',
      '2025-08-01',
      '2026-01-09',
      '2026-02-26',
    ]);
  });

  test('lines that were imported before are not told again', async () => {
    append(LINES);
    await runProgram(['import', log, '--db', db]);
    append(WAITING);
    const { lines } = await runProgram(['follow', log, '--once', '--from-start', '--db', db, '--plain']);

    expect(lines.map((line) => line.split(' ')[2])).toEqual(['4A1B2C3D4E5']);
    expect(await stored()).toHaveLength(MESSAGES + 1);
  });

  test('--since begins with what the store has since then', async () => {
    append([FIRST, ...LINES]);
    await runProgram(['follow', log, '--once', '--db', db, '--plain']);
    append(WAITING);
    const second = await runProgram([
      'follow',
      log,
      '--once',
      '--db',
      db,
      '--plain',
      '--since',
      '2026-11-23T00:25:30Z',
    ]);

    expect(second.lines.map((line) => line.split(' ')[2])).toEqual([
      '29400162640,08406162647',
      '4A1B2C3D4E5',
    ]);
  });

  test('--since begins with what the log has since then', async () => {
    append(LINES);
    append(WAITING);

    const { lines } = await runProgram([
      'follow',
      log,
      '--once',
      '--no-store',
      '--plain',
      '--since',
      '2026-11-23T00:30:00Z',
    ]);

    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('4A1B2C3D4E5');
  });

  test('a log that is not there yet is waited for and read from its start', async () => {
    const program = await follow('--json');
    await program.until(() => program.err.includes('waiting'));
    append(WAITING);
    await program.until(() => program.lines.length > 0);

    expect(program.json<Trace>()[0]?.queueIds).toEqual(['4A1B2C3D4E5']);
  });
});

describe('who stores', () => {
  test('--no-store leaves no database behind', async () => {
    append(LINES);

    const { lines } = await runProgram(['follow', log, '--once', '--no-store', '--db', db, '--json']);

    expect(lines.length).toBeGreaterThanOrEqual(MESSAGES);
    expect(existsSync(db)).toBe(false);
  });

  test('a second follow on the same database says so, and watches without storing', async () => {
    append([FIRST]);
    const first = await follow('--plain');
    await first.until(() => existsSync(`${db}.lock`));
    const second = await follow('--plain', '--from-start');
    await second.until(() => second.err.includes('watching without storing'));
    append(WAITING);
    await second.until(() => second.lines.length > 0);
    await first.until(() => first.lines.length > 0);
    expect(await second.end()).toBe(0);

    expect(await stored()).toHaveLength(1);
  });

  test('a reader finds a message while it is followed', async () => {
    append(WAITING);
    const program = await follow('--from-start', '--plain');
    await program.until(() => program.lines.length > 0);

    const found = await runProgram(['trace', '4A1B2C3D4E5', '--db', db, '--json']);

    expect(found.json<Trace>()[0]?.messageId).toBe('waits@outside.example');
  });
});

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it with status 0 and all stored', async (signal) => {
    append(LINES);
    const program = await follow('--from-start', '--plain');
    await program.until(() => program.lines.length >= MESSAGES);

    expect(await program.end(signal)).toBe(0);
    expect(await stored()).toHaveLength(MESSAGES);
  });

  test('SIGHUP while it starts does not end it', async () => {
    append(LINES);
    const program = await follow('--from-start', '--plain');

    program.child.kill('SIGHUP');
    await program.until(() => program.lines.length >= MESSAGES);

    expect(await program.end()).toBe(0);
  });

  test('SIGHUP opens the log anew and loses nothing', async () => {
    append(WAITING);
    const program = await follow('--from-start', '--plain');
    await program.until(() => program.lines.length > 0);
    renameSync(log, `${log}.1`);
    writeFileSync(log, '');
    program.child.kill('SIGHUP');
    append([DEFERRED]);
    await program.until(() => program.out.includes('deferred'));

    expect(await program.end()).toBe(0);
  });
});
