/** Trouble on the way back from the filter: which port it is about, and what is wrong there. */
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/trace/trace.js';
import { diagnosed } from './helpers.js';

function onlyProblem(lines: readonly string[]): Problem {
  const problems = diagnosed(lines).traces.flatMap((trace) => trace.problems);
  expect(problems.map(({ code }) => code)).toHaveLength(1);
  const [problem] = problems;
  if (problem === undefined) throw new Error('no problem');
  return problem;
}

describe('a second MTA behind the filter that is down', () => {
  const lines = [
    'Nov 23 20:25:24 mail postfix/smtpd[522]: EFC8421E402: client=client.outside.example[127.0.0.2]',
    'Nov 23 20:25:25 mail postfix/cleanup[538]: EFC8421E402: message-id=<TMWTPTDKH00030@outside.example>',
    'Nov 23 20:25:25 mail postfix/qmgr[521]: EFC8421E402: from=<sender@outside.example>, size=505, nrcpt=2 (queue active)',
    'Nov 23 20:25:25 mail postfix/smtpd[545]: 1E87B21E2C3: client=localhost[127.0.0.1]',
    'Nov 23 20:25:25 mail postfix/cleanup[538]: 1E87B21E2C3: message-id=<TMWTPTDKH00030@outside.example>',
    'Nov 23 20:25:25 mail postfix/qmgr[521]: 1E87B21E2C3: from=<sender@outside.example>, size=1020, nrcpt=1 (queue active)',
    "Nov 23 20:25:25 mail amavis[529]: (00529-02) (!)connect to [127.0.0.1]:10099 failed, attempt #1: Can't connect to socket [127.0.0.1]:10099 using module IO::Socket::IP: Connection refused",
    'Nov 23 20:25:25 mail amavis[529]: (00529-02) (!)0wqOqrBC3vne FWD from <sender@outside.example> -> <x@relay.example.net>,  451 4.5.0 From MTA() during fwd-connect (All attempts (1) failed connecting to smtp:[127.0.0.1]:10099): id=00529-02',
    'Nov 23 20:25:25 mail amavis[529]: (00529-02) Passed MTA-BLOCKED {RelayedInbound,TempFailedOpenRelay}, [127.0.0.2]:41297 <sender@outside.example> -> <bob@example.com>, Queue-ID: EFC8421E402, Message-ID: <TMWTPTDKH00030@outside.example>, mail_id: 0wqOqrBC3vne, Hits: 0, size: 505, queued_as: 1E87B21E2C3, 84 ms',
    'Nov 23 20:25:25 mail amavis[529]: (00529-02) Blocked MTA-BLOCKED {RelayedInbound,TempFailedOpenRelay}, [127.0.0.2]:41297 <sender@outside.example> -> <x@relay.example.net>, Queue-ID: EFC8421E402, Message-ID: <TMWTPTDKH00030@outside.example>, mail_id: 0wqOqrBC3vne, Hits: 0, size: 505, 84 ms',
    'Nov 23 20:25:25 mail postfix/lmtp[539]: EFC8421E402: to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.15, delays=0.05/0.01/0.01/0.08, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 1E87B21E2C3)',
    'Nov 23 20:25:25 mail postfix/lmtp[539]: EFC8421E402: to=<x@relay.example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.15, delays=0.05/0.01/0.01/0.08, dsn=4.5.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.5.0 id=00529-02 - Temporary MTA failure on relaying, From MTA() during fwd-connect (All attempts (1) failed connecting to smtp:[127.0.0.1]:10099): id=00529-02 (in reply to end of DATA command))',
    'Nov 23 20:25:25 mail postfix/local[546]: 1E87B21E2C3: to=<bob@example.com>, relay=local, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 20:25:25 mail postfix/qmgr[521]: 1E87B21E2C3: removed',
  ];

  it('is told with its own port, not the usual one', () => {
    const { code, summary, fix } = onlyProblem(lines);
    expect(code).toBe('reinject-refused');
    expect(summary).toContain(':10099');
    expect(fix).toContain('10099');
    expect(fix).not.toContain('10025');
  });
});

describe('a listener whose certificate amavis does not trust', () => {
  it('is trouble with TLS, not an error inside amavis', () => {
    const { code, explains } = onlyProblem([
      'Nov 23 20:20:41 mail postfix/smtpd[276]: 04B4A21E39E: client=client.outside.example[127.0.0.2]',
      'Nov 23 20:20:41 mail postfix/cleanup[293]: 04B4A21E39E: message-id=<TMWTPNAF000011@outside.example>',
      'Nov 23 20:20:41 mail postfix/qmgr[275]: 04B4A21E39E: from=<sender@outside.example>, size=670, nrcpt=1 (queue active)',
      'Nov 23 20:20:41 mail amavis[284]: (00284-01) (!!)Upgrading socket to TLS failed (in ssl_upgrade): SSL connect attempt failed error:0A000086:SSL routines::certificate verify failed\\n',
      'Nov 23 20:20:41 mail amavis[284]: (00284-01) (!)hxHZwNelxWHm FWD from <sender@outside.example> -> <alice@example.com>,  451 4.5.0 From MTA() during fwd-connect (Error upgrading output socket to TLS: SSL connect attempt failed error:0A000086:SSL routines::certificate verify failed at /usr/share/perl5/Amavis/IO/RW.pm line 512.): id=00284-01',
      'Nov 23 20:20:41 mail amavis[284]: (00284-01) Blocked MTA-BLOCKED {TempFailedInbound}, [127.0.0.2]:36371 <sender@outside.example> -> <alice@example.com>, Queue-ID: 04B4A21E39E, Message-ID: <TMWTPNAF000011@outside.example>, mail_id: hxHZwNelxWHm, Hits: 0, size: 670, 242 ms',
      'Nov 23 20:20:41 mail postfix/lmtp[294]: 04B4A21E39E: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.3, delays=0.05/0.01/0.08/0.16, dsn=4.5.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.5.0 id=00284-01 - Temporary MTA failure on relaying, From MTA() during fwd-connect (Error upgrading output socket to TLS: SSL connect attempt failed error:0A000086:SSL routines::certificate verify failed at /usr/share/perl5/Amavis/IO/RW.pm line 512.): id=00284-01 (in reply to end of DATA command))',
    ]);
    expect(code).toBe('reinject-tls');
    expect(explains).not.toContain('amavis-tempfail-generic');
  });
});

