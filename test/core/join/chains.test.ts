/** The cases that break naive tracers, each with real lines. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SAMPLES } from '../../support/cli.js';
import { tracesOf } from '../../support/core.js';
import { shuffled } from '../../support/shuffle.js';

function sample(name: string): string[] {
  return readFileSync(join(SAMPLES, name, 'maillog'), 'utf8')
    .split('\n')
    .filter(Boolean);
}

const AT = 'Nov 23 00:25:29 mail';
const at = (time: string): string => `Nov 23 ${time} mail`;

/** A message in through smtpd, fed to amavis, back, into a mailbox. */
function chain(
  q1: string,
  q2: string,
  amavis: string,
  options: { readonly id?: string; readonly head?: string } = {},
): string[] {
  const { id = `${q1}@outside.example`, head = AT } = options;
  return [
    `${head} postfix/smtpd[1]: ${q1}: client=unknown[192.0.2.1]`,
    `${head} postfix/cleanup[2]: ${q1}: message-id=<${id}>`,
    `${head} postfix/qmgr[3]: ${q1}: from=<s@outside.example>, size=389, nrcpt=1 (queue active)`,
    `${head} postfix/smtpd[4]: ${q2}: client=localhost[127.0.0.1]`,
    `${head} postfix/cleanup[2]: ${q2}: message-id=<${id}>`,
    `${head} postfix/qmgr[3]: ${q2}: from=<s@outside.example>, size=769, nrcpt=1 (queue active)`,
    `${head} amavis[5]: (${amavis}) Passed CLEAN {RelayedInbound}, [192.0.2.1]:5 <s@outside.example> -> <alice@example.com>, Queue-ID: ${q1}, Message-ID: <${id}>, mail_id: M${q1}, Hits: -1, size: 389, queued_as: ${q2}, 158 ms`,
    `${head} postfix/lmtp[6]: ${q1}: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.17, delays=0.01/0.01/0.01/0.15, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${q2})`,
    `${head} postfix/qmgr[3]: ${q1}: removed`,
    `${head} postfix/local[7]: ${q2}: to=<alice@example.com>, relay=local, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)`,
    `${head} postfix/qmgr[3]: ${q2}: removed`,
  ];
}

const ids = (lines: readonly string[]): string[][] => tracesOf(lines).map(({ queueIds }) => [...queueIds]);

describe('a chain through the filter', () => {
  it('is one trace with its links and what proved them', () => {
    const [trace, ...others] = tracesOf(chain('8BE9416260E', 'BE6C0162610', '07304-02'));
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      id: 'mail/8BE9416260E/2026-11-23T00:25:29.000Z',
      state: 'delivered',
      complete: true,
      origin: 'smtpd',
      queueIds: ['8BE9416260E', 'BE6C0162610'],
      links: [
        {
          from: '8BE9416260E',
          to: 'BE6C0162610',
          via: ['delivery-reply', 'Queue-ID', 'queued_as'],
          confidence: 'certain',
        },
      ],
      recipients: [
        {
          address: 'alice@example.com',
          originalTo: null,
          state: 'delivered',
          queueId: 'BE6C0162610',
          attempts: 1,
        },
      ],
    });
    expect(trace?.hops.map(({ stage, port, outcome }) => [stage, port, outcome])).toEqual([
      ['receive', 25, 'ok'],
      ['queue', null, 'ok'],
      ['filter', 10024, 'ok'],
      ['reinject', 10025, 'ok'],
      ['queue', null, 'ok'],
      ['deliver', null, 'ok'],
    ]);
  });

  it.each([
    ['amavis’ line', (line: string) => !line.includes('amavis[')],
    ['the feed’s reply', (line: string) => !line.includes('10024')],
    [
      'what came before the filter’s answer',
      (line: string) => !/smtpd\[1\]|message-id|queue active/.test(line),
    ],
  ])('holds together without %s', (_name, keep) => {
    expect(ids(chain('8BE9416260E', 'BE6C0162610', '07304-02').filter(keep))).toEqual([
      ['8BE9416260E', 'BE6C0162610'],
    ]);
  });

  it('holds together without the Queue-ID field', () => {
    const lines = chain('8BE9416260E', 'BE6C0162610', '07304-02').map((line) =>
      line.replace(/ Queue-ID: \w+,/, ''),
    );
    const traces = tracesOf(lines);
    expect(traces.map(({ queueIds }) => queueIds)).toEqual([['8BE9416260E', 'BE6C0162610']]);
    expect(traces[0]?.filter).toHaveLength(1);
  });

  it('is not joined by its message-id', () => {
    const lines = chain('8BE9416260E', 'BE6C0162610', '07304-02')
      .filter((line) => !line.includes('10024'))
      .map((line) => line.replace(/ Queue-ID: \w+,/, '').replace(/, queued_as: \w+/, ''));
    expect(tracesOf(lines).length).toBeGreaterThan(1);
  });

  it('stays apart from others with the same message-id in the same second', () => {
    const same = { id: 'same@outside.example' };
    const lines = [
      ...chain('8BE9416260E', 'BE6C0162610', '07304-02', same),
      ...chain('9BE9416260E', 'CE6C0162610', '07305-02', same),
      ...chain('ABE9416260E', 'DE6C0162610', '07304-02-2', same),
    ];
    expect(ids(lines)).toEqual([
      ['8BE9416260E', 'BE6C0162610'],
      ['9BE9416260E', 'CE6C0162610'],
      ['ABE9416260E', 'DE6C0162610'],
    ]);
  });
});

