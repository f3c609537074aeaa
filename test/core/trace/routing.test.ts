/** What becomes of recipients where access maps, header checks and local aliases send the mail other ways. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/core/trace/trace.js';
import { tracesOf } from '../../support/core.js';

const statesOf = (trace: Trace | undefined) =>
  trace?.recipients.map(({ address, originalTo, state }) => [address, originalTo, state]);

// mixed: alice, "|/etc/postfix/fail.sh", x@relay.example.net, bob
const mixed = [
  'Nov 23 14:49:57 mail postfix/smtpd[494]: 0A381224B20: client=localhost[127.0.0.1]',
  'Nov 23 14:49:57 mail postfix/cleanup[498]: 0A381224B20: message-id=<TMWTDTX9B00016@outside.example>',
  'Nov 23 14:49:57 mail amavis[449]: (00449-02-2) Passed CLEAN {RelayedInbound}, [127.0.0.2]:45905 <sender@outside.example> -> <mixed@example.com>, Queue-ID: 1DA31224B13, Message-ID: <TMWTDTX9B00016@outside.example>, mail_id: LHtx3eLj1FtX, Hits: 1, size: 487, queued_as: 0A381224B20, 113 ms',
  'Nov 23 14:49:57 mail postfix/lmtp[485]: 1DA31224B13: to=<mixed@example.com>, relay=127.0.0.1[127.0.0.1]:10024, conn_use=2, delay=1.9, delays=0.04/1.8/0/0.11, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 0A381224B20)',
  'Nov 23 14:49:57 mail postfix/qmgr[442]: 0A381224B20: from=<sender@outside.example>, size=1069, nrcpt=1 (queue active)',
  'Nov 23 14:49:57 mail postfix/local[501]: 0A381224B20: to=<alice@mail.example.com>, orig_to=<mixed@example.com>, relay=local, delay=0.02, delays=0.01/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 14:49:57 mail postfix/local[501]: 0A381224B20: to=<mixed@example.com>, relay=local, delay=0.06, delays=0.01/0/0/0.05, dsn=5.1.1, status=bounced (user unknown. Command output: no such list (really, status=sent) )',
  'Nov 23 14:49:57 mail postfix/local[501]: 0A381224B20: to=<bob@mail.example.com>, orig_to=<mixed@example.com>, relay=local, delay=0.06, delays=0.01/0/0/0.05, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 14:49:57 mail postfix/cleanup[499]: 18B15224B16: message-id=<TMWTDTX9B00016@outside.example>',
  'Nov 23 14:49:57 mail postfix/local[501]: 0A381224B20: to=<mixed@example.com>, relay=local, delay=0.06, delays=0.01/0/0/0.05, dsn=2.0.0, status=sent (forwarded as 18B15224B16)',
  'Nov 23 14:49:57 mail postfix/qmgr[442]: 18B15224B16: from=<sender@outside.example>, size=1199, nrcpt=1 (queue active)',
  'Nov 23 14:49:57 mail postfix/bounce[507]: 0A381224B20: sender non-delivery notification: 19A63224B46',
  'Nov 23 14:49:57 mail postfix/qmgr[442]: 0A381224B20: removed',
  'Nov 23 14:49:57 mail postfix/smtp[502]: 18B15224B16: to=<x@relay.example.net>, orig_to=<mixed@example.com>, relay=127.0.0.1[127.0.0.1]:2602, delay=0.23, delays=0/0/0.22/0.01, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as SINK000011)',
  'Nov 23 14:49:57 mail postfix/qmgr[442]: 18B15224B16: removed',
];

describe('an alias of several parts that local(8) logs under its own name', () => {
  it('has bounced where its command failed, though another part was forwarded', () => {
    const [trace] = tracesOf(mixed);
    expect(trace?.state).toBe('partial');
    expect(statesOf(trace)).toEqual([
      ['alice@mail.example.com', 'mixed@example.com', 'delivered'],
      ['x@relay.example.net', 'mixed@example.com', 'relayed'],
      ['mixed@example.com', null, 'bounced'],
      ['bob@mail.example.com', 'mixed@example.com', 'delivered'],
    ]);
  });

  it('was delivered where its command succeeded', () => {
    const worked = mixed.map((line) =>
      line.replace(/dsn=5.1.1, status=bounced .*/, 'dsn=2.0.0, status=sent (delivered to command: /bin/log)'),
    );
    expect(statesOf(tracesOf(worked)[0])).toContainEqual(['mixed@example.com', null, 'delivered']);
  });

  it('waits while one of its commands is to be tried again', () => {
    const forAlice = mixed.find((line) => line.includes('to=<alice@')) ?? '';
    const worked = forAlice.replace(/<alice@.*orig_to=/, '');
    const failed = worked
      .replace('delay=0.02', 'delay=0.04')
      .replace(/dsn=2.*/, 'dsn=4.3.0, status=deferred (temporary failure. Command output: try later )');
    const waiting = [...mixed.slice(0, mixed.indexOf(forAlice)), worked, failed];
    expect(statesOf(tracesOf(waiting)[0])).toEqual([['mixed@example.com', null, 'deferred']]);
    const gone = mixed.filter((line) => line.endsWith('0A381224B20: removed'));
    expect(statesOf(tracesOf([...waiting, ...gone])[0])).toEqual([['mixed@example.com', null, 'delivered']]);
  });
});

