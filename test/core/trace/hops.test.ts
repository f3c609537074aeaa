/** The path as hops: what the lines tell of it, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/core/trace/trace.js';
import { SAMPLES } from '../../support/cli.js';
import { tracesOf } from '../../support/core.js';

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
  const lines = [
    'Nov 23 20:22:38 mail postfix/smtpd[327]: NOQUEUE: client=client.outside.example[127.0.0.2]',
    'Nov 23 20:22:38 mail postfix/afterproxy/smtpd[355]: 1DDCD21E4C7: client=localhost[127.0.0.1]',
    'Nov 23 20:22:38 mail postfix/cleanup[356]: 1DDCD21E4C7: message-id=<TMWTPPSR700013@outside.example>',
    'Nov 23 20:22:38 mail postfix/qmgr[326]: 1DDCD21E4C7: from=<sender@outside.example>, size=1189, nrcpt=1 (queue active)',
    'Nov 23 20:22:38 mail amavis[334]: (00334-02) Passed SPAM {DiscardedInbound,RelayedTaggedInbound,Quarantined}, TWO [127.0.0.2]:41381 <sender@outside.example> -> <frank@example.com>, quarantine: N/spam-NaGLPoStDLaY.gz, Message-ID: <TMWTPPSR700013@outside.example>, mail_id: NaGLPoStDLaY, Hits: 1000, size: 540, queued_as: 1DDCD21E4C7, 88 ms',
    'Nov 23 20:22:38 mail amavis[334]: (00334-02) Blocked SPAM {DiscardedInbound,RelayedTaggedInbound,Quarantined}, TWO [127.0.0.2]:41381 <sender@outside.example> -> <alice@example.com>, quarantine: N/spam-NaGLPoStDLaY.gz, Message-ID: <TMWTPPSR700013@outside.example>, mail_id: NaGLPoStDLaY, Hits: 1000, size: 540, 88 ms',
    'Nov 23 20:22:38 mail postfix/smtpd[327]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 from MTA(smtp:[127.0.0.1]:10027): 250 2.0.0 Ok: queued as 1DDCD21E4C7, but 1 DISCARD; from=<sender@outside.example> to=<frank@example.com> proto=ESMTP helo=<client.outside.example>',
    'Nov 23 20:22:38 mail postfix/smtpd[354]: 3357121E4C9: client=localhost[127.0.0.1]',
    'Nov 23 20:22:38 mail postfix/cleanup[348]: 3357121E4C9: message-id=<TMWTPPSR700013@outside.example>',
    'Nov 23 20:22:38 mail postfix/qmgr[326]: 3357121E4C9: from=<sender@outside.example>, size=1642, nrcpt=1 (queue active)',
    'Nov 23 20:22:38 mail postfix/local[357]: 3357121E4C9: to=<frank@example.com>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 20:22:38 mail postfix/qmgr[326]: 3357121E4C9: removed',
    'Nov 23 20:22:38 mail amavis[336]: (00336-03) Passed SPAM {RelayedTaggedInbound,Quarantined}, [127.0.0.1]:41684 <sender@outside.example> -> <frank@example.com>, quarantine: S/spam-SqL3dzZJ0Dti.gz, Queue-ID: 1DDCD21E4C7, Message-ID: <TMWTPPSR700013@outside.example>, mail_id: SqL3dzZJ0Dti, Hits: 1000, size: 1189, queued_as: 3357121E4C9, 90 ms',
    'Nov 23 20:22:38 mail postfix/lmtp[349]: 1DDCD21E4C7: to=<frank@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.09, delays=0/0/0/0.09, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 3357121E4C9)',
    'Nov 23 20:22:38 mail postfix/qmgr[326]: 1DDCD21E4C7: removed',
  ];

  it('is blocked there and goes on, as it is where Postfix feeds the filter', () => {
    const [trace] = tracesOf(lines);
    expect(trace?.hops.slice(0, 4).map(({ stage, outcome }) => [stage, outcome])).toEqual([
      ['receive', 'ok'],
      ['filter', 'blocked'],
      ['filter', 'ok'],
      ['reinject', 'ok'],
    ]);
  });
});