describe('a message with several Message-ID headers', () => {
  const lines = chain('6AAC2244EC6', '8D68A244EC9', '00394-05-3', { id: 'one@outside.example' }).flatMap(
    (line) => (line.includes('message-id=') ? [line, line.replace('<one@', '<two@')] : [line]),
  );

  it('is one message, by the first of them, as amavis has it', () => {
    for (const read of [lines, [...lines, ...lines]]) {
      const traces = tracesOf(read);
      expect(traces).toMatchObject([
        {
          messageId: 'one@outside.example',
          state: 'delivered',
          complete: true,
          queueIds: ['6AAC2244EC6', '8D68A244EC9'],
        },
      ]);
    }
  });
});

describe('queue ids that come again', () => {
  it('are two messages, hours apart', () => {
    const later = chain('8BE9416260E', 'CE6C0162610', '07399-02', {
      head: at('09:00:00'),
      id: 'later@outside.example',
    });
    expect(ids([...chain('8BE9416260E', 'BE6C0162610', '07304-02'), ...later])).toEqual([
      ['8BE9416260E', 'BE6C0162610'],
      ['8BE9416260E', 'CE6C0162610'],
    ]);
  });

  it('are two messages, a second apart', () => {
    const next = chain('BE6C0162610', '8BE9416260E', '07399-02', {
      head: at('00:25:30'),
      id: 'next@outside.example',
    });
    expect(ids([...chain('8BE9416260E', 'BE6C0162610', '07304-02'), ...next])).toEqual([
      ['8BE9416260E', 'BE6C0162610'],
      ['BE6C0162610', '8BE9416260E'],
    ]);
  });

  it('are two messages even when `removed` of the first was lost', () => {
    const first = chain('8BE9416260E', 'BE6C0162610', '07304-02').filter((line) => !line.endsWith('removed'));
    const later = chain('8BE9416260E', 'CE6C0162610', '07399-02', {
      head: at('05:00:00'),
      id: 'later@outside.example',
    });
    expect(ids([...first, ...later])).toEqual([
      ['8BE9416260E', 'BE6C0162610'],
      ['8BE9416260E', 'CE6C0162610'],
    ]);
  });

  it('are two messages on two hosts', () => {
    const other = chain('8BE9416260E', 'BE6C0162610', '07304-02').map((line) =>
      line.replace(' mail ', ' mx2 '),
    );
    const lines = chain('8BE9416260E', 'BE6C0162610', '07304-02').flatMap((line, i) => [
      line,
      other[i] ?? '',
    ]);
    expect(tracesOf(lines).map(({ host, queueIds }) => [host, ...queueIds])).toEqual([
      ['mail', '8BE9416260E', 'BE6C0162610'],
      ['mx2', '8BE9416260E', 'BE6C0162610'],
    ]);
  });

  it('are one message when the filter is on a host that logs in another zone', () => {
    for (const zone of ['05:25:29', '19:25:29']) {
      const lines = chain('8BE9416260E', 'BE6C0162610', '07304-02', { head: at('12:25:29') }).map((line) =>
        line
          .replace('12:25:29 mail amavis', `${zone} filter amavis`)
          .replace('127.0.0.1[127.0.0.1]:10024', 'filter[192.0.2.6]:10024')
          .replace('smtp:[127.0.0.1]:10025', 'smtp:[192.0.2.5]:10025'),
      );
      const [trace, ...others] = tracesOf(lines);
      expect(others).toEqual([]);
      expect(trace).toMatchObject({ queueIds: ['8BE9416260E', 'BE6C0162610'], state: 'delivered' });
      expect(trace?.filter).toMatchObject([{ amavisId: '07304-02', verdict: 'CLEAN' }]);
    }
  });

  it('are two messages in two instances of one host', () => {
    const out = [
      `${AT} postfix-out/smtpd[11]: 30E1D16262F: client=unknown[192.0.2.9]`,
      `${AT} postfix-out/cleanup[12]: 30E1D16262F: message-id=<out@outside.example>`,
      `${AT} postfix-out/qmgr[13]: 30E1D16262F: from=<o@outside.example>, size=1, nrcpt=1 (queue active)`,
      `${AT} postfix-out/qmgr[13]: 30E1D16262F: removed`,
    ];
    const own = [
      `${AT} postfix/smtpd[1]: 30E1D16262F: client=unknown[192.0.2.1]`,
      `${AT} postfix/cleanup[2]: 30E1D16262F: message-id=<in@outside.example>`,
      `${AT} postfix/qmgr[3]: 30E1D16262F: from=<i@outside.example>, size=1, nrcpt=1 (queue active)`,
      `${AT} postfix/qmgr[3]: 30E1D16262F: removed`,
    ];
    const messageIds = tracesOf(own.flatMap((line, i) => [line, out[i] ?? ''])).map(
      ({ messageId }) => messageId,
    );
    expect(messageIds.sort()).toEqual(['in@outside.example', 'out@outside.example']);
  });

  it('belong to one message when only a service has a syslog_name of its own', () => {
    const lines = chain('8BE9416260E', 'BE6C0162610', '07304-02').map((line) =>
      line
        .replace('postfix/smtpd[1]', 'postfix-submission/smtpd[1]')
        .replace('postfix/lmtp', 'amavis-feed/lmtp'),
    );
    expect(ids(lines)).toEqual([['8BE9416260E', 'BE6C0162610']]);
  });
});