const redirected = [
  'Nov 23 14:50:56 mail postfix/smtpd[361]: C69CA2285DD: client=client.outside.example[127.0.0.2]',
  'Nov 23 14:50:56 mail postfix/cleanup[400]: C69CA2285DD: redirect: header Subject: h-REDIRECT from client.outside.example[127.0.0.2]; from=<sender@outside.example> to=<bob@example.com> proto=ESMTP helo=<client.outside.example>: carol@example.com',
  'Nov 23 14:50:56 mail postfix/cleanup[400]: C69CA2285DD: message-id=<TMWTDV8VE00010@outside.example>',
  'Nov 23 14:50:56 mail postfix/qmgr[359]: C69CA2285DD: from=<sender@outside.example>, size=485, nrcpt=2 (queue active)',
  'Nov 23 14:50:56 mail postfix/local[404]: C69CA2285DD: to=<carol@example.com>, orig_to=<alice@example.com>, relay=local, delay=0.11, delays=0.01/0.08/0/0.02, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 14:50:56 mail postfix/qmgr[359]: C69CA2285DD: removed',
];

describe('a message that a REDIRECT sent to somebody else', () => {
  it('was for whom it was delivered to, not for the last one that the action’s line names', () => {
    const [trace] = tracesOf(redirected);
    expect(trace).toMatchObject({ state: 'delivered', complete: true });
    expect(statesOf(trace)).toEqual([['carol@example.com', 'alice@example.com', 'delivered']]);
  });

  it('is for those that lines name as long as none tells of a delivery', () => {
    expect(statesOf(tracesOf(redirected.slice(0, 4))[0])).toEqual([['bob@example.com', null, 'queued']]);
  });
});

const filtered = [
  'Nov 23 14:51:29 mail postfix/smtpd[1148]: NOQUEUE: filter: RCPT from office.outside.example[127.0.0.3]: <office.outside.example[127.0.0.3]>: Client host triggers FILTER amavisfeed:[127.0.0.1]:10024; from=<sender@outside.example> to=<team@example.com> proto=ESMTP helo=<client.outside.example>',
  'Nov 23 14:51:29 mail postfix/smtpd[1148]: 1DA4B2283A1: client=office.outside.example[127.0.0.3]',
  'Nov 23 14:51:29 mail postfix/smtpd[1148]: 1DA4B2283A1: filter: RCPT from office.outside.example[127.0.0.3]: <office.outside.example[127.0.0.3]>: Client host triggers FILTER amavisfeed:[127.0.0.1]:10024; from=<sender@outside.example> to=<nosuch@example.com> proto=ESMTP helo=<client.outside.example>',
  'Nov 23 14:51:29 mail postfix/smtpd[1148]: 1DA4B2283A1: reject: RCPT from office.outside.example[127.0.0.3]: 550 5.1.1 <nosuch@example.com>: Recipient address rejected: User unknown in local recipient table; from=<sender@outside.example> to=<nosuch@example.com> proto=ESMTP helo=<client.outside.example>',
  'Nov 23 14:51:29 mail postfix/cleanup[1146]: 1DA4B2283A1: message-id=<TMWTDVXST00067@outside.example>',
  'Nov 23 14:51:29 mail postfix/qmgr[1110]: 1DA4B2283A1: from=<sender@outside.example>, size=509, nrcpt=1 (queue active)',
  'Nov 23 14:51:29 mail postfix/smtpd[1011]: 6173422877E: client=localhost[127.0.0.1]',
  'Nov 23 14:51:29 mail postfix/cleanup[1156]: 6173422877E: message-id=<TMWTDVXST00067@outside.example>',
  'Nov 23 14:51:29 mail postfix/qmgr[1110]: 6173422877E: from=<sender@outside.example>, size=1067, nrcpt=1 (queue active)',
  'Nov 23 14:51:29 mail postfix/local[1149]: 6173422877E: to=<alice@mail.example.com>, orig_to=<team@example.com>, relay=local, delay=0.03, delays=0.03/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 14:51:29 mail amavis[910]: (00910-04) Passed CLEAN {RelayedInbound}, [127.0.0.3]:38655 <sender@outside.example> -> <team@example.com>, Queue-ID: 1DA4B2283A1, Message-ID: <TMWTDVXST00067@outside.example>, mail_id: G24FXDsKc5tn, Hits: 0, size: 509, queued_as: 6173422877E, 272 ms',
  'Nov 23 14:51:29 mail postfix/lmtp[1153]: 1DA4B2283A1: to=<team@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.32, delays=0.03/0.02/0/0.27, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 6173422877E)',
  'Nov 23 14:51:29 mail postfix/qmgr[1110]: 6173422877E: removed',
  'Nov 23 14:51:29 mail postfix/qmgr[1110]: 1DA4B2283A1: removed',
];

describe('a recipient whom an access map’s FILTER line names', () => {
  it('is rejected when the next line refuses it', () => {
    const [trace] = tracesOf(filtered);
    expect(trace).toMatchObject({ state: 'partial', complete: true });
    expect(statesOf(trace)).toEqual([
      ['alice@mail.example.com', 'team@example.com', 'delivered'],
      ['nosuch@example.com', null, 'rejected'],
    ]);
  });
});

