import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import type { Trace } from '../../src/core/trace/trace.js';
import type { LogWatch } from '../../src/probe/log-watch.js';
import { type MailLog, openMailLog } from '../../src/probe/mail-log.js';

const LINES = readFileSync(new URL('../../samples/guide_test_now/maillog', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const IDS = { messageId: 'T0013690845@outside.example', queueId: null, amavisId: null };

let folder: string;
const watches: LogWatch[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amavtrace-mail-log-'));
});
afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.close();
  rmSync(folder, { recursive: true });
});

const open = (...files: readonly string[]): Promise<MailLog> =>
  openMailLog({ files, patterns: undefined, zone: () => 0 });

async function watch(...files: readonly string[]): Promise<LogWatch> {
  const opened = await (await open(...files)).watch(new MailPath());
  watches.push(opened);
  return opened;
}

async function completed(log: LogWatch, atFirst = (): void => {}): Promise<Trace> {
  let seen = false;
  for await (const trace of log.find(IDS, AbortSignal.timeout(10_000))) {
    if (!seen) atFirst();
    seen = true;
    if (trace.complete) return trace;
  }
  throw new Error('the message was not seen to its end');
}

test('what is written after it was opened is seen, also when it is rotated meanwhile', async () => {
  const log = join(folder, 'mail.log');
  writeFileSync(log, '');
  const opened = await watch(log);
  appendFileSync(log, `${LINES.slice(0, 4).join('\n')}\n`);
  const rotate = (): void => {
    renameSync(log, `${log}.1`);
    writeFileSync(log, `${LINES.slice(4).join('\n')}\n`);
  };
  expect(await completed(opened, rotate)).toMatchObject({ state: 'delivered', queueIds: ['27AA1162650'] });
});

test('what stood there before is not', async () => {
  const log = join(folder, 'mail.log');
  writeFileSync(log, `${LINES.join('\n')}\n`);
  const opened = await watch(log);
  const seen: Trace[] = [];
  for await (const trace of opened.find(IDS, AbortSignal.timeout(300))) seen.push(trace);
  expect(seen).toEqual([]);
});

test('one message may be told of by two logs, Postfix in one and amavis in the other', async () => {
  const [postfix, amavis] = ['postfix.log', 'mail.log'].map((name) => join(folder, name));
  for (const path of [postfix, amavis]) writeFileSync(path ?? '', '');
  const opened = await watch(postfix ?? '', amavis ?? '');
  const isAmavis = (line: string): boolean => / amavis\[/.test(line);
  appendFileSync(amavis ?? '', `${LINES.filter(isAmavis).join('\n')}\n`);
  appendFileSync(postfix ?? '', `${LINES.filter((line) => !isAmavis(line)).join('\n')}\n`);
  expect((await completed(opened)).filter.map(({ verdict }) => verdict)).toEqual(['CLEAN']);
});

test('the last words of a program are read from the end of a log', async () => {
  const log = join(folder, 'mail.log');
  writeFileSync(log, `${LINES.join('\n')}\n`);
  const last = LINES.findLast((line) => line.includes(' amavis['));
  expect(await (await open(log)).lastSaid('amavis')).toEqual({ text: last, complains: false });
});

describe('the systemd journal', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });
  const journal = async (script: string): Promise<MailLog> => {
    const entries = LINES.map((line) => {
      const [, program = '', pid = '', message = ''] =
        /^\S+ +\d+ \S+ \S+ ([^[\s]+)\[(\d+)\]: (.*)$/.exec(line) ?? [];
      const time = String(Date.now() * 1000);
      return JSON.stringify({
        __REALTIME_TIMESTAMP: time,
        SYSLOG_IDENTIFIER: program,
        SYSLOG_PID: pid,
        _HOSTNAME: 'mail',
        MESSAGE: message,
      });
    });
    writeFileSync(join(folder, 'entries'), `${entries.join('\n')}\n`);
    writeFileSync(join(folder, 'journalctl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env['PATH'] = `${folder}:${path}`;
    return openMailLog({ files: null, patterns: undefined, zone: () => 0 });
  };

  test('is followed from now on', async () => {
    const opened = await (
      await journal(`case "$*" in *--follow*--since=@*) cat "$(dirname "$0")/entries"; exec sleep 20 ;; esac`)
    ).watch(new MailPath());
    watches.push(opened);
    expect(await completed(opened)).toMatchObject({ state: 'delivered', queueIds: ['27AA1162650'] });
  });

  test('tells the last words of a program', async () => {
    const log = await journal(`case "$*" in *--follow*) ;; *) cat "$(dirname "$0")/entries" ;; esac`);
    expect((await log.lastSaid('postfix'))?.text).toMatch(/ mail postfix\/\w+\[\d+\]: /);
  });
});

test('a file that is not there is refused', async () => {
  await expect(open(join(folder, 'none'))).rejects.toThrow(/none: no such file$/);
});

test('so is a folder', async () => {
  mkdirSync(join(folder, 'log'));
  await expect(open(join(folder, 'log'))).rejects.toThrow(/is a folder: name the log files in it$/);
});
