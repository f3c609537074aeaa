/** What a trace says where a site's log has only a part of the lines: cut, filtered by program, or of an old version. */
import { describe, expect, it } from 'vitest';
import { tracesOf } from '../../support/core.js';

const LATER = Date.parse('2026-12-30T00:00:00Z') * 1000;

describe('amavis’ lines for single recipients, where its main line is turned off', () => {
  const blocked =
    'Aug 27 06:03:13 mail amavis[16115]: (16115-01) Blocked BANNED (multipart/mixed | .exe,.exe-ms,PAGEANT.EXE), <eve@example.org> -> <alice@example.com>, Hits: -, tag=0, tag2=2, kill=2, L/Y/0/0';
  const passed =
    'Aug 27 06:03:13 mail amavis[16115]: (16115-01) Passed SPAMMY, <eve@example.org> -> <bob@example.com>, Hits: 4.9, tag=0, tag2=2, kill=9, queued_as: 684C4307BD, L/Y/0/0';

  it('are its verdicts', () => {
    const [trace, ...others] = tracesOf([blocked, passed], {}, LATER);
    expect(others).toEqual([]);
    expect(trace?.sender).toBe('eve@example.org');
    expect(
      trace?.filter.map(({ action, verdict, recipients, queuedAs }) => [
        action,
        verdict,
        recipients,
        queuedAs,
      ]),
    ).toEqual([
      ['Blocked', 'BANNED', ['alice@example.com'], []],
      ['Passed', 'SPAMMY', ['bob@example.com'], ['684C4307BD']],
    ]);
    expect(trace?.recipients.map(({ address, state }) => [address, state])).toEqual([
      ['alice@example.com', 'blocked'],
      ['bob@example.com', 'queued'],
    ]);
  });

  it('add nothing to the main line', () => {
    const main =
      'Aug 27 06:03:13 mail amavis[16115]: (16115-01) Passed SPAMMY, <eve@example.org> -> <bob@example.com>, Message-ID: <M1@example.org>, mail_id: 1MWZttUFHd2z, Hits: 4.9, size: 716, queued_as: 684C4307BD, 191 ms';
    expect(tracesOf([passed, main])[0]?.filter).toHaveLength(1);
  });
});

describe('amavis’ log by itself', () => {
  it('does not say that what was passed on is stuck in a queue that others log', () => {
    const [trace] = tracesOf(
      [
        'Feb 13 11:02:43 mx-1 amavis[5136]: (05136-09) Passed CLEAN, [192.0.2.26] [192.0.2.219] <eve@example.org> -> <alice@example.com>,<bob@example.com>, mail_id: 0gehnk-A5kVd, Hits: -, size: 1332, queued_as: B60132CB20, 152 ms',
      ],
      {},
      LATER,
    );
    expect(trace).toMatchObject({ state: 'queued', stuck: false, complete: false });
  });
});