// Fed by SMTP: one reply for both, though amavis blocked one of them.
const halfBlocked = [
  'Nov 23 15:09:53 mail postfix/smtpd[802]: B1D03228115: client=client.outside.example[127.0.0.2]',
  'Nov 23 15:09:53 mail postfix/cleanup[842]: B1D03228115: message-id=<TMWTEJM4F00032@outside.example>',
  'Nov 23 15:09:53 mail postfix/qmgr[801]: B1D03228115: from=<sender@outside.example>, size=554, nrcpt=2 (queue active)',
  'Nov 23 15:09:54 mail postfix/smtpd[852]: 7169922810F: client=localhost[127.0.0.1]',
  'Nov 23 15:09:54 mail postfix/cleanup[842]: 7169922810F: message-id=<TMWTEJM4F00032@outside.example>',
  'Nov 23 15:09:54 mail postfix/qmgr[801]: 7169922810F: from=<sender@outside.example>, size=1203, nrcpt=1 (queue active)',
  'Nov 23 15:09:54 mail postfix/local[859]: 7169922810F: to=<frank@example.com>, relay=local, delay=0.02, delays=0.01/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 15:09:54 mail postfix/qmgr[801]: 7169922810F: removed',
  'Nov 23 15:09:54 mail amavis[807]: (00807-03-4) Passed SPAM {BouncedInbound,RelayedTaggedInbound,Quarantined}, [127.0.0.2]:38587 <sender@outside.example> -> <frank@example.com>, quarantine: y/spam-yak78A1uMAlz.gz, Queue-ID: B1D03228115, Message-ID: <TMWTEJM4F00032@outside.example>, mail_id: yak78A1uMAlz, Hits: 1000, size: 554, queued_as: 7169922810F, 146 ms',
  'Nov 23 15:09:54 mail amavis[807]: (00807-03-4) Blocked SPAM {BouncedInbound,RelayedTaggedInbound,Quarantined}, [127.0.0.2]:38587 <sender@outside.example> -> <erin@example.com>, quarantine: y/spam-yak78A1uMAlz.gz, Queue-ID: B1D03228115, Message-ID: <TMWTEJM4F00032@outside.example>, mail_id: yak78A1uMAlz, Hits: 1000, size: 554, 146 ms',
  'Nov 23 15:09:54 mail postfix/smtp[844]: B1D03228115: to=<erin@example.com>, relay=127.0.0.1[127.0.0.1]:10024, conn_use=4, delay=0.77, delays=0.02/0.6/0/0.15, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7169922810F, but 1 REJECT)',
  'Nov 23 15:09:54 mail postfix/smtp[844]: B1D03228115: to=<frank@example.com>, relay=127.0.0.1[127.0.0.1]:10024, conn_use=4, delay=0.77, delays=0.02/0.6/0/0.15, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7169922810F, but 1 REJECT)',
  'Nov 23 15:09:54 mail postfix/qmgr[801]: B1D03228115: removed',
];

// And here one for two that amavis gave back under an id each.
const twoWays = [
  'Nov 23 15:09:53 mail postfix/smtpd[802]: A088222810E: client=client.outside.example[127.0.0.2]',
  'Nov 23 15:09:53 mail postfix/cleanup[842]: A088222810E: message-id=<TMWTEJM2600027@outside.example>',
  'Nov 23 15:09:53 mail postfix/qmgr[801]: A088222810E: from=<sender@outside.example>, size=487, nrcpt=4 (queue active)',
  'Nov 23 15:09:53 mail postfix/smtpd[852]: C9E93228116: client=localhost[127.0.0.1]',
  'Nov 23 15:09:53 mail postfix/cleanup[842]: C9E93228116: message-id=<TMWTEJM2600027@outside.example>',
  'Nov 23 15:09:53 mail postfix/qmgr[801]: C9E93228116: from=<sender@outside.example>, size=1024, nrcpt=1 (queue active)',
  'Nov 23 15:09:53 mail postfix/smtpd[852]: CED1622811D: client=localhost[127.0.0.1]',
  'Nov 23 15:09:53 mail postfix/local[855]: C9E93228116: to=<carol@example.com>, relay=local, delay=0.03, delays=0.01/0.01/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 15:09:53 mail postfix/qmgr[801]: C9E93228116: removed',
  'Nov 23 15:09:53 mail postfix/cleanup[854]: CED1622811D: message-id=<TMWTEJM2600027@outside.example>',
  'Nov 23 15:09:53 mail postfix/qmgr[801]: CED1622811D: from=<sender@outside.example>, size=884, nrcpt=1 (queue active)',
  'Nov 23 15:09:53 mail amavis[807]: (00807-02) Passed CLEAN {RelayedInbound,RelayedOpenRelay}, [127.0.0.2]:35057 <sender@outside.example> -> <carol@example.com>,<x@relay.example.net>, Queue-ID: A088222810E, Message-ID: <TMWTEJM2600027@outside.example>, mail_id: ulywuyv9aYgu, Hits: 0, size: 487, queued_as: C9E93228116/CED1622811D, 191 ms',
  'Nov 23 15:09:53 mail postfix/smtp[844]: A088222810E: to=<carol@example.com>, orig_to=<all@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.22, delays=0.01/0.01/0/0.19, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as C9E93228116)',
  'Nov 23 15:09:53 mail postfix/smtp[844]: A088222810E: to=<x@relay.example.net>, orig_to=<all@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.22, delays=0.01/0.01/0/0.19, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as C9E93228116)',
  'Nov 23 15:09:53 mail postfix/qmgr[801]: A088222810E: removed',
  'Nov 23 15:09:54 mail postfix/smtp[860]: CED1622811D: to=<x@relay.example.net>, relay=127.0.0.1[127.0.0.1]:2602, delay=0.18, delays=0.02/0.02/0.1/0.03, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as SINK000009)',
  'Nov 23 15:09:54 mail postfix/qmgr[801]: CED1622811D: removed',
];

describe('recipients for whom the feed got one reply', () => {
  it('are blocked when the filter’s own line says so', () => {
    const [trace] = tracesOf(halfBlocked).filter(({ filter }) => filter.length > 0);
    expect(trace).toMatchObject({ state: 'partial', complete: true });
    expect(statesOf(trace)).toEqual([
      ['erin@example.com', null, 'blocked'],
      ['frank@example.com', null, 'delivered'],
    ]);
  });

  it('are each followed to the id that has them', () => {
    const [trace] = tracesOf(twoWays);
    expect(statesOf(trace)).toEqual([
      ['carol@example.com', 'all@example.com', 'delivered'],
      ['x@relay.example.net', 'all@example.com', 'relayed'],
    ]);
  });
});