describe('other ways that messages take', () => {
  it('are followed over a requeue, though amavis names the old id', () => {
    const [trace] = tracesOf(
      sample('hold_requeue_delete').filter((line) => /30E1D16262F|60D77162641|834E316262F/.test(line)),
    );
    expect(trace?.queueIds).toEqual(['30E1D16262F', '60D77162641', '834E316262F']);
    expect(trace?.links.map(({ from, to, via }) => [from, to, ...via])).toEqual([
      ['60D77162641', '834E316262F', 'delivery-reply', 'queued_as'],
      ['30E1D16262F', '60D77162641', 'orig_id'],
    ]);
  });

  it('go on as the message that an alias or .forward sends', () => {
    const lines = [
      ...chain('8BE9416260E', '280E816262B', '07304-02').slice(0, 9),
      `${AT} postfix/qmgr[3]: 2B5221625BF: from=<s@outside.example>, size=900, nrcpt=1 (queue active)`,
      `${AT} postfix/local[7]: 280E816262B: to=<alice@example.com>, relay=local, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (forwarded as 2B5221625BF)`,
      `${AT} postfix/qmgr[3]: 280E816262B: removed`,
      `${AT} postfix/smtp[8]: 2B5221625BF: to=<alice@elsewhere.example>, orig_to=<alice@example.com>, relay=mx.elsewhere.example[192.0.2.5]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)`,
      `${AT} postfix/qmgr[3]: 2B5221625BF: removed`,
    ];
    const [trace, ...others] = tracesOf(lines);
    expect(others).toEqual([]);
    expect(trace?.recipients).toMatchObject([
      {
        address: 'alice@elsewhere.example',
        originalTo: 'alice@example.com',
        state: 'relayed',
        queueId: '2B5221625BF',
      },
    ]);
  });

  it('make a bounce a message of its own, child of the first', () => {
    const traces = tracesOf(
      sample('next_hop').filter((line) => /1ECF716261A|602AF162618|625FA16261F|23058-02\)/.test(line)),
    );
    const bounced = traces.find(({ queueIds }) => queueIds.includes('602AF162618'));
    const bounce = traces.find(({ queueIds }) => queueIds.includes('625FA16261F'));
    expect(bounced?.children).toEqual([{ queueId: '625FA16261F', kind: 'bounce' }]);
    expect(bounce?.parent).toMatchObject({ queueId: '602AF162618', kind: 'bounce' });
    expect(bounce?.queueIds).toEqual(['625FA16261F']);
  });

  it('make a copy for one recipient twice when the filter answered too late', () => {
    const feed = `${at('00:26:00')} postfix/lmtp[6]: A3627162611: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024`;
    const lines = [
      `${AT} postfix/smtpd[1]: A3627162611: client=unknown[192.0.2.1]`,
      `${AT} postfix/cleanup[2]: A3627162611: message-id=<slow@outside.example>`,
      `${AT} postfix/qmgr[3]: A3627162611: from=<s@outside.example>, size=389, nrcpt=1 (queue active)`,
      `${feed}, delay=4, delays=0/0/0/4, dsn=4.4.2, status=deferred (conversation with 127.0.0.1[127.0.0.1] timed out while sending end of data -- message may be sent more than once)`,
      ...chain('A3627162611', 'C7A7C162639', '26476-02', { head: at('00:26:05') }).slice(3, 7),
      ...chain('A3627162611', 'C7A7C162639', '26476-02', { head: at('00:26:05') }).slice(9),
      ...chain('A3627162611', 'C3DF7162638', '26476-03', { head: at('00:26:10') }).slice(3),
    ];
    const [trace, ...others] = tracesOf(lines);
    expect(others).toEqual([]);
    expect(trace?.queueIds).toEqual(['A3627162611', 'C7A7C162639', 'C3DF7162638']);
    expect(trace?.filter.map(({ amavisId }) => amavisId)).toEqual(['26476-02', '26476-03']);
    expect(trace?.recipients).toMatchObject([{ address: 'alice@example.com', state: 'delivered' }]);
  });

  it('are one trace in a loop', () => {
    const ring = ['A0000000001', 'A0000000002', 'A0000000003', 'A0000000004'];
    const lines = ring
      .slice(1)
      .flatMap((next, i) =>
        chain(ring[i] ?? '', next, `1000${i}-01`, { id: 'loop@outside.example' }).slice(i === 0 ? 0 : 6, 9),
      );
    expect(ids(lines)).toEqual([ring]);
  });

  it('begin at amavis for a message that was typed into it', () => {
    const [trace] = tracesOf(sample('guide_test_now'));
    expect(trace).toMatchObject({
      origin: 'amavis',
      complete: true,
      recipients: [
        { address: 'alice@mail.example.com', originalTo: 'postmaster@example.com', state: 'delivered' },
      ],
    });
    expect(trace?.hops.map(({ stage }) => stage)).toEqual(['filter', 'reinject', 'queue', 'deliver']);
  });

  it('end at another site’s filter, whose reply names none of our ids', () => {
    const lines = [
      `${AT} postfix/smtpd[1]: 4DC96A0000: client=unknown[192.0.2.1]`,
      `${AT} postfix/cleanup[2]: 4DC96A0000: message-id=<a@b.example>`,
      `${AT} postfix/qmgr[3]: 4DC96A0000: from=<s@outside.example>, size=1, nrcpt=1 (queue active)`,
      `${AT} postfix/smtp[4]: 4DC96A0000: to=<r@far.example>, relay=mx.far.example[198.51.100.42]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ADCC76373)`,
      `${AT} postfix/qmgr[3]: 4DC96A0000: removed`,
    ];
    const [trace] = tracesOf(lines);
    expect(trace?.queueIds).toEqual(['4DC96A0000']);
    expect(trace?.recipients).toMatchObject([{ address: 'r@far.example', state: 'relayed' }]);
    expect(trace?.complete).toBe(true);
  });
});

