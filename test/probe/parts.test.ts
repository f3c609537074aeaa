import { describe, expect, test } from 'vitest';
import { parseProcNetTcp } from '../../src/check/load/sockets.js';
import { type LoggingProgram, lastSaid, type Said } from '../../src/probe/last-said.js';
import { testMessage } from '../../src/probe/message.js';
import { readCommandLine } from '../../src/probe/process.js';
import { readReply } from '../../src/probe/reply.js';
import { parseTarget } from '../../src/probe/targets.js';

describe('the reply to the end of a message', () => {
  test.each([
    [
      '250 2.6.0 Ok, id=30897-02, from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 079474CE44',
      '079474CE44',
      '30897-02',
      false,
    ],
    [
      '250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BE6C0162610',
      'BE6C0162610',
      null,
      false,
    ],
    ['250 2.0.0 Ok: queued as 4jXmsN0KB1zBw3p', '4jXmsN0KB1zBw3p', null, false],
    ['250 2.7.0 Ok, discarded, id=16957-01 - spam', null, '16957-01', true],
    ['250 2.7.0 Ok, discarded, id=24167-01-2 - INFECTED: Eicar-Signature', null, '24167-01-2', true],
    ['250 2.5.0 Ok, id=17422-01, BOUNCE', null, '17422-01', true],
    [
      '250 2.5.0 Ok <carol@example.com>, DSN was sent (554 5.7.0 Bounce, id=16957-02 - BANNED: .exe)',
      null,
      '16957-02',
      false,
    ],
    ['554 5.7.0 Reject, id=17781-01 - spam', null, '17781-01', true],
    [
      '451 4.5.0 id=20694-03 - Temporary MTA failure on relaying, From MTA() during fwd-connect',
      null,
      '20694-03',
      false,
    ],
  ])('%s', (text, queueId, amavisId, blocked) => {
    expect(readReply(text)).toEqual({ queueId, amavisId, blocked });
  });
});

describe('/proc/net/tcp', () => {
  const HEAD =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
  const line = (local: string, state: string, inode = 20_557): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;

  test('only listening sockets count, addresses are read from their words', () => {
    const text =
      HEAD + line('0100007F:2728', '0A', 77) + line('00000000:0019', '0A') + line('0100007F:2729', '01');
    expect(parseProcNetTcp(text)).toEqual([
      { address: '127.0.0.1', port: 10_024, inode: '77' },
      { address: '0.0.0.0', port: 25, inode: '20557' },
    ]);
  });

  test('IPv6 addresses are written short, mapped ones as IPv4', () => {
    const text =
      HEAD +
      line('00000000000000000000000001000000:2728', '0A') +
      line('00000000000000000000000000000000:0019', '0A') +
      line('0000000000000000FFFF00000100007F:2729', '0A') +
      line('B80D0120000000000000000001000000:0019', '0A');
    expect(parseProcNetTcp(text)).toMatchObject([
      { address: '::1', port: 10_024 },
      { address: '::', port: 25 },
      { address: '127.0.0.1', port: 10_025 },
      { address: '2001:db8::1', port: 25 },
    ]);
  });
});

describe('what a program last logged', () => {
  const said = (program: LoggingProgram, ...lines: readonly string[]): Promise<Said | null> => {
    const modified = Date.parse('2026-11-23T12:00:00Z');
    async function* read() {
      yield { lines: [], modified };
      yield { lines, modified };
    }
    return lastSaid(read(), program, { zone: () => 0 });
  };
  const lines = [
    'Nov 23 00:24:51 vm amavis[20694]: (20694-02) (!)connect to [127.0.0.1]:10025 failed, attempt #1: Connection refused',
    'Nov 23 00:24:51 vm amavis[20694]: (20694-02) Blocked MTA-BLOCKED {TempFailedInbound}, <s@x> -> <a@y>',
    'Nov 23 00:24:52 vm postfix/master[812]: fatal: bind 127.0.0.1 port 10025: Address already in use',
    'Nov 23 00:24:53 vm postfix/qmgr[815]: 1CE88162637: removed',
    'Nov 23 00:24:54 vm CRON[900]: (root) CMD (amavis: x)',
  ];

  test('is its last complaint', async () => {
    expect(await said('amavis', ...lines)).toEqual({ text: lines[0], complains: true });
    expect(await said('postfix', ...lines)).toEqual({ text: lines[2], complains: true });
  });

  test('is what Postfix refused a client on this machine, and not what it refused a stranger', async () => {
    const refused = (client: string) =>
      `Nov 23 00:24:54 vm postfix/smtpd[9]: NOQUEUE: reject: CONNECT from ${client}: 554 5.7.1 <x>: Client host rejected: Access denied; proto=SMTP`;
    const [own, stranger] = [refused('localhost[127.0.0.1]'), refused('unknown[192.0.2.7]')];
    expect(await said('postfix', own, stranger)).toEqual({ text: own, complains: true });
  });

  test('or its last line when it complains of nothing', async () => {
    expect(await said('postfix', ...lines.slice(3))).toEqual({ text: lines[3], complains: false });
  });

  test('or nothing', async () => {
    expect(await said('amavis', ...lines.slice(2))).toBeNull();
  });

  test('an entry of the journal is told as a line', async () => {
    const entry = {
      __REALTIME_TIMESTAMP: '1795393491000000',
      SYSLOG_IDENTIFIER: 'amavis',
      _PID: '20694',
      _HOSTNAME: 'vm',
      MESSAGE: '(!!)TROUBLE in pre_loop_hook: x',
    };
    expect((await said('amavis', JSON.stringify(entry)))?.text).toBe(
      '2026-11-23T00:24:51.000Z vm amavis[20694]: (!!)TROUBLE in pre_loop_hook: x',
    );
  });
});

