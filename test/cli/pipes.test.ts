import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  constants,
  createWriteStream,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { allTraces, amavtrace, amavtraceHere, CLI, SAMPLES, temporaryFolder } from '../support/cli.js';

const LOG = join(SAMPLES, 'pass_lmtp', 'maillog');

/** Starts an import whose standard input stays open; both give what they printed when it has ended. */
function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [CLI, 'import', ...args], { env: { ...process.env, TZ: 'UTC' } });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stderr }));
  return { child, ended };
}

/** Tries until it succeeds. */
async function patiently<T>(attempt: () => T): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return attempt();
    } catch (error) {
      if (tries > 600) throw error;
      await setTimeout(50);
    }
  }
}

it('import does its work also where what it says beside cannot be written', () => {
  const db = join(temporaryFolder(), 'traces.db');
  execFileSync('sh', ['-c', '"$0" "$@" 2>/dev/full', process.execPath, CLI, 'import', LOG, '--db', db]);
  expect(allTraces(db)).toHaveLength(8);
});

describe('import reads', () => {
  it('standard input, a pipe or a file', () => {
    const folder = temporaryFolder();
    const piped = join(folder, 'piped.db');
    const redirected = join(folder, 'redirected.db');
    expect(amavtrace(['import', '-', '--db', piped], readFileSync(LOG)).status).toBe(0);
    execFileSync(
      'sh',
      ['-c', '"$0" "$1" import - --db "$2" < "$3"', process.execPath, CLI, redirected, LOG],
      {
        stdio: 'ignore',
      },
    );
    expect(allTraces(piped)).toHaveLength(8);
    expect(allTraces(redirected)).toHaveLength(8);
  });

  it('a named pipe, as the shell makes for <(zcat …), once and whole', async () => {
    const folder = temporaryFolder();
    const pipe = join(folder, 'pipe');
    const db = join(folder, 'traces.db');
    execFileSync('mkfifo', [pipe]);
    const { ended } = start(pipe, '--db', db);
    createWriteStream(pipe).end(readFileSync(LOG));
    expect(await ended).toMatchObject({ status: 0 });
    expect(allTraces(db)).toHaveLength(8);
  });
});

describe('Ctrl-C ends an import that waits', () => {
  it('for standard input', async () => {
    const db = join(temporaryFolder(), 'traces.db');
    const { child, ended } = start('-', '--db', db, '--year', '2026');
    child.stdin.write(readFileSync(LOG));
    await patiently(() => statSync(db));
    child.kill('SIGINT');
    expect(await ended).toEqual({ status: 2, stderr: expect.stringContaining('interrupted') });
  });

  it('for a pipe that nobody writes to', async () => {
    const folder = temporaryFolder();
    const pipe = join(folder, 'pipe');
    const db = join(folder, 'traces.db');
    execFileSync('mkfifo', [pipe]);
    const { child, ended } = start(pipe, '--db', db);
    // Refused as long as nobody reads.
    const writer = await patiently(() => openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ status: 2, stderr: expect.stringContaining('interrupted') });
    closeSync(writer);
  });
});

describe('who reads the output', () => {
  it('and has had enough doesn’t stop an import', async () => {
    const folder = temporaryFolder();
    const log = join(folder, 'mail.log');
    const db = join(folder, 'traces.db');
    // More than a pipe holds.
    for (let n = 0; n < 2000; n++)
      appendFileSync(log, `Nov 23 00:00:00 vm postfix/smtpd[1]: something new ${'x'.repeat(100)}\n`);
    appendFileSync(log, readFileSync(LOG));
    const { child, ended } = start('--show-unrecognized', log, '--db', db);
    child.stdout.destroy();
    expect(await ended).toMatchObject({ status: 0 });
    expect(allTraces(db)).toHaveLength(8);
  });

  it('is heeded once, however many commands a process runs', async () => {
    await amavtraceHere(['--version']);
    const listeners = process.stdout.listenerCount('error');
    await amavtraceHere(['--version']);
    expect(process.stdout.listenerCount('error')).toBe(listeners);
  });

  it('and has no room for it is told, with status 2', () => {
    const db = join(temporaryFolder(), 'traces.db');
    amavtrace(['import', LOG, '--db', db]);
    const command = '"$0" "$1" search --db "$2" 2>&1 >/dev/full; echo $?';
    const printed = execFileSync('sh', ['-c', command, process.execPath, CLI, db], { encoding: 'utf8' });
    expect(printed).toMatch(/^amavtrace: cannot write to standard output .*\n2\n$/);
  });
});