const extended = [
  'Nov 23 15:15:12 mail postfix/smtpd[165]: C3A9222890B: client=client.outside.example[127.0.0.2]',
  'Nov 23 15:15:12 mail postfix/cleanup[214]: C3A9222890B: message-id=<TMWTEQGBK00002@outside.example>',
  'Nov 23 15:15:12 mail postfix/qmgr[164]: C3A9222890B: from=<sender@outside.example>, size=574, nrcpt=3 (queue active)',
  'Nov 23 15:15:13 mail postfix/smtpd[227]: 7228F2288FC: client=localhost[127.0.0.1]',
  'Nov 23 15:15:13 mail postfix/cleanup[214]: 7228F2288FC: message-id=<TMWTEQGBK00002@outside.example>',
  'Nov 23 15:15:13 mail postfix/qmgr[164]: 7228F2288FC: from=<sender@outside.example>, size=1198, nrcpt=3 (queue active)',
  'Nov 23 15:15:13 mail amavis[183]: (00183-02) Passed SPAM {RelayedTaggedInbound,Quarantined}, [127.0.0.2]:43913 <sender@outside.example> -> <alice@example.com>,<carol+x@example.com>, quarantine: n/spam-nopKjIoz_68k.gz, Queue-ID: C3A9222890B, Message-ID: <TMWTEQGBK00002@outside.example>, mail_id: nopKjIoz_68k, Hits: 1000, size: 574, queued_as: 7228F2288FC, 537 ms',
  'Nov 23 15:15:13 mail postfix/local[224]: 7228F2288FC: to=<alice+spam@example.com>, relay=local, delay=0.02, delays=0/0.01/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 15:15:13 mail postfix/local[224]: 7228F2288FC: to=<carol+spam@example.com>, relay=local, delay=0.02, delays=0/0.01/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 15:15:13 mail postfix/qmgr[164]: 7228F2288FC: removed',
  'Nov 23 15:15:13 mail postfix/lmtp[216]: C3A9222890B: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.69, delays=0.02/0.01/0.18/0.49, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7228F2288FC)',
  'Nov 23 15:15:13 mail postfix/lmtp[216]: C3A9222890B: to=<carol+x@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.69, delays=0.02/0.01/0.18/0.49, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7228F2288FC)',
  'Nov 23 15:15:13 mail postfix/qmgr[164]: C3A9222890B: removed',
];
const extendedAlias = [
  'Nov 23 15:15:13 mail postfix/smtpd[165]: 0328F228802: client=client.outside.example[127.0.0.2]',
  'Nov 23 15:15:13 mail postfix/cleanup[214]: 0328F228802: message-id=<TMWTEQGH900003@outside.example>',
  'Nov 23 15:15:13 mail postfix/qmgr[164]: 0328F228802: from=<sender@outside.example>, size=556, nrcpt=2 (queue active)',
  'Nov 23 15:15:13 mail postfix/smtpd[221]: 8715A22892E: client=localhost[127.0.0.1]',
  'Nov 23 15:15:13 mail postfix/cleanup[214]: 8715A22892E: message-id=<TMWTEQGH900003@outside.example>',
  'Nov 23 15:15:13 mail postfix/qmgr[164]: 8715A22892E: from=<sender@outside.example>, size=1208, nrcpt=1 (queue active)',
  'Nov 23 15:15:13 mail amavis[182]: (00182-02) Passed SPAM {RelayedTaggedInbound,RelayedOpenRelay,Quarantined}, [127.0.0.2]:41427 <sender@outside.example> -> <team@example.com>,<x@relay.example.net>, quarantine: h/spam-hyFtcVEkvVaW.gz, Queue-ID: 0328F228802, Message-ID: <TMWTEQGH900003@outside.example>, mail_id: hyFtcVEkvVaW, Hits: 1000, size: 556, queued_as: 8715A22892E/8B848228931, 131 ms',
  'Nov 23 15:15:13 mail postfix/lmtp[215]: 0328F228802: to=<team@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.57, delays=0/0.43/0.02/0.12, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 8715A22892E)',
  'Nov 23 15:15:13 mail postfix/lmtp[215]: 0328F228802: to=<x@relay.example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.57, delays=0/0.43/0.02/0.12, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 8B848228931)',
  'Nov 23 15:15:13 mail postfix/qmgr[164]: 0328F228802: removed',
  'Nov 23 15:15:13 mail postfix/local[228]: 8715A22892E: to=<carol@mail.example.com>, orig_to=<team+spam@example.com>, relay=local, delay=0.04, delays=0.02/0.01/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 15:15:13 mail postfix/qmgr[164]: 8715A22892E: removed',
];

describe('a recipient whose address the filter extends', () => {
  it('loses the extension that it had', () => {
    expect(statesOf(tracesOf(extended)[0])).toContainEqual([
      'carol+spam@example.com',
      'carol+x@example.com',
      'delivered',
    ]);
    expect(tracesOf(extended)[0]?.recipients).toHaveLength(2);
  });

  it('is not taken for another of the same mailbox', () => {
    const lost = extended
      .filter((line) => !line.includes('to=<carol+spam@'))
      .map((line) => line.replaceAll('alice@', 'carol+y@').replaceAll('alice+spam@', 'carol+y@'));
    expect(statesOf(tracesOf(lost)[0])).toEqual([
      ['carol+x@example.com', null, null],
      ['carol+y@example.com', null, 'delivered'],
    ]);
  });

  it('is known as the alias that was written to', () => {
    expect(statesOf(tracesOf(extendedAlias)[0])).toContainEqual([
      'carol@mail.example.com',
      'team@example.com',
      'delivered',
    ]);
  });
});

