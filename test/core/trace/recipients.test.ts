/** What becomes of recipients whom the lines name only in part. */
import { describe, expect, it } from 'vitest';
import { tracesOf } from '../../support/core.js';

const HEAD = 'Sep 23 19:05:15 mail';
const LATER = Date.parse('2026-09-23T20:00:00Z') * 1000;

const fed = (q1: string, to: string, q2: string): string =>
  `${HEAD} postfix/smtp[7789]: ${q1}: to=<${to}>, relay=127.0.0.1[127.0.0.1]:10024, delay=4.5, delays=2.1/0/0/2.4, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${q2})`;
const received = (q: string, nrcpt: number): string[] => [
  `${HEAD} postfix/smtpd[9794]: ${q}: client=mx.outside.example[192.0.2.53]`,
  `${HEAD} postfix/cleanup[12016]: ${q}: message-id=<BA506A9B@hp>`,
  `${HEAD} postfix/qmgr[30484]: ${q}: from=<company@outside.example>, size=43129, nrcpt=${nrcpt} (queue active)`,
];
const back = (q: string, nrcpt: number): string[] => [
  `${HEAD} postfix/amavisd/smtpd[22532]: ${q}: client=localhost[127.0.0.1]`,
  `${HEAD} postfix/cleanup[1846]: ${q}: message-id=<BA506A9B@hp>`,
  `${HEAD} postfix/qmgr[30484]: ${q}: from=<company@outside.example>, size=43494, nrcpt=${nrcpt} (queue active)`,
];
const delivered = (q: string, to: string): string =>
  `${HEAD} postfix/lmtp[32171]: ${q}: to=<${to}>, relay=mail.example.com[10.0.0.10]:7025, delay=0.06, delays=0.01/0/0/0.06, dsn=2.1.5, status=sent (250 2.1.5 Delivery OK)`;
const removed = (q: string): string => `${HEAD} postfix/qmgr[30484]: ${q}: removed`;

describe('a recipient', () => {
  it('that the filter sent another way than its reply says is listed as of unknown fate', () => {
    // The feed by SMTP has one reply for all; amavis had split the message, and its own line is not in this log.
    const [trace] = tracesOf([
      ...received('84B5C321AC9', 2),
      ...back('AC0A1321BB3', 1),
      fed('84B5C321AC9', 'archive@example.com', 'AC0A1321BB3'),
      fed('84B5C321AC9', 'nsurname@example.com', 'AC0A1321BB3'),
      removed('84B5C321AC9'),
      delivered('AC0A1321BB3', 'archive@example.com'),
      removed('AC0A1321BB3'),
    ]);
    expect(trace).toMatchObject({ state: 'partial', complete: false });
    expect(trace?.recipients.map(({ address, state }) => [address, state])).toEqual([
      ['archive@example.com', 'delivered'],
      ['nsurname@example.com', null],
    ]);
  });

  it('whose address the filter extended is followed under the longer address', () => {
    const [trace] = tracesOf([
      ...received('84B5C321AC9', 2),
      ...back('AC0A1321BB3', 2),
      fed('84B5C321AC9', 'alice@example.com', 'AC0A1321BB3'),
      fed('84B5C321AC9', 'bob@example.com', 'AC0A1321BB3'),
      removed('84B5C321AC9'),
      delivered('AC0A1321BB3', 'alice+spam@example.com'),
      delivered('AC0A1321BB3', 'bob+spam@example.com'),
      removed('AC0A1321BB3'),
    ]);
    expect(trace).toMatchObject({ state: 'delivered', complete: true });
    expect(trace?.recipients.map(({ address, originalTo }) => [address, originalTo])).toEqual([
      ['alice+spam@example.com', 'alice@example.com'],
      ['bob+spam@example.com', 'bob@example.com'],
    ]);
  });

  it('that the filter handed to the mailbox itself is delivered', () => {
    const [trace] = tracesOf([
      ...received('5D6262240C0', 1),
      `${HEAD} postfix/lmtp[219]: 5D6262240C0: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.8, delays=0.01/0.05/0.01/0.7, dsn=2.0.0, status=sent (250 2.0.0 from MTA(lmtp:[127.0.0.1]:2400): 250 2.0.0 <alice@example.com> oGf1LxNaBGv5AQAA0J78UA Saved)`,
      removed('5D6262240C0'),
    ]);
    expect(trace).toMatchObject({ state: 'delivered', complete: true });
  });

  it('that the filter passed to a program is of unknown fate, not on its way through the filter', () => {
    const [trace] = tracesOf([
      ...received('C6042224DFC', 1),
      `${HEAD} amavis[316]: (00316-01) Passed CLEAN {RelayedInbound}, [192.0.2.53]:4711 <company@outside.example> -> <alice@example.com>, Queue-ID: C6042224DFC, mail_id: oGf1LxNaBGv5, Hits: 0, size: 484, 227 ms`,
      `${HEAD} postfix/lmtp[219]: C6042224DFC: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.3, delays=0.01/0.05/0.01/0.2, dsn=2.6.0, status=sent (250 2.6.0 Ok, id=00316-01)`,
      removed('C6042224DFC'),
    ]);
    expect(trace).toMatchObject({ state: null, stuck: false, recipients: [{ state: null }] });
  });

  // The feed by SMTP has one reply for all recipients.
  const mixed = (q1: string, to: string, q2: string): string =>
    fed(q1, to, q2).replace(/\)$/, ', but 1 REJECT, and 1 DISCARD)');
  const split = [
    ...received('9328F22A151', 3),
    ...back('ED49022A189', 1),
    mixed('9328F22A151', 'alice+lists@example.com', 'ED49022A189'),
    mixed('9328F22A151', 'alice@example.com', 'ED49022A189'),
    mixed('9328F22A151', 'bob@example.com', 'ED49022A189'),
    removed('9328F22A151'),
    delivered('ED49022A189', 'alice+lists@example.com'),
    removed('ED49022A189'),
  ];
  const states = [
    ['alice+lists@example.com', 'delivered'],
    ['alice@example.com', 'blocked'],
    ['bob@example.com', 'blocked'],
  ];

  it('that the filter kept back is blocked, though one reply says of all what others were passed on as', () => {
    const verdict = (action: string, to: string, end: string): string =>
      `${HEAD} amavis[197]: (00197-02) ${action} SPAM {DiscardedInbound,RelayedTaggedInbound}, [127.0.0.2]:33075 <company@outside.example> -> ${to}, Queue-ID: 9328F22A151, Message-ID: <BA506A9B@hp>, mail_id: xdR5pjZ4ERu2, Hits: 8.2, size: 502${end}, 118 ms`;
    const [trace] = tracesOf([
      ...split,
      verdict('Passed', '<alice+lists@example.com>', ', queued_as: ED49022A189'),
      verdict('Blocked', '<alice@example.com>,<bob@example.com>', ''),
    ]);
    expect(trace).toMatchObject({ state: 'partial', complete: true });
    expect(trace?.recipients.map(({ address, state }) => [address, state])).toEqual(states);
  });

  it('that did not come out of the filter is blocked where its reply counts as many', () => {
    const [trace] = tracesOf(split);
    expect(trace?.recipients.map(({ address, state }) => [address, state])).toEqual(states);
  });
});