describe('a log that begins between two passes through the filter', () => {
  // Zimbra 8: signed behind 10026, given back at 10030, scanned behind 10032.
  const log = [
    'May  5 13:35:55 mail amavis[4083]: (04083-01) Passed CLEAN {RelayedOutbound}, ORIGINATING/MYNETS LOCAL [192.0.2.48]:57224 [192.0.2.48] <alice@example.com> -> <eve@example.org>, Queue-ID: B141CE6BDD, Message-ID: <M1@example.com>, mail_id: WaVl27LgwIDf, Hits: -, size: 1152, queued_as: 15411E6BE1, 380 ms',
    'May  5 13:35:55 mail postfix/smtp[16741]: B141CE6BDD: to=<eve@example.org>, relay=127.0.0.1[127.0.0.1]:10026, delay=0.45, delays=0.04/0.03/0.02/0.37, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10030): 250 2.0.0 Ok: queued as 15411E6BE1)',
    'May  5 13:35:55 mail amavis[4084]: (04084-01) ESMTP :10032 /opt/zimbra/data/amavisd/tmp/amavis-20220505T133555-04084-eQwxpwWz: <alice@example.com> -> <eve@example.org> SIZE=1631 Received: from mail.example.com ([127.0.0.1]) by localhost (mail.example.com [127.0.0.1]) (amavisd-new, port 10032) with ESMTP for <eve@example.org>; Thu,  5 May 2022 13:35:55 +0700 (+07)',
    'May  5 13:35:56 mail amavis[4084]: (04084-01) Passed CLEAN {RelayedOutbound}, ORIGINATING_POST/MYNETS LOCAL [127.0.0.1]:42944 [192.0.2.48] <alice@example.com> -> <eve@example.org>, Queue-ID: 15411E6BE1, Message-ID: <M1@example.com>, mail_id: eldOocZG_A1P, Hits: 2.5, size: 1596, queued_as: 97597E6BE4, 1481 ms',
    'May  5 13:35:56 mail postfix/smtp[16741]: 15411E6BE1: to=<eve@example.org>, relay=127.0.0.1[127.0.0.1]:10032, delay=1.6, delays=0.05/0.02/0.02/1.5, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 97597E6BE4)',
    'May  5 13:35:58 mail postfix/smtp[16751]: 97597E6BE4: to=<eve@example.org>, relay=mx.example.org[192.0.2.27]:25, delay=2.2, delays=0.01/0.02/1.1/1.1, dsn=2.0.0, status=sent (250 2.0.0 OK)',
  ];

  it('tells client and size as the first of them does', () => {
    expect(tracesOf(log)[0]).toMatchObject({
      state: 'relayed',
      queueIds: ['B141CE6BDD', '15411E6BE1', '97597E6BE4'],
      client: { address: '192.0.2.48', port: 57_224 },
      size: 1152,
    });
  });
});

describe('the way back', () => {
  it('is told from mail that came in though the line of its client is missing', () => {
    const [trace] = tracesOf([
      'Dec  1 16:25:31 mail postfix/cleanup[17809]: 4C37B6E02B0: message-id=<M1@example.com>',
      'Dec  1 16:25:31 mail postfix/qmgr[17744]: 4C37B6E02B0: from=<alice@example.com>, size=1351, nrcpt=1 (queue active)',
      'Dec  1 16:25:31 mail amavis[4520]: (04520-01) FWD via SMTP: <alice@example.com> -> <eve@example.org>,BODY=7BIT 250 2.0.0 from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4C37B6E02B0',
      'Dec  1 16:25:31 mail postfix/smtp[17810]: 48EAB6E01CE: to=<eve@example.org>, relay=127.0.0.1[127.0.0.1]:10024, delay=3.2, delays=0.15/0.05/0.82/2.2, dsn=2.0.0, status=sent (250 2.0.0 from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4C37B6E02B0)',
    ]);
    expect(trace?.hops.map(({ stage, port }) => `${stage}:${port ?? ''}`)).toEqual([
      'queue:',
      'filter:10024',
      'reinject:10025',
      'queue:',
    ]);
  });
});

describe('lines that tell no mail_id', () => {
  it('leave it and the parent null', () => {
    const traces = tracesOf([
      'Dec  1 16:25:31 mail amavis[4520]: (04520-01) FWD via SMTP: <alice@example.com> -> <eve@example.org>, 451 4.5.0 From MTA([127.0.0.1]:10025) during fwd-connect (Negative greeting:  at (eval 113) line 596.): id=04520-01',
      'Dec  1 16:25:32 mail postfix/smtpd[17808]: 4C37B6E02B0: client=localhost[127.0.0.1]',
      'Dec  1 16:25:32 mail amavis[4521]: (04521-01) SEND via SMTP: <> -> <postmaster@example.com>, 250 2.6.0 Ok, id=04521-01, from MTA([127.0.0.1]:10025): 250 Ok: queued as 4C37B6E02B0',
    ]);
    expect(traces.flatMap(({ filter }) => filter.map(({ mailId }) => mailId))).toEqual([null, null]);
    expect(traces.map(({ parent }) => parent)).toEqual([null, null, null]);
    expect(traces.flatMap(({ children }) => children)).toEqual([
      { queueId: '4C37B6E02B0', kind: 'notification' },
    ]);
  });
});

