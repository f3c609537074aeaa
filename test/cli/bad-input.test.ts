import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { amavtrace, SAMPLES, type Summary, temporaryFolder } from '../support/cli.js';

const PASS = join(SAMPLES, 'pass_lmtp', 'maillog');

/** Imports a bad file and a good one: the complaint, and what came of the good one. */
function beside(path: string): { status: number | null; stderr: string; summary: Summary } {
  const db = join(temporaryFolder(), 'traces.db');
  const { status, stderr, stdout } = amavtrace(['import', path, PASS, '--db', db, '--json', '--tz', 'UTC']);
  return { status, stderr, summary: JSON.parse(stdout) as Summary };
}

function file(content: string | Buffer): string {
  const path = join(temporaryFolder(), 'mail.log');
  writeFileSync(path, content);
  return path;
}

function folder(): string {
  const dir = join(temporaryFolder(), 'logs');
  mkdirSync(dir);
  return dir;
}

describe('a file that cannot be read', () => {
  it.each<[string, () => string, RegExp]>([
    ['missing', () => '/no/such/file.log', /no such file|does not exist|is missing/i],
    ['a folder', folder, /is a folder/],
    ['a binary', () => file(readFileSync(process.execPath).subarray(0, 300_000)), /binary|no text/i],
  ])('%s: is named, and the others are read', (_name, path, complaint) => {
    const { status, stderr, summary } = beside(path());
    expect(status).toBe(2);
    expect(stderr).toMatch(complaint);
    expect(stderr).not.toContain('    at ');
    expect(summary.traces).toBe(8);
  });
});