describe("a message's state", () => {
  it('is open while the queue has more recipients than lines have named', () => {
    const refused = `${HEAD} postfix/smtpd[9794]: 84B5C321AC9: reject: RCPT from mx.outside.example[192.0.2.53]: 550 5.1.1 <this@example.com>: Recipient address rejected: User unknown in local recipient table; from=<company@outside.example> to=<this@example.com> proto=ESMTP helo=<mx.outside.example>`;
    const [trace] = tracesOf([refused, ...received('84B5C321AC9', 1)], {}, LATER);
    expect(trace).toMatchObject({ state: 'queued', complete: false, stuck: true });
    expect(trace?.recipients).toMatchObject([{ address: 'this@example.com', state: 'rejected' }]);
  });

  it('is final once all have it, though the last line was lost', () => {
    const lines = [...received('84B5C321AC9', 1), delivered('84B5C321AC9', 'alice@example.com')];
    expect(tracesOf(lines, {}, LATER)).toMatchObject([{ state: 'delivered', complete: false, stuck: false }]);
  });

  it('is followed once round a ring that lines tell of', () => {
    const passed = (run: string, from: string, to: string): string =>
      `${HEAD} amavis[15699]: (${run}) Passed CLEAN {RelayedInbound}, [192.0.2.53]:5 <company@outside.example> -> <this@example.com>, Queue-ID: ${from}, Message-ID: <BA506A9B@hp>, Hits: -1, size: 389, queued_as: ${to}, 158 ms`;
    const [q1, q2] = ['84B5C321AC9', '94B5C321AC9'];
    for (const lines of [
      [passed('15699-01', q1, q1)],
      [passed('15699-01', q1, q2), passed('15699-02', q2, q1)],
    ]) {
      const [trace, ...others] = tracesOf([...received(q1, 1), ...received(q2, 1), ...lines], {}, LATER);
      expect(others.length).toBeLessThan(2);
      expect(trace?.recipients.map(({ address }) => address)).toEqual(['this@example.com']);
    }
  });

  it.each([
    ['deliverable (250 2.1.5 Ok)', 'relayed'],
    ['undeliverable (host mx.example.net[192.0.2.5] said: 550 5.1.1 User unknown)', 'rejected'],
  ])('of an address probe gets no mail and no bounce: %s', (told, state) => {
    const probe = '3A1B2C3D40';
    const [trace] = tracesOf([
      `${HEAD} postfix/cleanup[1002]: ${probe}: message-id=<${probe}@mx.example.com>`,
      `${HEAD} postfix/qmgr[900]: ${probe}: from=<double-bounce@mx.example.com>, size=270, nrcpt=1 (queue active)`,
      `${HEAD} postfix/smtp[1003]: ${probe}: to=<b@example.net>, relay=mx.example.net[192.0.2.5]:25, delay=0.5, delays=0/0/0.2/0.3, dsn=2.1.5, status=${told}`,
      removed(probe),
    ]);
    expect(trace).toMatchObject({ state, complete: true });
  });

  it.each([
    ['127.0.0.1[127.0.0.1]:10024', 'deliverable (250 2.1.5 Recipient <bob@example.com> OK)', null, false],
    ['none', 'undeliverable (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)', 'rejected', true],
  ])(
    'of a probe that ended at the filter (%s) was not delivered, and waits no more',
    (relay, told, state, complete) => {
      const [trace, ...others] = tracesOf(
        [
          'Nov 24 00:10:23 mail postfix/cleanup[232]: 9FC4822A347: message-id=<20261124001023.9FC4822A347@mail.example.com>',
          'Nov 24 00:10:23 mail postfix/qmgr[189]: 9FC4822A347: from=<double-bounce@mail.example.com>, size=239, nrcpt=1 (queue active)',
          `Nov 24 00:10:23 mail postfix/lmtp[235]: 9FC4822A347: to=<bob@example.com>, relay=${relay}, delay=0, delays=0/0/0/0, dsn=2.1.5, status=${told}`,
          'Nov 24 00:10:23 mail postfix/qmgr[189]: 9FC4822A347: removed',
        ],
        {},
        LATER,
      );
      expect(others).toEqual([]);
      expect(trace).toMatchObject({ state, complete, stuck: false, recipients: [{ state }] });
    },
  );

  it('is followed among twenty thousand others', () => {
    const numbers = Array.from({ length: 20_000 }, (_, n) => n);
    const [trace, ...others] = tracesOf([
      ...received('84B5C321AC9', 20_000),
      ...back('AC0A1321BB3', 20_000),
      ...numbers.map((n) => fed('84B5C321AC9', `user${n}@example.com`, 'AC0A1321BB3')),
      removed('84B5C321AC9'),
      ...numbers.map((n) => delivered('AC0A1321BB3', `user${n}@example.com`)),
      removed('AC0A1321BB3'),
    ]);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'delivered',
      complete: true,
      queueIds: ['84B5C321AC9', 'AC0A1321BB3'],
    });
    expect(new Set(trace?.recipients.map(({ address }) => address)).size).toBe(20_000);
  });

  it('is that of the id it has last, when `postsuper -r ALL` requeued it and no line says which ids that took', () => {
    const REFUSED = 'connect to 127.0.0.1[127.0.0.1]:10024: Connection refused';
    const GREYLISTED =
      'host 127.0.0.1[127.0.0.1] said: 450 4.2.0 <alice@temp.example.net>: greylisted (in reply to RCPT TO command)';
    const requeued = (q: string, before: string): string[] => [
      `${HEAD} postfix/pickup[188]: ${q}: uid=102 from=<company@outside.example> orig_id=${before}`,
      `${HEAD} postfix/cleanup[262]: ${q}: message-id=<BA506A9B@hp>`,
      `${HEAD} postfix/qmgr[189]: ${q}: from=<company@outside.example>, size=605, nrcpt=1 (queue active)`,
    ];
    const deferred = (q: string, daemon: string, relay: string, reason: string): string =>
      `${HEAD} postfix/${daemon}: ${q}: to=<alice@temp.example.net>, relay=${relay}, delay=0.4, delays=0.4/0/0/0, dsn=4.4.1, status=deferred (${reason})`;
    const lines = [
      ...received('E0A80224D36', 1),
      deferred('E0A80224D36', 'lmtp[259]', 'none', REFUSED),
      ...requeued('4B4C7224CF8', 'E0A80224D36'),
      ...back('1C1BA2240B0', 1),
      fed('4B4C7224CF8', 'alice@temp.example.net', '1C1BA2240B0'),
      removed('4B4C7224CF8'),
      deferred('1C1BA2240B0', 'smtp[314]', '127.0.0.1[127.0.0.1]:2604', GREYLISTED),
      ...requeued('0E5A7224702', '1C1BA2240B0'),
      ...back('85E5022412A', 1),
      fed('0E5A7224702', 'alice@temp.example.net', '85E5022412A'),
      removed('0E5A7224702'),
      deferred('85E5022412A', 'smtp[308]', '127.0.0.1[127.0.0.1]:2604', GREYLISTED),
    ];
    const [trace] = tracesOf(lines);
    expect(trace?.recipients).toMatchObject([{ state: 'deferred', queueId: '85E5022412A', attempts: 1 }]);
    const [deleted] = tracesOf([...lines, `${HEAD} postfix/postsuper[999]: 85E5022412A: removed`]);
    expect(deleted).toMatchObject({ state: 'deleted', complete: true });
  });

  it('is told by the one delivery there is where a header check or access table redirects it', () => {
    const redirected = (what: string): string[] => [
      `${HEAD} postfix/smtpd[566]: AF3BE2240CA: client=client.outside.example[127.0.0.2]`,
      `${HEAD} postfix/${what}; from=<sender@outside.example> to=<bob@example.com> proto=ESMTP helo=<client.outside.example>`,
      `${HEAD} postfix/cleanup[601]: AF3BE2240CA: message-id=<TMWTETSMH00011@outside.example>`,
      `${HEAD} postfix/qmgr[555]: AF3BE2240CA: from=<sender@outside.example>, size=489, nrcpt=2 (queue active)`,
      `${HEAD} postfix/local[602]: AF3BE2240CA: to=<carol@example.com>, orig_to=<alice@example.com>, relay=local, delay=0.08, delays=0.07/0.01/0/0, dsn=2.0.0, status=sent (delivered to maildir)`,
      removed('AF3BE2240CA'),
    ];
    for (const what of [
      'cleanup[601]: AF3BE2240CA: redirect: header Subject: lab REDIRECT x from client.outside.example[127.0.0.2]',
      'smtpd[566]: AF3BE2240CA: redirect: RCPT from client.outside.example[127.0.0.2]: <bob@example.com>: Recipient address triggers REDIRECT carol@example.com',
    ]) {
      const [trace] = tracesOf(redirected(what));
      expect(trace).toMatchObject({ state: 'delivered', complete: true });
      expect(trace?.recipients).toMatchObject([
        { address: 'carol@example.com', originalTo: 'alice@example.com', state: 'delivered' },
      ]);
    }
  });

  it('is relayed where an MTA behind the filter that is no Postfix took the message: it gave no queue id', () => {
    const q1 = '57ED5242805';
    const [trace] = tracesOf([
      ...received(q1, 1),
      `${HEAD} amavis[191]: (00191-14) Passed CLEAN {RelayedInbound}, [127.0.0.2]:41415 <company@outside.example> -> <alice@example.com>, Queue-ID: ${q1}, Message-ID: <BA506A9B@hp>, mail_id: NfCkYRkpToW3, Hits: 0, size: 491, queued_as: 250 Message accepted for delivery, 127 ms`,
      `${HEAD} postfix/lmtp[189]: ${q1}: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.13, delays=0/0/0/0.13, dsn=2.6.0, status=sent (250 2.6.0 from MTA(smtp:[127.0.0.1]:10025): 250 Message accepted for delivery)`,
      removed(q1),
    ]);
    expect(trace).toMatchObject({ state: 'relayed', complete: true });
    expect(trace?.hops.filter(({ stage }) => stage === 'filter')).toMatchObject([
      { service: 'lmtp', amavisId: '00191-14', outcome: 'ok' },
    ]);
  });

  it('to whom nothing could be released from the quarantine waits for nothing', () => {
    const at = 'Nov 23 18:06:41 mail';
    const [trace] = tracesOf([
      `${at} amavis[363]: (rel-YxL7DY0oMwp6) Quarantined message release (miscategorized): UBye1xCrqpPe <sender@outside.example> -> <bob@example.com>`,
      `${at} amavis[363]: (rel-YxL7DY0oMwp6) (!)connect to [127.0.0.1]:10025 failed, attempt #1: Can't connect to socket [127.0.0.1]:10025 using module IO::Socket::IP: Connection refused`,
      `${at} amavis[363]: (rel-YxL7DY0oMwp6) (!)YxL7DY0oMwp6(UBye1xCrqpPe) FWD from <sender@outside.example> -> <bob@example.com>,  451 4.5.0 From MTA() during fwd-connect (All attempts (1) failed connecting to smtp:[127.0.0.1]:10025): id=rel-YxL7DY0oMwp6`,
    ]);
    expect(trace).toMatchObject({ state: 'rejected', complete: true, stuck: false });
  });
});