describe('a hand-over that Postfix 2.2 logs without a port', () => {
  it('has the port that amavis names', () => {
    const [trace] = tracesOf([
      'Dec 15 16:36:21 mail amavis[4451]: (04451-10) ESMTP::10024 /var/lib/amavis/amavis-20061214T211803-04451: <alice@example.com> -> <eve@example.org> Received: SIZE=716 BODY=8BITMIME from mail.example.com ([127.0.0.1]) by localhost (mail.example.com [127.0.0.1]) (amavisd-new, port 10024) with ESMTP id 04451-10 for <eve@example.org>; Fri, 15 Dec 2006 16:36:21 -0600 (CST)',
      'Dec 15 16:36:22 mail postfix/smtp[10690]: B588D30C159: to=<eve@example.org>, relay=127.0.0.1[127.0.0.1], delay=1, status=sent (250 2.6.0 Ok, id=04451-10, from MTA([127.0.0.1]:10025): 250 Ok: queued as E482A30C15B)',
      'Dec 15 16:36:23 mail postfix/smtp[10697]: E482A30C15B: to=<eve@example.org>, relay=mx.example.org[192.0.2.27], delay=2, status=sent (250 2.0.0 OK)',
    ]);
    expect(trace).toMatchObject({ state: 'relayed', queueIds: ['B588D30C159', 'E482A30C15B'] });
    expect(trace?.hops.find(({ stage }) => stage === 'filter')).toMatchObject({ port: 10_024 });
  });
});

describe('mail that pickup cannot get into the queue', () => {
  it('waits under no queue id: it stays where sendmail(1) left it', () => {
    const [trace] = tracesOf(
      [
        'Apr 13 17:42:28 mail postfix/pickup[2261]: ECB5F2166E: uid=0 from=<root>',
        'Apr 13 17:42:29 mail postfix/pickup[2261]: warning: maildrop/85FD22146D: error writing ECB5F2166E: queue file write error',
      ],
      {},
      LATER,
    );
    expect(trace).toMatchObject({ state: 'rejected', stuck: false });
  });
});

describe('a relay on this host whose reply does not say where it passed the mail on', () => {
  const log = [
    '2015-05-25T13:24:54.053455-03:00 mail postfix/smtpd[27693]: 0CCC62816D5: client=mailbox.example.net[192.0.2.152]',
    '2015-05-25T13:24:54.058674-03:00 mail postfix/cleanup[31598]: 0CCC62816D5: message-id=<M1@example.com>',
    '2015-05-25T13:24:54.062257-03:00 mail postfix/qmgr[1595]: 0CCC62816D5: from=<alice@example.com>, size=2750, nrcpt=1 (queue active)',
    '2015-05-25T13:24:54.306708-03:00 mail postfix/smtp[31504]: 0CCC62816D5: to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10026, delay=0.26, delays=0.01/0/0.01/0.24, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10030): 250 2.0.0 Ok: queued as 31D4F2816E1)',
    '2015-05-25T13:24:54.323934-03:00 mail postfix/qmgr[1595]: 0CCC62816D5: removed',
    '2015-05-25T13:24:54.342114-03:00 mail postfix/smtp[31468]: 31D4F2816E1: to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10025, delay=0.14, delays=0.12/0/0.01/0.01, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5261B2816D5)',
    '2015-05-25T13:24:54.342158-03:00 mail postfix/qmgr[1595]: 5261B2816D5: from=<alice@example.com>, size=3910, nrcpt=1 (queue active)',
    '2015-05-25T13:24:54.453188-03:00 mail postfix/lmtp[28300]: 5261B2816D5: to=<bob@example.com>, relay=mailbox.example.net[192.0.2.172]:7025, delay=0.12, delays=0.01/0/0/0.1, dsn=2.1.5, status=sent (250 2.1.5 Delivery OK)',
    '2015-05-25T13:24:54.453439-03:00 mail postfix/qmgr[1595]: 5261B2816D5: removed',
  ];

  it.each([log, log.toReversed()])('is on the path though the line of its client is missing', (...lines) => {
    const traces = tracesOf(lines);
    expect(traces.map(({ queueIds, state }) => [queueIds, state])).toEqual([
      [['0CCC62816D5', '31D4F2816E1', '5261B2816D5'], 'delivered'],
    ]);
  });

  it('is not, where the relay is another host and may have such an id, too', () => {
    const far = log.map((line) =>
      line.replaceAll('relay=127.0.0.1[127.0.0.1]:10025', 'relay=mx[192.0.2.9]:25'),
    );
    expect(tracesOf(far)).toHaveLength(2);
  });
});