describe('a bounce that Postfix began and nobody wanted', () => {
  // archive@reject.example.net was added by always_bcc.
  const begun =
    'Nov 23 15:09:45 mail postfix/cleanup[694]: 4AB5722810D: message-id=<20261123150945.4AB5722810D@mail.example.com>';
  const active =
    'Nov 23 15:09:45 mail postfix/qmgr[189]: 4AB5722810D: from=<>, size=2894, nrcpt=1 (queue active)';

  it('is no message', () => {
    expect(tracesOf([begun])).toEqual([]);
  });

  it('is one once another line tells of it', () => {
    expect(tracesOf([begun, active])).toMatchObject([{ origin: 'internal', state: 'queued' }]);
    const sent = begun.replace('20261123150945.4AB5722810D@mail', 'T1@outside');
    expect(tracesOf([sent])).toHaveLength(1);
  });
});

describe('a message for two that a header check behind the filter redirects', () => {
  const lines = [
    'Nov 23 20:25:10 mail postfix/smtpd[324]: AF99121E4E8: client=client.outside.example[127.0.0.2]',
    'Nov 23 20:25:10 mail postfix/cleanup[327]: AF99121E4E8: message-id=<TMWTPT2K800009@outside.example>',
    'Nov 23 20:25:10 mail postfix/qmgr[323]: AF99121E4E8: from=<sender@outside.example>, size=480, nrcpt=2 (queue active)',
    'Nov 23 20:25:10 mail postfix/smtpd[338]: D91DD21E4F1: client=localhost[127.0.0.1]',
    'Nov 23 20:25:10 mail postfix/cleanup[327]: D91DD21E4F1: prepend: header X-Virus-Scanned: amavis at example.com from localhost[127.0.0.1]; from=<sender@outside.example> to=<bob@example.com> proto=ESMTP helo=<localhost>: X-After: yes',
    'Nov 23 20:25:10 mail postfix/cleanup[327]: D91DD21E4F1: redirect: header Subject: redir from localhost[127.0.0.1]; from=<sender@outside.example> to=<bob@example.com> proto=ESMTP helo=<localhost>: erin@example.com',
    'Nov 23 20:25:10 mail postfix/cleanup[327]: D91DD21E4F1: message-id=<TMWTPT2K800009@outside.example>',
    'Nov 23 20:25:10 mail postfix/qmgr[323]: D91DD21E4F1: from=<sender@outside.example>, size=1006, nrcpt=2 (queue active)',
    'Nov 23 20:25:10 mail amavis[300]: (00300-02) Passed CLEAN {RelayedInbound}, [127.0.0.2]:40533 <sender@outside.example> -> <alice@example.com>,<bob@example.com>, Queue-ID: AF99121E4E8, Message-ID: <TMWTPT2K800009@outside.example>, mail_id: Fn0wFtisP8jI, Hits: 0, size: 480, queued_as: D91DD21E4F1, 103 ms',
    'Nov 23 20:25:10 mail postfix/lmtp[329]: AF99121E4E8: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.18, delays=0.05/0.03/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as D91DD21E4F1)',
    'Nov 23 20:25:10 mail postfix/lmtp[329]: AF99121E4E8: to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.18, delays=0.05/0.03/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as D91DD21E4F1)',
    'Nov 23 20:25:10 mail postfix/qmgr[323]: AF99121E4E8: removed',
    'Nov 23 20:25:10 mail postfix/local[340]: D91DD21E4F1: to=<erin@example.com>, orig_to=<alice@example.com>, relay=local, delay=0.02, delays=0.01/0.01/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 20:25:10 mail postfix/qmgr[323]: D91DD21E4F1: removed',
  ];

  it('went for both where it was redirected to, though one line tells of it', () => {
    const [trace] = tracesOf(lines);
    expect(trace).toMatchObject({ state: 'delivered', complete: true });
    expect(statesOf(trace)).toEqual([
      ['erin@example.com', 'alice@example.com', 'delivered'],
      ['erin@example.com', 'bob@example.com', 'delivered'],
    ]);
  });
});