describe('a process is known by its command line', () => {
  test.each([
    ['/usr/sbin/amavisd-new (master)\0\0\0', 'amavisd-new', 'amavisd'],
    ['/usr/sbin/amavisd (ch3-avail)', 'amavisd', 'amavisd'],
    ['/usr/bin/perl\0-T\0/usr/sbin/amavisd\0foreground\0', 'amavisd', 'amavisd'],
    ['/usr/lib/postfix/sbin/master\0-w\0', 'master', 'master'],
    ['/usr/libexec/postfix/master\0-w\0', 'master', 'master'],
    ['/usr/lib/cyrus/bin/master\0-d\0', 'master', null],
    ['tail\0-f\0/var/log/amavisd\0', 'tail', null],
    ['vi\0/usr/sbin/amavisd-new\0', 'vi', null],
    ['nginx: master process /usr/sbin/nginx\0', 'nginx:', null],
    ['', '', null],
  ])('%j', (text, name, daemon) => {
    expect(readCommandLine(7, text)).toEqual({ pid: 7, name, daemon });
  });
});

describe('the test message', () => {
  const date = new Date('2026-11-23T00:35:42Z');
  const make = (pattern: 'harmless' | 'gtube' | 'eicar'): string =>
    testMessage(pattern, '', 'postmaster', date, 'abc', 'mail.example.com').text;

  test('has the headers that a message needs, and its own Message-ID', () => {
    expect(testMessage('harmless', '', 'postmaster', date, 'abc', 'mail.example.com').messageId).toBe(
      'amavtrace-probe.abc@mail.example.com',
    );
    expect(make('harmless').split('\r\n')).toEqual([
      'From: amavtrace probe <postmaster@mail.example.com>',
      'To: <postmaster@mail.example.com>',
      'Subject: amavisd test - simple - no spam test pattern',
      'Date: Mon, 23 Nov 2026 00:35:42 +0000',
      'Message-ID: <amavtrace-probe.abc@mail.example.com>',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=us-ascii',
      'Auto-Submitted: auto-generated',
      '',
      'This is a simple test message of amavtrace probe.',
      '',
    ]);
  });

  test('carries the standard patterns, each of its known length', () => {
    expect(/^XJS\*C4JDBQADN1\.NSBN3\*2IDNEN\*GTUBE-[\w-]+\*C\.34X$/m.exec(make('gtube'))?.[0]).toHaveLength(
      68,
    );
    expect(/^X5O!P%@AP\[4\\PZX54\(P\^\)7CC\)7\}\$EICAR[\w!$+*-]+$/m.exec(make('eicar'))?.[0]).toHaveLength(
      68,
    );
  });
});

test.each([
  ['127.0.0.1:10024', '127.0.0.1', 10_024],
  ['[::1]:10024', '::1', 10_024],
  ['localhost:25', 'localhost', 25],
])('the target %s is read', (text, host, port) => {
  expect(parseTarget(text)).toMatchObject({ host, port });
});

test.each(['10024', '127.0.0.1', 'unix:/run/x', '127.0.0.1:0', '127.0.0.1:70000', ''])(
  '%j is no target',
  (text) => {
    expect(parseTarget(text)).toBeUndefined();
  },
);
