/** The store under what happens to it: repeated, interrupted and parallel use. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeLog } from '../bench/make-log.js';
import {
  allTraces,
  amavtrace,
  CLI,
  importLogs,
  parseLines,
  SAMPLES,
  temporaryFolder,
} from '../support/cli.js';

const PASS = join(SAMPLES, 'pass_lmtp', 'maillog');

function traceCount(db: string): number {
  const database = new Database(db, { readonly: true });
  const { n } = database.prepare<[], { n: number }>('select count(*) as n from trace').get() ?? { n: -1 };
  database.close();
  return n;
}

function isWhole(db: string): boolean {
  const database = new Database(db, { readonly: true });
  const result = database.pragma('integrity_check', { simple: true });
  database.close();
  return result === 'ok';
}

describe('the database', () => {
  it('is for its owner only', () => {
    const db = join(temporaryFolder(), 'new', 'folder', 'traces.db');
    importLogs(db, PASS);
    expect(statSync(db).mode & 0o777).toBe(0o600);
    expect(statSync(join(db, '..')).mode & 0o777).toBe(0o700);
  });

  it('is where --db, AMAVTRACE_DB or XDG_STATE_HOME say', () => {
    const folder = temporaryFolder();
    const run = (env: Record<string, string>): void => {
      const { status } = spawnSync(process.execPath, [CLI, 'import', PASS], {
        env: { PATH: process.env['PATH'], HOME: folder, ...env },
      });
      expect(status).toBe(0);
    };
    run({ AMAVTRACE_DB: join(folder, 'a.db') });
    run({ XDG_STATE_HOME: join(folder, 'state') });
    run({});
    for (const file of ['a.db', 'state/amavtrace/traces.db', '.local/state/amavtrace/traces.db']) {
      expect(traceCount(join(folder, file)), file).toBe(8);
    }
  });

  it('keeps the lines for --evidence after the log is gone', () => {
    const folder = temporaryFolder();
    const log = join(folder, 'mail.log');
    const db = join(folder, 'traces.db');
    copyFileSync(PASS, log);
    importLogs(db, log);
    writeFileSync(log, '');
    const { stdout } = amavtrace(['trace', '289BF16263F', '--evidence', '--json', '--db', db]);
    const evidence = (JSON.parse(stdout) as { evidence: string[] }).evidence;
    const lines = readFileSync(PASS, 'utf8').split('\n');
    expect(evidence).toHaveLength(11);
    for (const line of evidence) expect(lines).toContain(line);
  });

  it('made by a newer program is left alone, and the message says what to do', () => {
    const db = join(temporaryFolder(), 'traces.db');
    importLogs(db, PASS);
    const database = new Database(db);
    database.pragma('user_version = 999');
    database.close();
    const { status, stderr } = amavtrace(['import', PASS, '--db', db]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('was made by a newer amavtrace')]);
  });

  it('that is no database is named, and left alone', () => {
    const file = join(temporaryFolder(), 'traces.db');
    writeFileSync(
      file,
      'this is a letter to my aunt, and no database at all, though it is long enough to be one',
    );
    const { status, stderr } = amavtrace(['import', PASS, '--db', file]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('is no amavtrace database')]);
    expect(readFileSync(file, 'utf8')).toContain('aunt');
  });

  it('loses old messages to prune, and nothing else', () => {
    const db = join(temporaryFolder(), 'traces.db');
    importLogs(db, PASS, '--year', '2020');
    importLogs(db, join(SAMPLES, 'verdicts', 'maillog'), '--year', '2026');
    const before = allTraces(db).filter(({ firstSeen }) => firstSeen > '2021');
    // Ages are measured from today; the later log stays while it is younger than this.
    const { status, stdout } = amavtrace(['prune', '--older-than', '1000d', '--db', db, '--json']);
    expect([status, JSON.parse(stdout)]).toEqual([0, { removed: 8 }]);
    expect(allTraces(db)).toEqual(before);
    expect(amavtrace(['trace', '289BF16263F', '--db', db]).status).toBe(1);
  });
});

describe('an import', () => {
  it('of the same lines in another head adds nothing', () => {
    const db = join(temporaryFolder(), 'traces.db');
    importLogs(db, PASS);
    const before = allTraces(db);
    const again = importLogs(db, `${PASS}.rfc3339`);
    expect([again.traces, again.changed]).toEqual([0, 0]);
    expect(allTraces(db)).toEqual(before);
  });

  it('of a log that has grown adds what is new', () => {
    const folder = temporaryFolder();
    const log = join(folder, 'mail.log');
    const db = join(folder, 'traces.db');
    const whole = readFileSync(PASS);
    for (const share of [0.2, 0.5, 0.51, 0.9, 1]) {
      writeFileSync(log, whole.subarray(0, Math.floor(whole.length * share)));
      importLogs(db, log);
    }
    const straight = join(folder, 'straight.db');
    importLogs(straight, PASS);
    expect(allTraces(db)).toEqual(allTraces(straight));
  });

  it('is refused while another one writes', async () => {
    const db = join(temporaryFolder(), 'traces.db');
    importLogs(db, PASS);
    const lock = new Database(`${db}.lock`);
    lock.exec('begin exclusive');
    const { status, stderr } = amavtrace(['import', PASS, '--db', db]);
    lock.close();
    expect([status, stderr]).toEqual([2, expect.stringContaining('another amavtrace is writing')]);
    expect(amavtrace(['trace', '289BF16263F', '--db', db]).status).toBe(0);
  });

  it.each(['xz', 'bzip2', 'zstd'])('reads what %s packed', (packer) => {
    const folder = temporaryFolder();
    const packed = spawnSync(packer, ['-c', PASS], { maxBuffer: 1e8 });
    expect(packed.status).toBe(0);
    writeFileSync(join(folder, 'log'), packed.stdout);
    expect(importLogs(join(folder, 'traces.db'), join(folder, 'log')).traces).toBe(8);
  });

  it('reads standard input', () => {
    const db = join(temporaryFolder(), 'traces.db');
    const { status } = amavtrace(['import', '-', '--db', db], gzipSync(readFileSync(PASS)));
    expect([status, traceCount(db)]).toEqual([0, 8]);
  });

  it('of a pipe reads all of it', () => {
    const db = join(temporaryFolder(), 'traces.db');
    const command = `exec "$0" "$1" import <(cat "$2") <(cat "$2.rfc3339") --db "$3" --json`;
    const { stdout } = spawnSync('bash', ['-c', command, process.execPath, CLI, PASS, db], {
      encoding: 'utf8',
    });
    const lines = readFileSync(PASS, 'utf8').trimEnd().split('\n').length;
    expect(JSON.parse(stdout)).toMatchObject({ files: 2, lines: 2 * lines, traces: 8 });
  });

  it('of standard input without years takes them from its end', () => {
    const db = join(temporaryFolder(), 'traces.db');
    const days = [900, 600, 300, 0].map((back) => new Date(Date.now() - back * 86_400_000).toUTCString());
    const log = days
      .map((day, i) => {
        const stamp = `${day.slice(8, 11)} ${day.slice(5, 7).replace(/^0/, ' ')} 00:00:00`;
        return `${stamp} mail postfix/qmgr[7]: 4A1B2C3D4E${i}: from=<a@b.example>, size=1, nrcpt=1 (queue active)\n`;
      })
      .join('');
    expect(amavtrace(['import', '-', '--db', db], log).status).toBe(0);
    const found = allTraces(db).map(({ queueIds, firstSeen }) => `${queueIds[0]} ${firstSeen.slice(0, 10)}`);
    expect(found).toEqual(days.map((day, i) => `4A1B2C3D4E${i} ${new Date(day).toISOString().slice(0, 10)}`));
  });
});

describe('a large import', () => {
  let log: string;
  let wanted: ReturnType<typeof allTraces>;
  let size: number;

  beforeAll(() => {
    const folder = process.env['TMPDIR'] ?? '/tmp';
    log = join(folder, `amavtrace-large-${process.pid}.log`);
    size = makeLog(log, 12_000_000).bytes;
    const db = `${log}.db`;
    importLogs(db, log);
    wanted = allTraces(db);
    expect(statSync(db).size).toBeLessThan(size);
    return () => {
      for (const file of [log, db, `${db}.lock`]) spawnSync('rm', ['-f', file]);
    };
  }, 120_000);

  it('killed at any moment leaves a whole database, and another run completes it', async () => {
    const db = join(temporaryFolder(), 'traces.db');
    for (const delay of [150, 300, 450, 600]) {
      const child = spawn(process.execPath, [CLI, 'import', log, '--db', db, '--tz', 'UTC'], {
        stdio: 'ignore',
      });
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.on('exit', resolve));
    }
    importLogs(db, log);
    expect(isWhole(db)).toBe(true);
    expect(allTraces(db)).toEqual(wanted);
  });

  it('stopped by Ctrl-C says so, leaves a whole database, and another run completes it', async () => {
    const db = join(temporaryFolder(), 'traces.db');
    const child = spawn(process.execPath, [CLI, 'import', log, '--db', db, '--tz', 'UTC']);
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    setTimeout(() => child.kill('SIGINT'), 400);
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect([0, 2]).toContain(status);
    if (status === 2) expect(stderr).toContain('interrupted; what was read is stored');
    expect(isWhole(db)).toBe(true);
    importLogs(db, log);
    expect(allTraces(db)).toEqual(wanted);
  });

  it('that finds the disk full says so, and completes when there is room', () => {
    const db = join(temporaryFolder(), 'traces.db');
    // A limit on the size of files stands for the disk: writing beyond it fails in the same place.
    const command = `ulimit -f 1024; trap '' XFSZ; exec "${process.execPath}" "${CLI}" import "${log}" --db "${db}" --tz UTC`;
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toMatch(/the disk is full|reading or writing .* failed/);
    expect(stderr).not.toContain('    at ');
    expect(stderr.match(/^amavtrace:/gm)).toHaveLength(1);
    expect(isWhole(db)).toBe(true);
    importLogs(db, log);
    expect(allTraces(db)).toEqual(wanted);
  });

  it('lets others read all the while', async () => {
    const db = join(temporaryFolder(), 'traces.db');
    importLogs(db, PASS);
    const child = spawn(process.execPath, [CLI, 'import', log, '--db', db, '--tz', 'UTC'], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const readings: [number | null, number][] = [];
    while (child.exitCode === null && readings.length < 50) {
      const { status, stdout } = amavtrace(['trace', '289BF16263F', '--json', '--db', db]);
      readings.push([status, parseLines(stdout).length]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    expect(readings.length).toBeGreaterThan(0);
    for (const [status, found] of readings) {
      expect(status).toBe(0);
      expect(found).toBeGreaterThan(0);
    }
  });
});