describe('a message whose recipients the filter gives the same extension', () => {
  const lines = [
    'Nov 23 20:25:21 mail postfix/smtpd[455]: 247F121E3E2: client=client.outside.example[127.0.0.2]',
    'Nov 23 20:25:21 mail postfix/cleanup[471]: 247F121E3E2: message-id=<TMWTPTALR00027@outside.example>',
    'Nov 23 20:25:21 mail postfix/qmgr[454]: 247F121E3E2: from=<sender@outside.example>, size=578, nrcpt=3 (queue active)',
    'Nov 23 20:25:21 mail postfix/smtpd[483]: 4429621E2F2: client=localhost[127.0.0.1]',
    'Nov 23 20:25:21 mail postfix/cleanup[471]: 4429621E2F2: message-id=<TMWTPTALR00027@outside.example>',
    'Nov 23 20:25:21 mail postfix/qmgr[454]: 4429621E2F2: from=<sender@outside.example>, size=1169, nrcpt=3 (queue active)',
    'Nov 23 20:25:21 mail postfix/local[479]: 4429621E2F2: to=<alice+spam@example.com>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 20:25:21 mail postfix/local[478]: 4429621E2F2: to=<alice+spam@example.com>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 20:25:21 mail amavis[461]: (00461-03-2) Passed SPAM {RelayedTaggedInbound}, [127.0.0.2]:42559 <sender@outside.example> -> <alice+a@example.com>,<alice+b@example.com>,<alice@example.com>, Queue-ID: 247F121E3E2, Message-ID: <TMWTPTALR00027@outside.example>, mail_id: Xa2pkqJ907cX, Hits: 1000, size: 578, queued_as: 4429621E2F2, 80 ms',
    'Nov 23 20:25:21 mail amavis[461]: (00461-03-2) Passed SPAM, <sender@outside.example> -> <alice+a@example.com>, Hits: 1000, tag=-999, tag2=6.2, kill=6.9, queued_as: 4429621E2F2, L/Y/Y/Y',
    'Nov 23 20:25:21 mail amavis[461]: (00461-03-2) Passed SPAM, <sender@outside.example> -> <alice+b@example.com>, Hits: 1000, tag=-999, tag2=6.2, kill=6.9, queued_as: 4429621E2F2, L/Y/Y/Y',
    'Nov 23 20:25:21 mail amavis[461]: (00461-03-2) Passed SPAM, <sender@outside.example> -> <alice@example.com>, Hits: 1000, tag=-999, tag2=6.2, kill=6.9, queued_as: 4429621E2F2, L/Y/Y/Y',
    'Nov 23 20:25:21 mail postfix/lmtp[473]: 247F121E3E2: to=<alice+a@example.com>, relay=127.0.0.1[127.0.0.1]:10024, conn_use=2, delay=0.15, delays=0.06/0.01/0/0.08, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4429621E2F2)',
    'Nov 23 20:25:21 mail postfix/lmtp[473]: 247F121E3E2: to=<alice+b@example.com>, relay=127.0.0.1[127.0.0.1]:10024, conn_use=2, delay=0.15, delays=0.06/0.01/0/0.08, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4429621E2F2)',
    'Nov 23 20:25:21 mail postfix/lmtp[473]: 247F121E3E2: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, conn_use=2, delay=0.15, delays=0.06/0.01/0/0.08, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4429621E2F2)',
    'Nov 23 20:25:21 mail postfix/qmgr[454]: 247F121E3E2: removed',
    'Nov 23 20:25:21 mail postfix/local[479]: 4429621E2F2: to=<alice+spam@example.com>, relay=local, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 20:25:21 mail postfix/qmgr[454]: 4429621E2F2: removed',
  ];

  it('is told for each of those whom it was for', () => {
    expect(statesOf(tracesOf(lines)[0])?.sort()).toEqual([
      ['alice+spam@example.com', 'alice+a@example.com', 'delivered'],
      ['alice+spam@example.com', 'alice+b@example.com', 'delivered'],
      ['alice+spam@example.com', 'alice@example.com', 'delivered'],
    ]);
  });
});

describe('two aliases of one user, expanded before the filter', () => {
  const lines = [
    'Nov 23 21:02:01 mail postfix/smtpd[1000]: 716C121E844: client=client.outside.example[127.0.0.2]',
    'Nov 23 21:02:01 mail postfix/cleanup[1010]: 716C121E844: message-id=<TMWTR4GDZ00030@outside.example>',
    'Nov 23 21:02:01 mail postfix/qmgr[999]: 716C121E844: from=<sender@outside.example>, size=515, nrcpt=5 (queue active)',
    'Nov 23 21:02:01 mail postfix/smtpd[597]: AC7A921E874: client=localhost[127.0.0.1]',
    'Nov 23 21:02:01 mail postfix/cleanup[1010]: AC7A921E874: message-id=<TMWTR4GDZ00030@outside.example>',
    'Nov 23 21:02:01 mail postfix/qmgr[999]: AC7A921E874: from=<sender@outside.example>, size=1027, nrcpt=4 (queue active)',
    'Nov 23 21:02:01 mail postfix/local[1021]: AC7A921E874: to=<alice+s@example.com>, relay=local, delay=0.04, delays=0.03/0/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 21:02:01 mail postfix/local[1021]: AC7A921E874: to=<carol@example.com>, relay=local, delay=0.05, delays=0.03/0.01/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 21:02:01 mail postfix/local[1022]: AC7A921E874: to=<bob@example.com>, relay=local, delay=0.05, delays=0.03/0.01/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 21:02:01 mail postfix/local[1023]: AC7A921E874: to=<carol@example.com>, relay=local, delay=0.06, delays=0.03/0.02/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 21:02:01 mail postfix/qmgr[999]: AC7A921E874: removed',
    'Nov 23 21:02:01 mail amavis[581]: (00581-13) Passed CLEAN {RelayedInbound,RelayedOpenRelay}, [127.0.0.2]:33787 <sender@outside.example> -> <alice+s@example.com>,<bob@example.com>,<carol@example.com>,<carol@example.com>,<x@relay.example.net>, Queue-ID: 716C121E844, Message-ID: <TMWTR4GDZ00030@outside.example>, mail_id: X7_dX8mLF3zy, Hits: 0, size: 515, queued_as: AC7A921E874/B6C8021E866, 243 ms',
    'Nov 23 21:02:01 mail postfix/lmtp[1013]: 716C121E844: to=<alice+s@example.com>, orig_to=<sales@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.3, delays=0.05/0.01/0/0.25, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as AC7A921E874)',
    'Nov 23 21:02:01 mail postfix/lmtp[1013]: 716C121E844: to=<bob@example.com>, orig_to=<sales@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.3, delays=0.05/0.01/0/0.25, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as AC7A921E874)',
    'Nov 23 21:02:01 mail postfix/lmtp[1013]: 716C121E844: to=<carol@example.com>, orig_to=<any@catch.example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.3, delays=0.05/0.01/0/0.25, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as AC7A921E874)',
    'Nov 23 21:02:01 mail postfix/lmtp[1013]: 716C121E844: to=<carol@example.com>, orig_to=<other@catch.example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.3, delays=0.05/0.01/0/0.25, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as AC7A921E874)',
    'Nov 23 21:02:01 mail postfix/qmgr[999]: 716C121E844: removed',
  ];

  it('are both told', () => {
    const to = statesOf(tracesOf(lines)[0])?.filter(([address]) => address === 'carol@example.com');
    expect(to).toEqual([
      ['carol@example.com', 'any@catch.example.com', 'delivered'],
      ['carol@example.com', 'other@catch.example.com', 'delivered'],
    ]);
  });
});