describe('what cannot be followed', () => {
  const pipe = (): string => {
    const path = join(folder(), 'pipe');
    execFileSync('mkfifo', [path]);
    return path;
  };

  it.each<[string, () => string, RegExp]>([
    ['a pipe', pipe, /\/pipe is no file that can be followed\n$/],
    ['a device', () => '/dev/null', /\/dev\/null is no file that can be followed\n$/],
    [
      'standard input',
      () => '-',
      /not standard input\n {2}To read standard input to its end: amavtrace import -\n$/,
    ],
  ])('%s: is refused when it is to be read once', (_what, path, complaint) => {
    const { status, stdout, stderr } = amavtrace(['follow', '--once', '--no-store', path()]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(complaint);
  });
});

it.each([
  ['search', '--db'],
  ['search', '--verdict'],
  ['trace', '--filter'],
])('%s: %s with nothing (a variable that is not set) never means the default', (command, option) => {
  const { status, stdout, stderr } = amavtrace([command, ...(command === 'trace' ? ['x'] : []), option, '']);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toBe(`amavtrace: ${option} wants a value, and was given an empty one\n`);
});

describe('a folder of patterns that cannot be read', () => {
  const inside = (name: string): string => {
    const dir = folder();
    mkdirSync(join(dir, name));
    return dir;
  };

  it.each<[string, string, () => string, RegExp]>([
    [
      'missing',
      'patterns',
      () => '/no/such',
      /the patterns in \/no\/such: no such folder\n {2}Name a folder/,
    ],
    ['missing', 'explain', () => '/no/such', /the problems in \/no\/such: no such folder\n {2}Name a folder/],
    ['a file', 'patterns', () => file(''), /mail\.log: it is no folder\n {2}Name a folder/],
    ['with a folder for a file', 'patterns', () => inside('x.json'), /\/x\.json: it is a folder\n$/],
    [
      'with a folder for problems',
      'explain',
      () => inside('problems.json'),
      /\/problems\.json: it is a folder\n$/,
    ],
  ])('%s: %s says so in words, without the code of the error', (_what, command, dir, complaint) => {
    const { status, stdout, stderr } = amavtrace([command, '--patterns', dir()]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(complaint);
    expect(stderr).not.toMatch(/E[A-Z]{3,}/);
  });
});

describe('a file that can be read in part', () => {
  it('empty: is fine', () => {
    const { status, summary } = beside(file(''));
    expect([status, summary.files, summary.traces]).toEqual([0, 2, 8]);
  });

  it('a truncated .gz: gives what there is, and says so', () => {
    const db = join(temporaryFolder(), 'traces.db');
    const packed = gzipSync(readFileSync(PASS));
    const { status, stderr } = amavtrace([
      'import',
      file(packed.subarray(0, packed.length - 400)),
      '--db',
      db,
    ]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/is damaged/);
    expect(amavtrace(['trace', '289BF16263F', '--db', db]).status).toBe(0);
  });

  it.each([
    [
      'lines of megabytes',
      `${'x'.repeat(5_000_000)}\nNov 23 00:00:00 vm postfix/qmgr[1]: ${'y'.repeat(3_000_000)}\n`,
    ],
    [
      'NUL bytes',
      `Nov 23 00:00:00 vm postfix/qmgr[1]: \0\0\0\n${'\0'.repeat(200)}\nNov 23 00:00:01 vm kernel: a\n`,
    ],
    ['no line end at all', 'Nov 23 00:00:00 vm postfix/qmgr[1]: 8BE9416260E: removed'],
    ['Windows line ends', 'Nov 23 00:00:00 vm postfix/qmgr[1]: 8BE9416260E: removed\r\n'],
  ])('%s: every line is counted', (_name, content) => {
    const { status, summary } = beside(file(content));
    expect(status).toBe(0);
    expect(summary.events + summary.ignored + summary.unrecognized).toBe(summary.lines);
    expect(summary.traces).toBeGreaterThanOrEqual(8);
  });

  it('broken UTF-8: is shown as such, and the message is found', () => {
    const line = Buffer.from(
      'Nov 23 00:00:00 vm postfix/qmgr[1]: 8BE9416260E: from=<\xff\xfe@b.example>, size=1, nrcpt=1 (queue active)\n',
      'latin1',
    );
    const db = join(temporaryFolder(), 'traces.db');
    amavtrace(['import', file(line), '--db', db]);
    const { stdout } = amavtrace(['trace', '8BE9416260E', '--json', '--db', db]);
    expect(JSON.parse(stdout)).toMatchObject({ sender: '\ufffd\ufffd@b.example' });
  });
});

describe('what strangers write', () => {
  const EVIL = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\u00ad\u{e0041}\ufffa';
  const log = [
    'Nov 23 00:00:00 vm postfix/smtpd[1]: 8BE9416260E: client=unknown[192.0.2.1]',
    `Nov 23 00:00:00 vm postfix/cleanup[2]: 8BE9416260E: hold: header Subject: ${EVIL} from unknown[192.0.2.1]; from=<a${EVIL}@b.example> to=<c@example.com> proto=ESMTP helo=<${EVIL}>: held`,
    `Nov 23 00:00:00 vm postfix/cleanup[2]: 8BE9416260E: message-id=<${EVIL}@x>`,
    `Nov 23 00:00:00 vm postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 ${EVIL}; from=<a@b.example> to=<${EVIL}> proto=ESMTP helo=<${EVIL}>`,
    `Nov 23 00:00:00 vm postfix/smtpd[9]: 8BE9416260E: something new ${EVIL}`,
  ].join('\n');

  it.each([
    ['import', '--show-unrecognized'],
    ['trace', '8BE9416260E', '--evidence'],
    ['trace', '8BE9416260E', '--json', '--evidence'],
    ['trace', '8BE9416260E', '--format', 'mermaid'],
    ['trace', EVIL],
    ['search'],
    ['search', '--json'],
    ['search', '--state', EVIL],
    ['stuck'],
    ['stats'],
    ['stats', '--prometheus'],
    ['explain', EVIL],
    [EVIL],
    ['search', `--${EVIL}`],
    ['patterns', '--patterns', EVIL],
  ])('never reaches the terminal raw: %s', (...args) => {
    const path = file(`${log}\n`);
    const db = join(path, '..', 'traces.db');
    amavtrace(['import', path, '--db', db]);
    const withFile =
      args[0] === 'import'
        ? [...args, path, '--db', join(path, '..', 'other.db')]
        : ['trace', 'search', 'stuck', 'stats'].includes(args[0] ?? '')
          ? [...args, '--db', db]
          : args;
    const { stdout, stderr } = amavtrace(withFile);
    for (const output of [stdout, stderr])
      expect(output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it('comes out of JSON as it was', () => {
    const path = file(`${log}\n`);
    const db = join(path, '..', 'traces.db');
    amavtrace(['import', path, '--db', db]);
    const { stdout } = amavtrace(['trace', '8BE9416260E', '--json', '--db', db]);
    expect(JSON.parse(stdout)).toMatchObject({ messageId: `${EVIL}@x` });
  });
});
