/** The path as hops: what the lines tell of it, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/core/trace/trace.js';
import { SAMPLES } from '../../support/cli.js';
import { tracesOf } from '../../support/core.js';
import { KEPT_FROM_SOME } from '../../support/kept-from-some.js';

function sample(name: string): string[] {
  return readFileSync(join(SAMPLES, name, 'maillog'), 'utf8')
    .split('\n')
    .filter(Boolean);
}

const ports = (trace: Trace | undefined) =>
  trace?.hops.map(({ stage, service, port }) =>
    [stage, service, port].filter((part) => part !== null).join(':'),
  );

describe('the port at which mail came back', () => {
  const lines = sample('pass_lmtp').filter((line) => !line.includes('amavis['));
  const moved = lines.map((line) => line.replaceAll(']:10025)', ']:10030)'));
  const silent = sample('pass_lmtp').filter((line) => !line.includes('MTA(smtp:'));

  it('is the one that the filter’s reply names', () => {
    expect(ports(tracesOf(lines)[0])).toContain('reinject:smtpd:10025');
    expect(ports(tracesOf(moved)[0])).toContain('reinject:smtpd:10030');
  });

  it('is not known where no line tells', () => {
    expect(ports(tracesOf(silent)[0])).toContain('reinject:smtpd');
  });

  it('is what the user or the service’s own name says then', () => {
    expect(ports(tracesOf(silent, { reinjections: ['127.0.0.1:10026'] })[0])).toContain(
      'reinject:smtpd:10026',
    );
    const named = silent.map((line) =>
      line.includes('client=localhost')
        ? line.replace('postfix/smtpd', 'postfix/localhost:10027/smtpd')
        : line,
    );
    expect(ports(tracesOf(named)[0])).toContain('reinject:smtpd:10027');
  });
});

describe('what amavis sends of its own', () => {
  it('came in where it gives mail back, whatever port that is: a notice', () => {
    const notices = (options = {}) =>
      tracesOf(sample('verdicts'), options).filter(({ parent }) => parent !== null);
    expect(notices().length).toBeGreaterThan(0);
    for (const notice of notices()) expect(ports(notice)?.[0]).toBe('receive:smtpd');
    for (const notice of notices({ reinjections: ['127.0.0.1:10025'] }))
      expect(ports(notice)?.[0]).toBe('receive:smtpd:10025');
  });

  it('came in there, too: a release from quarantine', () => {
    const released = tracesOf(sample('release')).find(({ origin }) => origin === 'release');
    expect(ports(released)).toEqual(['receive:amavis', 'reinject:smtpd', 'queue:qmgr', 'deliver:local']);
  });
});

it.each(['split_policy', 'pass_lmtp', 'filter_slow', 'reinject_down'])(
  'no hop begins before its message where stamps are whole seconds: %s',
  (name) => {
    const early = tracesOf(sample(name)).flatMap(({ firstSeen, hops }) =>
      hops.filter(({ from }) => from < firstSeen),
    );
    expect(early).toEqual([]);
  },
);

describe('a filter that delivers by LMTP itself', () => {
  const lines = [
    'Nov 23 20:25:33 mail postfix/smtpd[644]: 3A38421E583: client=localhost[127.0.0.1]',
    'Nov 23 20:25:33 mail postfix/cleanup[666]: 3A38421E583: message-id=<SS7xV4QZc6Az6v@mail.example.com>',
    'Nov 23 20:25:33 mail postfix/qmgr[643]: 3A38421E583: from=<>, size=3223, nrcpt=1 (queue active)',
    'Nov 23 20:25:33 mail amavis[651]: (00651-02-2) Blocked MTA-BLOCKED {RejectedOpenRelay}, [127.0.0.1]:40734 <> -> <sender@outside.example>, Queue-ID: 3A38421E583, Message-ID: <SS7xV4QZc6Az6v@mail.example.com>, mail_id: Nj0kGeg_wgsj, Hits: 0, size: 3223, 90 ms',
    "Nov 23 20:25:35 mail postfix/lmtp[667]: 3A38421E583: to=<sender@outside.example>, relay=127.0.0.1[127.0.0.1]:10024, conn_use=2, delay=0.09, delays=0/0/0/0.09, dsn=5.1.1, status=bounced (host 127.0.0.1[127.0.0.1] said: 550 5.1.1 id=00651-02-2 - Rejected by next-hop MTA on relaying, from MTA(lmtp:[127.0.0.1]:2400): 550 5.1.1 <sender@outside.example> User doesn't exist: sender@outside.example (in reply to end of DATA command))",
    'Nov 23 20:25:35 mail postfix/qmgr[643]: 3A38421E583: removed',
  ];

  it('does not give its notices to Postfix at the mailboxes’ port', () => {
    expect(ports(tracesOf(lines)[0])?.[0]).toBe('receive:smtpd');
  });
});

describe('mail that qmqpd takes', () => {
  const lines = [
    'Nov 23 20:33:30 mail postfix/qmqpd[490]: 1C9B821E4A4: client=localhost[127.0.0.1]',
    'Nov 23 20:33:30 mail postfix/cleanup[478]: 1C9B821E4A4: message-id=<TQMWTQ3RW200001@outside.example>',
    'Nov 23 20:33:30 mail postfix/qmgr[462]: 1C9B821E4A4: from=<sender@outside.example>, size=360, nrcpt=1 (queue active)',
    'Nov 23 20:33:30 mail postfix/local[491]: 1C9B821E4A4: to=<carol@example.com>, relay=local, delay=0.01, delays=0.01/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 20:33:30 mail postfix/qmgr[462]: 1C9B821E4A4: removed',
  ];

  it('has its beginning, its client and its port', () => {
    const [trace] = tracesOf(lines);
    expect(trace).toMatchObject({ origin: 'qmqpd', complete: true, client: { address: '127.0.0.1' } });
    expect(ports(trace)).toEqual(['receive:qmqpd:628', 'queue:qmgr', 'deliver:local']);
  });
});

describe('a message that the filter before the queue keeps from some', () => {
  it('is blocked there and goes on, as it is where Postfix feeds the filter', () => {
    const [trace] = tracesOf(KEPT_FROM_SOME);
    expect(trace?.hops.slice(0, 4).map(({ stage, outcome }) => [stage, outcome])).toEqual([
      ['receive', 'ok'],
      ['filter', 'blocked'],
      ['filter', 'ok'],
      ['reinject', 'ok'],
    ]);
  });
});

describe('an id that smtpd gave and no other program wrote of', () => {
  // sendmail -bs: pickup gives the message another id, and no line tells which.
  const bySendmail = [
    'Nov 23 23:49:12 mail postfix/smtpd[353]: connect from localhost[127.0.0.1]',
    'Nov 23 23:49:12 mail postfix/smtpd[353]: BF3C72285A8: client=localhost[127.0.0.1]',
    'Nov 23 23:49:12 mail postfix/pickup[163]: BF7292285B4: uid=0 from=<root@example.com>',
    'Nov 23 23:49:12 mail postfix/cleanup[218]: BF7292285B4: message-id=<bs1@x>',
    'Nov 23 23:49:12 mail postfix/qmgr[164]: BF7292285B4: from=<root@example.com>, size=386, nrcpt=1 (queue active)',
    'Nov 23 23:49:12 mail postfix/smtpd[353]: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5',
  ];

  it('was never in the queue, and is not joined by its time alone', () => {
    const [announced, message, ...others] = tracesOf(bySendmail);
    expect(others).toEqual([]);
    expect(announced).toMatchObject({ state: null, stuck: false, queueIds: ['BF3C72285A8'] });
    expect(ports(announced)).toEqual(['receive:smtpd:25']);
    expect(ports(message)).toEqual(['receive:pickup', 'queue:qmgr']);
  });
});

describe('a second filter, a proxy that passes on what the way back replies', () => {
  const head = 'Nov 23 23:49:52 mail postfix';
  const [q1, q2, q3] = ['66E3222860D', 'D5839228611', 'DB2D6228615'];
  const proxied = [
    `${head}/smtpd[686]: ${q1}: client=office.outside.example[127.0.0.3]`,
    `${head}/cleanup[727]: ${q1}: message-id=<x0t089kmwl@x>`,
    `${head}/qmgr[685]: ${q1}: from=<s@outside.example>, size=224, nrcpt=1 (queue active)`,
    `${head}/smtpd[731]: ${q2}: client=localhost[127.0.0.1]`,
    `${head}/cleanup[727]: ${q2}: message-id=<x0t089kmwl@x>`,
    `${head}/qmgr[685]: ${q2}: from=<s@outside.example>, size=928, nrcpt=1 (queue active)`,
    `${head}/lmtp[728]: ${q1}: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.52, delays=0.42/0.01/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${q2})`,
    `${head}/qmgr[685]: ${q1}: removed`,
    `${head}/smtpd[733]: ${q3}: client=localhost[127.0.0.1], orig_queue_id=${q2}, orig_client=localhost[127.0.0.1]`,
    `${head}/cleanup[727]: ${q3}: message-id=<x0t089kmwl@x>`,
    `${head}/qmgr[685]: ${q3}: from=<s@outside.example>, size=1108, nrcpt=1 (queue active)`,
    `${head}/smtp[732]: ${q2}: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10026, delay=0.03, delays=0/0.01/0.01/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ${q3})`,
    `${head}/qmgr[685]: ${q2}: removed`,
    `${head}/local[734]: ${q3}: to=<alice@example.com>, relay=local, delay=0.01, delays=0/0.01/0/0, dsn=2.0.0, status=sent (delivered to maildir)`,
    `${head}/qmgr[685]: ${q3}: removed`,
  ];
  const first = ['receive:smtpd:25', 'queue:qmgr', 'filter:lmtp:10024', 'reinject:smtpd:10025', 'queue:qmgr'];

  it('is a hop of its own, also without XFORWARD; where it gives mail back is not known', () => {
    for (const lines of [proxied, proxied.map((line) => line.replace(/, orig_queue_id=.*/, ''))]) {
      const [trace, ...others] = tracesOf(lines);
      expect(others).toEqual([]);
      expect(trace).toMatchObject({ state: 'delivered', complete: true, queueIds: [q1, q2, q3] });
      expect(ports(trace)).toEqual([
        ...first,
        'filter:smtp:10026',
        'reinject:smtpd',
        'queue:qmgr',
        'deliver:local',
      ]);
    }
  });

  it('is none where another instance has the message then', () => {
    const passed = proxied.map((line) =>
      line.includes(`${q3}: `)
        ? line
            .replace('postfix/', 'postfix-out/')
            .replace('qmgr[685]', 'qmgr[885]')
            .replace(/, orig_queue_id=.*/, '')
        : line,
    );
    expect(ports(tracesOf(passed)[0])).toEqual([
      ...first,
      'deliver:smtp:10026',
      'receive:smtpd:25',
      'queue:qmgr',
      'deliver:local',
    ]);
  });
});