describe('mail that nobody gets', () => {
  const before = (queueId: string): string[] => [
    `${AT} postfix/smtpd[1]: ${queueId}: client=unknown[192.0.2.1]`,
    `${AT} postfix/cleanup[2]: ${queueId}: message-id=<a@b.example>`,
    `${AT} postfix/qmgr[3]: ${queueId}: from=<s@outside.example>, size=1, nrcpt=1 (queue active)`,
  ];
  const after = (queueId: string): string => `${AT} postfix/qmgr[3]: ${queueId}: removed`;

  it.each([
    [
      'discard(8)',
      'postfix/discard[23132]: 9FA7140BE989: to=<r@source.example>, relay=none, delay=0.02, delays=0.02/0/0/0, dsn=2.0.0, status=sent (source.example)',
    ],
    [
      'discard(8) whose name the head lost',
      'postfix[23132]: 9FA7140BE989: to=<r@source.example>, relay=none, delay=0.02, delays=0.02/0/0/0, dsn=2.0.0, status=sent (silently)',
    ],
    [
      'local(8) for a postmaster without an alias',
      'postfix/local[7]: 9FA7140BE989: to=<postmaster@mail.example.com>, relay=local, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (discarded)',
    ],
  ])('is deleted by %s, not delivered', (_name, line) => {
    const [trace, ...others] = tracesOf([...before('9FA7140BE989'), `${AT} ${line}`, after('9FA7140BE989')]);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ state: 'deleted', complete: true, recipients: [{ state: 'deleted' }] });
  });
});