describe('a listener with a blank in an option', () => {
  it('is told by what smtpd says of it, not by its dying again and again', () => {
    const { code, evidence, explains } = onlyProblem([
      'Dec 27 12:55:50 mail postfix/smtpd[11240]: 79B0F220672: client=mail-wm0-f54.example.net[192.0.2.54]',
      'Dec 27 12:55:50 mail postfix/cleanup[11244]: 79B0F220672: message-id=<x1@example.net>',
      'Dec 27 12:55:50 mail postfix/qmgr[11230]: 79B0F220672: from=<e@example.net>, size=2500, nrcpt=1 (queue active)',
      'Dec 27 12:55:55 mail postfix/smtpd[12999]: fatal: unexpected command-line argument: reject',
      'Dec 27 12:55:56 mail postfix/master[12946]: warning: process /usr/lib/postfix/smtpd pid 12999 exit status 1',
      'Dec 27 12:55:56 mail postfix/master[12946]: warning: /usr/lib/postfix/smtpd: bad command startup -- throttling',
      'Dec 27 12:55:56 mail amavis[11249]: (11249-03) (!)FWD from <e@example.net> -> <f@example.com>, 451 4.5.0 From MTA() during fwd-connect (Negative greeting:  at (eval 134) line 479.): id=11249-03',
      'Dec 27 12:55:56 mail amavis[11249]: (11249-03) Blocked MTA-BLOCKED {TempFailedInbound}, [192.0.2.54]:37117 <e@example.net> -> <f@example.com>, Queue-ID: 79B0F220672, Message-ID: <x1@example.net>, mail_id: abcdefghijkl, Hits: -, size: 2500, 60000 ms',
      'Dec 27 12:55:56 mail postfix/smtp[12000]: 79B0F220672: to=<f@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=6, delays=0.1/0/0/6, dsn=4.5.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.5.0 From MTA() during fwd-connect (Negative greeting:  at (eval 134) line 479.): id=11249-03 (in reply to end of DATA command))',
    ]);
    expect(code).toBe('smtpd-argument');
    expect(evidence.join()).toContain('unexpected command-line argument: reject');
    expect(explains).toEqual(expect.arrayContaining(['reinject-busy']));
  });
});

describe('what the way back answered is told once', () => {
  const told = (reply: string, note = ''): readonly string[] => [
    'Nov 23 20:25:24 mail postfix/smtpd[522]: EFC8421E402: client=client.outside.example[127.0.0.2]',
    'Nov 23 20:25:25 mail postfix/cleanup[538]: EFC8421E402: message-id=<TM3@outside.example>',
    'Nov 23 20:25:25 mail postfix/qmgr[521]: EFC8421E402: from=<sender@outside.example>, size=505, nrcpt=1 (queue active)',
    ...(note === '' ? [] : [`Nov 23 20:25:25 mail amavis[529]: (00529-02) (!)${note}`]),
    'Nov 23 20:25:25 mail amavis[529]: (00529-02) Blocked MTA-BLOCKED {TempFailedInbound}, [127.0.0.2]:41297 <sender@outside.example> -> <bob@example.com>, Queue-ID: EFC8421E402, mail_id: 0wqOqrBC3vne, Hits: 0, size: 505, 84 ms',
    `Nov 23 20:25:25 mail postfix/smtp[539]: EFC8421E402: to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.15, delays=0.05/0.01/0.01/0.08, dsn=${reply.slice(4, 9)}, status=${reply.startsWith('5') ? 'bounced' : 'deferred'} (host 127.0.0.1[127.0.0.1] said: ${reply.slice(0, 9)} id=00529-02 - ${reply.startsWith('5') ? 'Rejected by next-hop MTA' : 'Temporary MTA failure'} on relaying, from MTA(smtp:[127.0.0.1]:10025): ${reply} (in reply to end of DATA command))`,
  ];

  it.each([
    [
      'reinject-relay-denied',
      '454 4.7.1 <bob@example.com>: Relay access denied',
      'smtp resp to RCPT (pip) (<bob@example.com>): 454 4.7.1 <bob@example.com>: Relay access denied',
    ],
    [
      'reinject-bailout-esmtp',
      '450 4.2.0 <bob@example.com>: Recipient address rejected: Greylisted',
      'mail_via_smtp: NOTICE: aborting SMTP session, Bail out, DATA accepted but tempfailed recips, not an LMTP input: 450 4.2.0 <bob@example.com>: Recipient address rejected: Greylisted',
    ],
    ['reinject-too-big', '552 5.3.4 Message size exceeds fixed limit', ''],
    [
      'reinject-user-unknown',
      '550 5.1.1 <bob@example.com>: Recipient address rejected: undeliverable address: unknown user: "bob"',
      '',
    ],
  ])('as %s', (code, reply, note) => {
    expect(onlyProblem(told(reply, note)).code).toBe(code);
  });

  it('and not as a bounce while the mail waits', () => {
    const { summary } = onlyProblem(told('454 4.7.1 <bob@example.com>: Relay access denied'));
    expect(summary).not.toContain('bounced');
  });
});