describe('a message of which the log has no line before that of cleanup', () => {
  const rest = [
    'Mar 22 17:43:31 mail postfix/qmgr[18088]: 4B67C1035C8: from=<eve@example.org>, size=7240, nrcpt=1 (queue active)',
    'Mar 22 17:43:40 mail postfix/lmtp[32094]: 4B67C1035C8: to=<alice@example.com>, relay=mail.example.com[192.0.2.27]:7025, delay=9, delays=0.01/0.01/0.14/8.8, dsn=2.1.5, status=sent (250 2.1.5 Delivery OK)',
    'Mar 22 17:43:40 mail postfix/qmgr[18088]: 4B67C1035C8: removed',
  ];

  it('came from somewhere that the log does not tell', () => {
    const [trace] = tracesOf([
      'Mar 22 17:43:31 mail postfix/cleanup[32086]: 4B67C1035C8: message-id=<M1@example.org>',
      ...rest,
    ]);
    expect(trace).toMatchObject({ origin: null, state: 'delivered', complete: false });
  });

  it('is Postfix’ own where the Message-ID is of its queue id', () => {
    const [trace] = tracesOf([
      'Mar 22 17:43:31 mail postfix/cleanup[32086]: 4B67C1035C8: message-id=<20210322104331.4B67C1035C8@mail.example.com>',
      ...rest,
    ]);
    expect(trace).toMatchObject({ origin: 'internal', state: 'delivered', complete: true });
  });
});

describe('a log whose addresses somebody took out', () => {
  const HEAD = 'Nov 24 10:00:00 mx postfix';

  it('has no client’s address, in what was refused and in what was taken', () => {
    const traces = tracesOf(
      [
        `${HEAD}/smtpd[100]: NOQUEUE: reject: RCPT from unknown[]: 554 5.7.1 <a@b.org>: Relay access denied; from=<x@y.org> to=<a@b.org> proto=ESMTP helo=<h>`,
        `${HEAD}/smtpd[100]: 3A1B2C3D4E: client=mail.example.org[]`,
      ],
      {},
      LATER,
    );
    expect(traces.map(({ client }) => [client?.name, client?.address])).toEqual([
      ['mail.example.org', null],
      ['unknown', null],
    ]);
  });

  it.each([
    ['127.0.0.1[]:10024', 'host 127.0.0.1[] said: 451 4.5.0 Error in processing (in reply to DATA command)'],
    ['none', 'connect to localhost[]:10024: Connection refused'],
  ])('still shows the filter’s port (relay %s)', (relay, response) => {
    const [trace] = tracesOf(
      [
        `${HEAD}/smtp[105]: 5A1B2C3D4E: to=<alice@example.com>, relay=${relay}, delay=0.1, delays=0.1/0/0/0, dsn=4.0.0, status=deferred (${response})`,
      ],
      {},
      LATER,
    );
    expect(trace?.hops.at(-1)?.port).toBe(10024);
  });
});