describe('messages that were refused', () => {
  const reject = (recipient: string, text: string, pid = 1): string =>
    `${AT} postfix/smtpd[${pid}]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: ${text}; from=<s@outside.example> to=<${recipient}> proto=ESMTP helo=<h.example>`;

  it('are traces without a queue id', () => {
    const [trace] = tracesOf([reject('bob@example.com', '554 5.7.1 <bob@example.com>: Relay access denied')]);
    expect(trace).toMatchObject({
      queueIds: [],
      state: 'rejected',
      sender: 's@outside.example',
      client: { address: '192.0.2.1', helo: 'h.example' },
      recipients: [{ address: 'bob@example.com', state: 'rejected' }],
    });
  });

  it('in part keep the refused recipient beside the accepted one', () => {
    const lines = [
      reject('nobody@example.com', '550 5.1.1 <nobody@example.com>: User unknown'),
      ...chain('8BE9416260E', 'BE6C0162610', '07304-02'),
    ];
    const [trace, ...others] = tracesOf(lines);
    expect(others).toEqual([]);
    expect(trace?.state).toBe('partial');
    expect(trace?.recipients.map(({ address, state }) => [address, state])).toEqual([
      ['alice@example.com', 'delivered'],
      ['nobody@example.com', 'rejected'],
    ]);
  });

  it('are not another process’ message', () => {
    const lines = [
      reject('nobody@example.com', '550 5.1.1 <nobody@example.com>: User unknown', 99),
      ...chain('8BE9416260E', 'BE6C0162610', '07304-02'),
    ];
    expect(tracesOf(lines)).toHaveLength(2);
  });
});