describe('a message that an access map put on hold', () => {
  const lines = [
    'Nov 23 21:01:11 mail postfix/smtpd[342]: NOQUEUE: hold: RCPT from client.outside.example[127.0.0.2]: <carol@example.com>: Recipient address x; from=<sender@outside.example> to=<carol@example.com> proto=ESMTP helo=<client.outside.example>',
    'Nov 23 21:01:11 mail postfix/smtpd[342]: D78B021E356: client=client.outside.example[127.0.0.2]',
    'Nov 23 21:01:11 mail postfix/cleanup[361]: D78B021E356: message-id=<TMWTR3DCR00007@outside.example>',
    'Nov 23 21:01:13 mail postfix/postsuper[381]: D78B021E356: released from hold',
  ];

  it('is held until it is released', () => {
    expect(tracesOf(lines.slice(0, -1))[0]?.state).toBe('held');
    expect(tracesOf(lines)[0]?.state).toBe('queued');
  });
});

describe('a requeued message of which one recipient had bounced', () => {
  const lines = [
    'Nov 23 21:23:53 mail postfix/smtpd[334]: 4jYJpd0r2qzJkKf: client=localhost[127.0.0.1]',
    'Nov 23 21:23:53 mail postfix/cleanup[326]: 4jYJpd0r2qzJkKf: message-id=<TMWTRWKB800008@outside.example>',
    'Nov 23 21:23:53 mail amavis[312]: (00312-03) Passed CLEAN {RelayedOpenRelay}, [127.0.0.2]:42405 <sender@outside.example> -> <x@temp.example.net>,<x@reject.example.net>, Message-ID: <TMWTRWKB800008@outside.example>, mail_id: 205BCeboL-hf, Hits: 0, size: 475, queued_as: 4jYJpd0r2qzJkKf, 145 ms',
    'Nov 23 21:23:53 mail postfix/smtpd[305]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4jYJpd0r2qzJkKf; from=<sender@outside.example> to=<x@temp.example.net> proto=ESMTP helo=<client.outside.example>',
    'Nov 23 21:23:53 mail postfix/qmgr[304]: 4jYJpd0r2qzJkKf: from=<sender@outside.example>, size=850, nrcpt=2 (queue active)',
    'Nov 23 21:23:53 mail postfix/smtp[339]: 4jYJpd0r2qzJkKf: to=<x@reject.example.net>, relay=127.0.0.1[127.0.0.1]:2603, delay=0.13, delays=0.01/0/0.11/0.01, dsn=5.1.1, status=bounced (host 127.0.0.1[127.0.0.1] said: 550 5.1.1 <x@reject.example.net>: user unknown here (in reply to RCPT TO command))',
    'Nov 23 21:23:53 mail postfix/smtp[342]: 4jYJpd0r2qzJkKf: to=<x@temp.example.net>, relay=127.0.0.1[127.0.0.1]:2604, delay=0.16, delays=0.01/0.03/0.12/0.02, dsn=4.2.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 450 4.2.0 <x@temp.example.net>: greylisted (in reply to RCPT TO command))',
    'Nov 23 21:23:53 mail postfix/bounce[345]: 4jYJpd0r2qzJkKf: sender non-delivery notification: 4jYJpd22xczJjrk',
    'Nov 23 21:23:53 mail postfix/pickup[303]: 4jYJpd51vSzJjrk: uid=102 from=<sender@outside.example> orig_id=4jYJpd0r2qzJkKf',
    'Nov 23 21:23:53 mail postfix/cleanup[326]: 4jYJpd51vSzJjrk: message-id=<TMWTRWKB800008@outside.example>',
    'Nov 23 21:23:53 mail postfix/qmgr[304]: 4jYJpd51vSzJjrk: from=<sender@outside.example>, size=968, nrcpt=1 (queue active)',
    'Nov 23 21:23:53 mail postfix/smtp[342]: 4jYJpd51vSzJjrk: to=<x@temp.example.net>, relay=127.0.0.1[127.0.0.1]:2604, delay=0.74, delays=0.6/0.03/0.1/0, dsn=4.2.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 450 4.2.0 <x@temp.example.net>: greylisted (in reply to RCPT TO command))',
  ];

  it('goes on for the other alone', () => {
    expect(statesOf(tracesOf(lines)[0])?.sort()).toEqual([
      ['x@reject.example.net', null, 'bounced'],
      ['x@temp.example.net', null, 'deferred'],
    ]);
  });
});