describe('long lines that amavis split', () => {
  it('are read as one, whatever stands between the pieces', () => {
    const recipients = Array.from(
      { length: 40 },
      (_, i) => `<alice+${i}-yyyyyyyyyyyyyyyyyyyyyyyy@example.com>`,
    ).join(',');
    const whole = `Passed CLEAN {RelayedInbound}, [192.0.2.1]:5 <s@outside.example> -> ${recipients}, Queue-ID: 8BE9416260E, mail_id: Maaaaaaaaaaa, Hits: -1, size: 389, queued_as: BE6C0162610, 158 ms`;
    const pieces = whole.match(/.{1,900}/g) ?? [];
    const lines = pieces.map(
      (piece, i) =>
        `${AT} amavis[5]: (28266-02) ${i > 0 ? '...' : ''}${piece}${i < pieces.length - 1 ? '...' : ''}`,
    );
    const between = `${AT} amavis[6]: (28267-02) Checking: xxxxxxxxxxxx [192.0.2.1] <o@outside.example> -> <p@example.com>`;
    const trace = tracesOf(lines.flatMap((line) => [line, between])).find(({ queueIds }) =>
      queueIds.includes('8BE9416260E'),
    );
    expect(trace?.queueIds).toEqual(['8BE9416260E', 'BE6C0162610']);
    expect(trace?.filter[0]?.recipients).toHaveLength(40);
    expect(trace?.filter[0]?.durationMs).toBe(158);
  });

  const addresses = Array.from({ length: 40 }, (_, i) => `alice+list-yyyyyyyyyyyyyyyyyyyy-${i}@example.com`);
  const list = addresses.map((address) => `<${address}>`).join(',');
  const texts = [
    `LMTP :10024 /var/lib/amavis/tmp/amavis-20261123T002529-00005-0: <s@outside.example> -> ${list} SIZE=389 Received: from mail.example.com ([127.0.0.1]) by localhost (mail.example.com [127.0.0.1]) (amavis, port 10024) with LMTP; Mon, 23 Nov 2026 00:25:29 +0000 (UTC)`,
    `Checking: iB_-Qd_-ZG74 [192.0.2.1] <s@outside.example> -> ${list}`,
    `spam-tag, <s@outside.example> -> ${list}, No, score=-1 tagged_above=-999 required=6.2 tests=[ALL_TRUSTED=-1] autolearn=ham autolearn_force=no`,
    `iB_-Qd_-ZG74 FWD from <s@outside.example> -> ${list}, BODY=7BIT 250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BE6C0162610`,
    `Passed CLEAN {RelayedInbound}, [192.0.2.1]:5 <s@outside.example> -> ${list}, Queue-ID: 8BE9416260E, mail_id: iB_-Qd_-ZG74, Hits: -1, size: 389, queued_as: BE6C0162610, 158 ms`,
  ];
  const pieces = texts.flatMap((text) => {
    const parts = text.match(/.{1,900}/g) ?? [];
    return parts.map(
      (part, i) =>
        `${AT} amavis[5]: (28266-02) ${i > 0 ? '...' : ''}${part}${i < parts.length - 1 ? '...' : ''}`,
    );
  });
  const fed = addresses.map(
    (address) =>
      `${AT} postfix/lmtp[6]: 8BE9416260E: to=<${address}>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.17, delays=0.01/0.01/0.01/0.15, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BE6C0162610)`,
  );
  const lines = [...chain('8BE9416260E', 'BE6C0162610', '28266-02').slice(0, 6), ...pieces, ...fed];

  it('say the same in any order of their pieces', () => {
    const straight = tracesOf(lines);
    expect(straight).toHaveLength(1);
    expect(straight[0]?.filter).toMatchObject([
      {
        mailId: 'iB_-Qd_-ZG74',
        hits: -1,
        durationMs: 158,
        queueId: '8BE9416260E',
        recipients: { length: 40 },
      },
    ]);
    expect(straight[0]?.recipients).toHaveLength(40);
    for (let seed = 1; seed <= 30; seed++) expect(tracesOf(shuffled(lines, 5, seed))).toEqual(straight);
  });

  it('name nobody that they do not hold when some are missing', () => {
    const unfed = lines.filter((line) => !fed.includes(line));
    for (let n = 0; n < unfed.length; n++) {
      for (let m = n; m < unfed.length; m++) {
        const some = unfed.filter((_line, at) => at !== n && at !== m);
        for (const { recipients, filter } of tracesOf(some)) {
          for (const { address } of recipients) expect(addresses).toContain(address);
          for (const run of filter) expect(addresses).toEqual(expect.arrayContaining([...run.recipients]));
        }
      }
    }
  });

  it('say the same when any of them stand there twice', () => {
    const straight = tracesOf(lines);
    expect(tracesOf(lines.flatMap((line) => [line, line]))).toEqual(straight);
    expect(tracesOf([...lines, ...lines])).toEqual(straight);
    for (let n = 0; n < lines.length; n++)
      expect(tracesOf([...lines.slice(0, n + 1), ...lines.slice(n)])).toEqual(straight);
  });
});