describe('a user who is written to under his own name and an alias', () => {
  const lines = [
    'Nov 23 21:30:02 mail postfix/smtpd[343]: 1C0D921E85D: client=client.outside.example[127.0.0.2]',
    'Nov 23 21:30:02 mail postfix/cleanup[358]: 1C0D921E85D: message-id=<TMWTS4H6P00007@outside.example>',
    'Nov 23 21:30:02 mail postfix/qmgr[342]: 1C0D921E85D: from=<sender@outside.example>, size=503, nrcpt=4 (queue active)',
    'Nov 23 21:30:02 mail postfix/smtpd[371]: 99D7921E85C: client=localhost[127.0.0.1]',
    'Nov 23 21:30:02 mail postfix/cleanup[358]: 99D7921E85C: message-id=<TMWTS4H6P00007@outside.example>',
    'Nov 23 21:30:02 mail postfix/qmgr[342]: 99D7921E85C: from=<sender@outside.example>, size=1015, nrcpt=3 (queue active)',
    'Nov 23 21:30:02 mail postfix/local[372]: 99D7921E85C: to=<dave@example.com>, relay=local, delay=0.01, delays=0/0.01/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 21:30:02 mail postfix/local[366]: 99D7921E85C: to=<dave@example.com>, relay=local, delay=0.01, delays=0/0/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 21:30:02 mail postfix/local[365]: 99D7921E85C: to=<bob@mail.example.com>, orig_to=<team@example.com>, relay=local, delay=0.01, delays=0/0/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 21:30:02 mail postfix/local[365]: 99D7921E85C: to=<carol@mail.example.com>, orig_to=<team@example.com>, relay=local, delay=0.01, delays=0/0/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 21:30:02 mail postfix/qmgr[342]: 99D7921E85C: removed',
    'Nov 23 21:30:02 mail postfix/smtpd[371]: 9F33021E346: client=localhost[127.0.0.1]',
    'Nov 23 21:30:02 mail postfix/cleanup[358]: 9F33021E346: message-id=<TMWTS4H6P00007@outside.example>',
    'Nov 23 21:30:02 mail postfix/qmgr[342]: 9F33021E346: from=<sender@outside.example>, size=899, nrcpt=1 (queue active)',
    'Nov 23 21:30:02 mail amavis[349]: (00349-02) Passed CLEAN {RelayedInbound,RelayedOpenRelay}, [127.0.0.2]:43711 <sender@outside.example> -> <dave@example.com>,<dave@example.com>,<team@example.com>,<x@relay.example.net>, Queue-ID: 1C0D921E85D, Message-ID: <TMWTS4H6P00007@outside.example>, mail_id: yaKUYW7q05JH, Hits: 0, size: 503, queued_as: 99D7921E85C/9F33021E346, 460 ms',
    'Nov 23 21:30:02 mail postfix/lmtp[360]: 1C0D921E85D: to=<dave@example.com>, orig_to=<info2@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.56, delays=0.08/0.01/0/0.46, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 99D7921E85C)',
    'Nov 23 21:30:02 mail postfix/lmtp[360]: 1C0D921E85D: to=<dave@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.56, delays=0.08/0.01/0/0.46, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 99D7921E85C)',
    'Nov 23 21:30:02 mail postfix/lmtp[360]: 1C0D921E85D: to=<team@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.56, delays=0.08/0.01/0/0.46, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 99D7921E85C)',
    'Nov 23 21:30:02 mail postfix/lmtp[360]: 1C0D921E85D: to=<x@relay.example.net>, orig_to=<info2@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.56, delays=0.08/0.01/0/0.46, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 9F33021E346)',
    'Nov 23 21:30:02 mail postfix/qmgr[342]: 1C0D921E85D: removed',
    'Nov 23 21:30:02 mail postfix/smtp[374]: 9F33021E346: to=<x@relay.example.net>, relay=127.0.0.1[127.0.0.1]:2602, delay=0.12, delays=0/0.01/0.1/0.01, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as SINK000003)',
    'Nov 23 21:30:02 mail postfix/qmgr[342]: 9F33021E346: removed',
  ];

  it('is told for both', () => {
    const to = statesOf(tracesOf(lines)[0])?.filter(([address]) => address === 'dave@example.com');
    expect(to?.sort()).toEqual([
      ['dave@example.com', null, 'delivered'],
      ['dave@example.com', 'info2@example.com', 'delivered'],
    ]);
  });
});

describe('what was put off without another try', () => {
  const received = [
    'Nov 23 14:49:57 mail postfix/smtpd[494]: 0A381224B20: client=mx.outside.example[192.0.2.7]',
    'Nov 23 14:49:57 mail postfix/cleanup[498]: 0A381224B20: message-id=<T9@outside.example>',
    'Nov 23 14:49:57 mail postfix/qmgr[442]: 0A381224B20: from=<sender@outside.example>, size=1069, nrcpt=2 (queue active)',
  ];
  const putOff = (host: string): string =>
    `Nov 23 14:49:59 mail postfix/error[507]: 0A381224B20: to=<bob@example.com>, relay=none, delay=2, delays=1/1/0/0, dsn=4.4.2, status=deferred (delivery temporarily suspended: lost connection with ${host} while receiving the initial server greeting)`;
  const tried = (host: string, port: number): string =>
    `Nov 23 14:49:58 mail postfix/lmtp[502]: 0A381224B20: to=<alice@example.com>, relay=${host}:${port}, delay=1, delays=0/0/1/0, dsn=4.4.2, status=deferred (lost connection with ${host} while receiving the initial server greeting)`;

  it.each([
    ['127.0.0.1[127.0.0.1]', 10024, ['filter', 'filter']],
    ['mx.example.net[192.0.2.25]', 25, ['deliver', 'deliver']],
  ])(
    'is put off where the same message was tried for, also where its line has no port: %s:%d',
    (host, port, stages) => {
      const [trace] = tracesOf([...received, tried(host, port), putOff(host)]);
      expect(trace?.hops.slice(2).map(({ stage }) => stage)).toEqual(stages);
    },
  );
});
