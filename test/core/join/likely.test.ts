/** What no id proves: joined only where there is one answer, and called likely. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Link, Trace } from '../../../src/core/trace/trace.js';
import { openInMemory } from '../../../src/store/database.js';
import { contents, importInto } from '../../follow/store.js';
import { SAMPLES } from '../../support/cli.js';
import { merged, withOwnIds, withOwnProcesses } from '../../support/copies.js';
import { tracesOf } from '../../support/core.js';
import { shuffled } from '../../support/shuffle.js';

function sample(name: string): string[] {
  return readFileSync(join(SAMPLES, name, 'maillog'), 'utf8')
    .split('\n')
    .filter(Boolean);
}

const at = (time: string, host = 'mail'): string => `Nov 23 ${time} ${host}`;

/** In through smtpd, up to the queue. */
function received(queueId: string, messageId: string, head: string): string[] {
  return [
    `${head} postfix/smtpd[24336]: ${queueId}: client=client.outside.example[192.0.2.33]`,
    `${head} postfix/cleanup[24340]: ${queueId}: message-id=<${messageId}>`,
    `${head} postfix/qmgr[15713]: ${queueId}: from=<sender@outside.example>, size=389, nrcpt=1 (queue active)`,
  ];
}

/** Back from the filter and into the mailbox. */
function delivered(queueId: string, messageId: string, head: string): string[] {
  return [
    `${head} postfix/smtpd[24350]: ${queueId}: client=localhost[127.0.0.1]`,
    `${head} postfix/cleanup[24340]: ${queueId}: message-id=<${messageId}>`,
    `${head} postfix/qmgr[15713]: ${queueId}: from=<sender@outside.example>, size=769, nrcpt=1 (queue active)`,
    `${head} postfix/local[24360]: ${queueId}: to=<alice@example.com>, relay=local, delay=0.01, delays=0/0/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)`,
    `${head} postfix/qmgr[15713]: ${queueId}: removed`,
  ];
}

const LOST =
  'lost connection with 127.0.0.1[127.0.0.1] while sending end of data -- message may be sent more than once';

/** The feed's line when amavis was killed after it gave the message back. */
function lost(queueId: string, head: string): string {
  return `${head} postfix/lmtp[24345]: ${queueId}: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1.2, delays=0.01/0.01/0/1.2, dsn=4.4.2, status=deferred (${LOST})`;
}

const ids = (traces: readonly Trace[]): string[][] => traces.map(({ queueIds }) => [...queueIds]);

/** Traces of lines that are imported one after another, the oldest first. */
async function imported(...lines: readonly (readonly string[])[]): Promise<Trace[]> {
  const db = openInMemory();
  for (const piece of lines) await importInto(db, piece);
  const traces = contents(db).messages.map(({ trace }) => trace);
  db.close();
  return traces;
}

describe('what the way back refused', () => {
  it.each([
    ['filter_loop', 'too many hops'],
    ['reinject_too_big', 'a copy that was too big'],
    ['reinject_user_unknown', 'an unknown recipient'],
    ['reinject_relay_denied', 'a recipient'],
    ['reinject_rejected', 'every connection'],
  ])('is no message of its own (%s: %s)', (name) => {
    const traces = tracesOf(sample(name));
    expect(traces.filter(({ state }) => state === 'rejected')).toEqual([]);
    for (const trace of traces) expect(trace.client?.helo ?? null).toBeNull();
  });

  it('is none where the way back refuses HELO, which two messages quote at once', () => {
    const now = at('17:53:17');
    const reply = '554 5.7.1 <localhost>: Helo command rejected: go away';
    const refusedAt = (stage: string) =>
      `${now} postfix/smtpd[206]: NOQUEUE: reject: ${stage} from localhost[127.0.0.1]: ${reply}; proto=SMTP helo=<localhost>`;
    const message = (queueId: string, run: string) => [
      ...received(queueId, `${queueId}@outside.example`, now),
      refusedAt('EHLO'),
      refusedAt('HELO'),
      `${now} amavis[191]: (${run}) (!)tCJOhTAty86g FWD from <sender@outside.example> -> <alice@example.com>,  451 4.5.0 From MTA() during fwd-connect (Negative response to HELO: ${reply}): id=${run}`,
      `${now} postfix/lmtp[24345]: ${queueId}: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.1, delays=0.01/0.01/0/0.1, dsn=4.5.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.5.0 id=${run} - Temporary MTA failure on relaying, From MTA() during fwd-connect (Negative response to HELO: ${reply}): id=${run} (in reply to end of DATA command))`,
    ];
    const traces = tracesOf([...message('A88D32444DF', '00191-01'), ...message('B6067244462', '00190-02')]);
    expect(ids(traces)).toEqual([['A88D32444DF'], ['B6067244462']]);
  });

  it('without a recipient is of the message that has several', () => {
    const now = at('17:53:32');
    const reply = '450 4.7.1 <sender@outside.example>: Sender address rejected: data later';
    const message = (queueId: string, run: string, people: readonly string[]) => [
      ...received(queueId, `${queueId}@outside.example`, now),
      `${now} amavis[393]: (${run}) (!)kff5bKI6wePw FWD from <sender@outside.example> -> ${people.map((to) => `<${to}>`).join(',')}, BODY=7BIT 450 4.7.1 from MTA(smtp:[127.0.0.1]:10025): ${reply}`,
      `${now} amavis[393]: (${run}) Blocked MTA-BLOCKED {TempFailedInbound}, [127.0.0.2]:46397 <sender@outside.example> -> ${people.map((to) => `<${to}>`).join(',')}, Queue-ID: ${queueId}, Message-ID: <${queueId}@outside.example>, mail_id: kff5bKI6wePw, Hits: 0, size: 389, 84 ms`,
      ...people.map(
        (to) =>
          `${now} postfix/lmtp[24345]: ${queueId}: to=<${to}>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.1, delays=0.01/0.01/0/0.1, dsn=4.7.1, status=deferred (host 127.0.0.1[127.0.0.1] said: 450 4.7.1 id=${run} - Temporary MTA failure on relaying, from MTA(smtp:[127.0.0.1]:10025): ${reply} (in reply to end of DATA command))`,
      ),
    ];
    const back = (queueId: string, to: string) => [
      `${now} postfix/smtpd[409]: ${queueId}: client=localhost[127.0.0.1]`,
      `${now} postfix/smtpd[409]: ${queueId}: reject: DATA from localhost[127.0.0.1]: ${reply}; from=<sender@outside.example>${to} proto=ESMTP helo=<localhost>`,
    ];
    const traces = tracesOf([
      ...message('959182442B5', '00393-01', ['alice@example.com', 'bob@example.com']),
      ...message('A36BF2442C3', '00394-02', ['carol@example.com']),
      ...back('BB815244335', ''),
      ...back('CB250244353', ' to=<carol@example.com>'),
    ]);
    expect(ids(traces)).toEqual([
      ['959182442B5', 'BB815244335'],
      ['A36BF2442C3', 'CB250244353'],
    ]);
  });

  it('is not of a message that came in after it', () => {
    const reply = '554 5.7.1 <localhost[127.0.0.1]>: Client host rejected: Access denied';
    const refused = (time: string) =>
      `2026-11-23T20:29:${time}+00:00 mail postfix/smtpd[2561]: NOQUEUE: reject: CONNECT from localhost[127.0.0.1]: ${reply}; proto=SMTP`;
    const said = `451 4.5.0 id=02528-02 - Temporary MTA failure on relaying, From MTA() during fwd-connect (Negative greeting: ${reply}): id=02528-02`;
    const traces = tracesOf([
      refused('22.814329'),
      ...received('626382D5', 'x@outside.example', '2026-11-23T20:29:23.403164+00:00 mail'),
      refused('23.503438'),
      `2026-11-23T20:29:23.513085+00:00 mail postfix/lmtp[2625]: 626382D5: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.11, delays=0.01/0.01/0/0.09, dsn=4.5.0, status=deferred (host 127.0.0.1[127.0.0.1] said: ${said} (in reply to end of DATA command))`,
    ]);
    const message = traces.find(({ queueIds }) => queueIds.length > 0);
    expect(traces).toHaveLength(2);
    expect(message?.firstSeen).toBe('2026-11-23T20:29:23.403164Z');
    expect(message?.hops.at(-1)).toMatchObject({ stage: 'reinject', from: '2026-11-23T20:29:23.503438Z' });
  });

  it("is known by sender and recipient where cleanup's header checks refuse two messages alike", () => {
    const now = at('20:37:14');
    const message = (queueId: string, back: string, run: string, to: string) => [
      ...received(queueId, `${queueId}@outside.example`, now),
      `${now} postfix/smtpd[1932]: ${back}: client=localhost[127.0.0.1]`,
      `${now} postfix/cleanup[1936]: ${back}: reject: header Received: from mail.example.com ([127.0.0.1])? by localhost (mail.example.com [127.0.0.1]) (amavis, port 10024) with LMTP? id tBSjNoZQ1E-y for <${to}> from localhost[127.0.0.1]; from=<sender@outside.example> to=<${to}> proto=ESMTP helo=<localhost>: 5.7.1 no`,
      `${now} postfix/lmtp[24345]: ${queueId}: to=<${to}>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.1, delays=0.01/0.01/0/0.1, dsn=5.7.1, status=bounced (host 127.0.0.1[127.0.0.1] said: 550 5.7.1 id=${run} - Rejected by next-hop MTA on relaying, from MTA(smtp:[127.0.0.1]:10025): 550 5.7.1 no (in reply to end of DATA command))`,
    ];
    const traces = tracesOf([
      ...message('470491AC001', '5E37A1AF002', '01900-02', 'bob@example.com'),
      ...message('CE38B1B1003', 'E75E91B7004', '01899-03', 'alice@example.com'),
    ]);
    expect(ids(traces)).toEqual([
      ['470491AC001', '5E37A1AF002'],
      ['CE38B1B1003', 'E75E91B7004'],
    ]);
  });

  it('is a failed hop of the message that it is about', () => {
    const trace = tracesOf(sample('reinject_user_unknown')).find(({ state }) => state === 'bounced');
    expect(trace?.hops.map(({ stage, port, outcome }) => [stage, port, outcome])).toEqual([
      ['receive', 25, 'ok'],
      ['queue', null, 'ok'],
      ['filter', 10024, 'failed'],
      ['reinject', 10025, 'failed'],
    ]);
  });

  it('is linked to the message by what both lines say', () => {
    const trace = tracesOf(sample('reinject_too_big')).find(({ queueIds }) =>
      queueIds.includes('661BE20E28E'),
    );
    expect(trace?.queueIds).toEqual(['661BE20E28E', 'E8C9F20E4D8']);
    expect(trace?.recipients).toMatchObject([{ address: 'alice@example.com', state: 'bounced' }]);
    expect(trace?.links).toContainEqual({
      from: '661BE20E28E',
      to: 'E8C9F20E4D8',
      via: ['message-id', 'reply'],
      confidence: 'likely',
    });
  });

  it.each([
    ['amavis’ lines', (line: string) => !line.includes('amavis[')],
    ['the feed’s line', (line: string) => !line.includes('relay=127.0.0.1[127.0.0.1]:10024')],
  ])('is known without %s', (_name, keep) => {
    const traces = tracesOf(sample('reinject_relay_denied').filter(keep));
    expect(traces.filter(({ queueIds }) => queueIds.length === 0)).toEqual([]);
  });

  it('stays a message when nobody quotes the refusal: a client on this machine was refused', () => {
    const lines = sample('reinject_relay_denied').filter((line) => line.includes('NOQUEUE'));
    expect(tracesOf(lines)).toMatchObject([
      { state: 'rejected', recipients: [{ address: 'alice@example.com', state: 'rejected' }] },
    ]);
  });

  it('stays apart when it is another recipient’s, another time’s or another host’s', () => {
    const [refusal = ''] = sample('reinject_relay_denied').filter((line) => line.includes('NOQUEUE'));
    const quotes = sample('reinject_relay_denied').filter((line) => !line.includes('NOQUEUE'));
    for (const other of [
      refusal.replaceAll('alice@', 'carol@'),
      refusal.replace('03:11:22', '03:11:27'),
      refusal.replace(' mail ', ' mx2 '),
    ]) {
      expect(tracesOf([...quotes, other]).map(({ state }) => state)).toContain('rejected');
    }
  });

  it('is known though amavis quotes an address and smtpd does not', () => {
    const lines = sample('reinject_relay_denied')
      .filter((line) => !line.includes('relay=127.0.0.1[127.0.0.1]:10024'))
      .map((line) =>
        line.replaceAll('<alice@', '<alice b@').replace(/(FWD from \S+ -> )<alice b@/, '$1<"alice b"@'),
      );
    expect(tracesOf(lines).filter(({ queueIds }) => queueIds.length === 0)).toEqual([]);
  });

  it('is not another message’s whose own words of it are lost, though the message-id is the same', () => {
    const one = sample('reinject_too_big');
    const two = withOwnIds(withOwnProcesses(one, 1), 1)
      .filter((line) => !line.includes('MTA('))
      .map((line) => line.replace('.1@', '@'));
    const own = tracesOf(one).map(({ queueIds }) => new Set(queueIds));
    for (const { queueIds } of tracesOf(merged([one, two])))
      for (const ids of own)
        if (queueIds.some((id) => ids.has(id)))
          expect([...ids]).toEqual(expect.arrayContaining([...queueIds]));
  });

  it.each(['reinject_too_big', 'reinject_user_unknown', 'reinject_rejected', 'filter_loop'])(
    'is found line by line, whatever was stored before (%s)',
    async (name) => {
      const lines = sample(name);
      const whole = await imported(lines);
      expect(await imported(...lines.map((line) => [line]))).toEqual(whole);
      expect(await imported(...lines.map((line) => [line]).reverse())).toEqual(whole);
    },
  );
});

describe('a message that amavis gave back before it was killed', () => {
  const first = at('00:31:45');
  const lines = [
    ...received('2ADFE1625BF', 'a@outside.example', first),
    ...delivered('6B43216263F', 'a@outside.example', first),
    lost('2ADFE1625BF', first),
  ];

  it('is joined by its FWD line and the id in its Checking line, with certainty', () => {
    const amavis = [
      `${first} amavis[15699]: (15699-02) Checking: Sw3UHeXlza7M [192.0.2.33] <sender@outside.example> -> <alice@example.com> queue_id=2ADFE1625BF`,
      `${first} amavis[15699]: (15699-02) Sw3UHeXlza7M FWD from <sender@outside.example> -> <alice@example.com>, BODY=7BIT 250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 6B43216263F`,
    ];
    const [trace, ...others] = tracesOf([...lines, ...amavis]);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      queueIds: ['2ADFE1625BF', '6B43216263F'],
      links: [{ from: '2ADFE1625BF', to: '6B43216263F', confidence: 'certain' }],
      filter: [{ amavisId: '15699-02', mailId: 'Sw3UHeXlza7M', verdict: null }],
      recipients: [{ address: 'alice@example.com', state: 'delivered', queueId: '6B43216263F' }],
    });
  });

  it('is likely the one that came back while the filter had it', () => {
    const [trace, ...others] = tracesOf(lines);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      queueIds: ['2ADFE1625BF', '6B43216263F'],
      links: [
        { from: '2ADFE1625BF', to: '6B43216263F', via: ['message-id', 'lost-reply'], confidence: 'likely' },
      ],
      recipients: [{ address: 'alice@example.com', state: 'delivered', queueId: '6B43216263F' }],
    });
  });

  it('is likely the same when a FWD line without the first id tells of it', () => {
    const forward = `${first} amavis[15699]: (15699-02) Sw3UHeXlza7M FWD from <sender@outside.example> -> <alice@example.com>, BODY=7BIT 250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 6B43216263F`;
    const [trace, ...others] = tracesOf([...lines, forward]);
    expect(others).toEqual([]);
    expect(trace?.links.map(({ confidence }) => confidence)).toEqual(['likely']);
    expect(trace?.filter).toMatchObject([{ amavisId: '15699-02', queueId: '2ADFE1625BF' }]);
  });

  it('arrives twice when Postfix tries again', () => {
    const again = at('00:36:45');
    const [trace, ...others] = tracesOf([
      ...lines,
      ...delivered('7B43216263F', 'a@outside.example', again),
      `${again} postfix/lmtp[24345]: 2ADFE1625BF: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=300, delays=300/0.01/0/0.2, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7B43216263F)`,
      `${again} postfix/qmgr[15713]: 2ADFE1625BF: removed`,
    ]);
    expect(others).toEqual([]);
    expect(trace?.queueIds).toEqual(['2ADFE1625BF', '6B43216263F', '7B43216263F']);
    expect(trace).toMatchObject({ state: 'delivered', complete: true });
  });

  it('is not joined when two messages with its message-id may be meant', () => {
    const two = [
      ...lines,
      ...received('3ADFE1625BF', 'a@outside.example', first),
      ...delivered('7B43216263F', 'a@outside.example', first),
      lost('3ADFE1625BF', first),
    ];
    expect(ids(tracesOf(two))).toEqual([['2ADFE1625BF'], ['3ADFE1625BF'], ['6B43216263F'], ['7B43216263F']]);
  });

  it('is let go again when a second one turns up in a later log', async () => {
    const second = delivered('7B43216263F', 'a@outside.example', first);
    const apart = [['2ADFE1625BF'], ['6B43216263F'], ['7B43216263F']];
    expect(ids(await imported(lines))).toEqual([['2ADFE1625BF', '6B43216263F']]);
    expect(ids(await imported(lines, second))).toEqual(apart);
    expect(ids(await imported(second, lines))).toEqual(apart);
    expect(ids(await imported(lines, second, lines))).toEqual(apart);
    expect(ids(tracesOf([...lines, ...second]))).toEqual(apart);
  });

  it.each([
    ['another sender’s', (line: string) => line.replace('sender@', 'other@')],
    ['from before', (line: string) => line.replace('00:31:45', '00:31:30')],
    ['on another host', (line: string) => line.replace(' mail ', ' mx2 ')],
    ['from outside', (line: string) => line.replace('localhost[127.0.0.1]', 'mx.example[198.51.100.7]')],
  ])('is not one that is %s', (_name, change) => {
    const own = [...received('2ADFE1625BF', 'a@outside.example', first), lost('2ADFE1625BF', first)];
    const other = delivered('6B43216263F', 'a@outside.example', first).map(change);
    expect(tracesOf([...own, ...other])).toHaveLength(2);
  });
});

/** An amavis that is told to stop while it gives back a message for three: recorded, Postfix 3.7 and amavisd 2.13. */
const STOPPED = [
  'smtpd[234]: 4195E244149: client=client.outside.example[127.0.0.2]',
  'cleanup[235]: 4195E244149: message-id=<TMWSW41NB00003@outside.example>',
  'qmgr[189]: 4195E244149: from=<sender@outside.example>, size=505, nrcpt=3 (queue active)',
  'smtpd[254]: B15662445B3: client=localhost[127.0.0.1]',
  'cleanup[236]: B15662445B3: message-id=<TMWSW41NB00003@outside.example>',
  'smtpd[254]: B4BF92445D4: client=localhost[127.0.0.1]',
  'qmgr[189]: B15662445B3: from=<sender@outside.example>, size=1017, nrcpt=2 (queue active)',
  'cleanup[244]: B4BF92445D4: message-id=<TMWSW41NB00003@outside.example>',
  'qmgr[189]: B4BF92445D4: from=<sender@outside.example>, size=901, nrcpt=1 (queue active)',
  'local[258]: B15662445B3: to=<alice@example.com>, relay=local, delay=0.1, delays=0.02/0.06/0/0.02, dsn=2.0.0, status=sent (delivered to maildir)',
  'lmtp[241]: 4195E244149: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.5, delays=0.03/0.08/0.01/0.38, dsn=4.3.2, status=deferred (host 127.0.0.1[127.0.0.1] said: 421 4.3.2 Service shutting down, closing channel (in reply to end of DATA command))',
  `lmtp[241]: 4195E244149: to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.6, delays=0.03/0.08/0.01/0.48, dsn=4.4.2, status=deferred (${LOST})`,
  `lmtp[241]: 4195E244149: to=<x@relay.example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.6, delays=0.03/0.08/0.01/0.48, dsn=4.4.2, status=deferred (${LOST})`,
  'local[258]: B15662445B3: to=<bob@example.com>, relay=local, delay=0.19, delays=0.02/0.09/0/0.09, dsn=2.0.0, status=sent (delivered to maildir)',
  'qmgr[189]: B15662445B3: removed',
  'smtp[259]: B4BF92445D4: to=<x@relay.example.net>, relay=127.0.0.1[127.0.0.1]:2602, delay=0.3, delays=0.02/0.16/0.11/0.01, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as SINK000001)',
  'qmgr[189]: B4BF92445D4: removed',
].map((line) => `${at('06:33:54')} postfix/${line}`);

/** The second attempt, which passes. */
const PASSED = [
  ...['alice@example.com', 'bob@example.com', 'x@relay.example.net'].map(
    (to) =>
      `lmtp[492]: 4195E244149: to=<${to}>, relay=127.0.0.1[127.0.0.1]:10024, delay=14, delays=3.6/10/0/0.3, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 0366D244186)`,
  ),
  'qmgr[189]: 4195E244149: removed',
].map((line) => `${at('06:34:08')} postfix/${line}`);

describe('a message that amavis gave back in parts before it was stopped', () => {
  const link = (to: string): Partial<Link> => ({ from: '4195E244149', to, confidence: 'likely' });

  it('is one with all of its copies, each for recipients of its own', () => {
    const [trace, ...others] = tracesOf(STOPPED);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'partial',
      queueIds: ['4195E244149', 'B15662445B3', 'B4BF92445D4'],
      links: [link('B15662445B3'), link('B4BF92445D4')],
    });
    expect(trace?.recipients.map(({ address, state, queueId }) => [address, state, queueId])).toEqual([
      ['alice@example.com', 'delivered', 'B15662445B3'],
      ['bob@example.com', 'delivered', 'B15662445B3'],
      ['x@relay.example.net', 'relayed', 'B4BF92445D4'],
    ]);
  });

  it('is one in any order of the lines, and over imports in any order', async () => {
    const lines = [...STOPPED, ...PASSED];
    const whole = tracesOf(lines);
    expect(ids(whole)).toEqual([['4195E244149', 'B15662445B3', 'B4BF92445D4', '0366D244186']]);
    for (let seed = 1; seed <= 30; seed++) expect(tracesOf(shuffled(lines, 5, seed))).toEqual(whole);
    const stored = await imported(lines);
    for (let cut = 1; cut < lines.length; cut++) {
      expect(await imported(lines.slice(0, cut), lines.slice(cut))).toEqual(stored);
      expect(await imported(lines.slice(cut), lines.slice(0, cut))).toEqual(stored);
    }
  });

  it('is joined with no copy that has a recipient of whom the filter had answered', () => {
    const lines = STOPPED.filter((line) => !line.includes('lost connection') || !line.includes('bob@'));
    expect(ids(tracesOf(lines))).toEqual([['4195E244149', 'B4BF92445D4'], ['B15662445B3']]);
  });

  it.each([
    ['no larger than it', (line: string) => line.replace('size=901', 'size=505')],
    ['from another machine', (line: string) => line.replace('localhost[127.0.0.1]', 'web[192.168.7.7]')],
    [
      'on its way to the filter',
      (line: string) => line.replace('relay=127.0.0.1[127.0.0.1]:2602', 'relay=127.0.0.1[127.0.0.1]:10024'),
    ],
  ])('is not joined with one that is %s', (_name, change) => {
    const lines = STOPPED.map((line) => (line.includes(' B4BF92445D4: ') ? change(line) : line));
    expect(ids(tracesOf(lines))).toEqual([['4195E244149', 'B15662445B3'], ['B4BF92445D4']]);
  });

  it('goes on where an alias sent a copy', () => {
    const lines = [
      ...STOPPED.map((line) =>
        line.includes(' B4BF92445D4: to=')
          ? `${at('06:33:54')} postfix/local[259]: B4BF92445D4: to=<x@relay.example.net>, relay=local, delay=0.3, delays=0/0/0/0.3, dsn=2.0.0, status=sent (forwarded as 2B5221625BF)`
          : line,
      ),
      `${at('06:33:54')} postfix/qmgr[189]: 2B5221625BF: from=<sender@outside.example>, size=1100, nrcpt=1 (queue active)`,
      `${at('06:33:54')} postfix/smtp[8]: 2B5221625BF: to=<x@elsewhere.example>, orig_to=<x@relay.example.net>, relay=mx.elsewhere.example[192.0.2.5]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)`,
    ];
    expect(ids(tracesOf(lines))).toEqual([['4195E244149', 'B4BF92445D4', '2B5221625BF', 'B15662445B3']]);
  });
});

describe('messages with one message-id that amavis gave back before it was stopped', () => {
  const now = at('00:31:45');
  const id = 'same@outside.example';
  const numbers = [1, 2, 3, 4, 5];
  const queued = (n: number): string[] => received(`${n}ADFE1625BF`, id, now);
  const back = (n: number): string[] => delivered(`${n}B43216263F`, id, now);
  const broken = (n: number): string => lost(`${n}ADFE1625BF`, now);
  const passed = (n: number): string[] => [
    `${now} postfix/lmtp[24345]: ${n}ADFE1625BF: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1.2, delays=0.01/0.01/0/1.2, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${n}B43216263F)`,
    `${now} postfix/qmgr[15713]: ${n}ADFE1625BF: removed`,
  ];
  /** Ids of traces that hold more than one message. */
  const mixed = (traces: readonly Trace[]): string[][] =>
    ids(traces).filter((own) => new Set(own.map((queueId) => queueId[0])).size > 1);

  it('stay apart, wherever the log ends and whatever was stored before', async () => {
    const lines = [...numbers.flatMap(queued), ...numbers.flatMap(back), ...numbers.map(broken)];
    for (let cut = 1; cut <= lines.length; cut++) {
      expect(mixed(tracesOf(lines.slice(0, cut)))).toEqual([]);
      expect(mixed(tracesOf(lines.slice(cut)))).toEqual([]);
    }
    expect(ids(tracesOf(lines))).toHaveLength(10);
    const stored = await imported(lines);
    for (let cut = 1; cut < lines.length; cut += 3) {
      expect(await imported(lines.slice(cut), lines.slice(0, cut))).toEqual(stored);
    }
  });

  it('leave the only one whose reply was lost to its copy, once all others are known', async () => {
    const others = [2, 3, 4, 5];
    const lines = [
      ...numbers.flatMap(queued),
      ...numbers.flatMap(back),
      broken(1),
      ...others.flatMap(passed),
    ];
    const whole = numbers.map((n) => [`${n}ADFE1625BF`, `${n}B43216263F`]);
    expect(ids(tracesOf(lines))).toEqual(whole);
    for (let cut = 1; cut < lines.length; cut++) {
      expect(mixed(tracesOf(lines.slice(0, cut)))).toEqual([]);
      expect(ids(await imported(lines.slice(0, cut), lines.slice(cut)))).toEqual(whole);
      expect(ids(await imported(lines.slice(cut), lines.slice(0, cut)))).toEqual(whole);
    }
  });

  it('are not judged while another’s answer is missing', () => {
    const lines = [...queued(1), ...queued(2), ...back(2), broken(1)];
    expect(mixed(tracesOf(lines))).toEqual([]);
    expect(mixed(tracesOf([...lines, broken(2)]))).toEqual([]);
    expect(mixed(tracesOf([...lines, ...passed(2)]))).toEqual([]);
  });

  it('are told apart by their recipients', () => {
    const forBob = (lines: string[]): string[] => lines.map((line) => line.replace('alice@', 'bob@'));
    const lines = [
      ...queued(1),
      ...queued(2),
      ...back(1),
      ...forBob(back(2)),
      broken(1),
      ...forBob([broken(2)]),
    ];
    expect(ids(tracesOf(lines))).toEqual([
      ['1ADFE1625BF', '1B43216263F'],
      ['2ADFE1625BF', '2B43216263F'],
    ]);
  });
});

describe('a run of amavis that was killed before it gave anything back', () => {
  const now = at('00:31:45');
  const message = [...received('2ADFE1625BF', 'a@outside.example', now), lost('2ADFE1625BF', now)];
  const run = (amavisId: string, to = 'alice@example.com', size = 389): string[] => [
    `${now} amavis[15699]: (${amavisId}) LMTP :10024 /var/lib/amavis/tmp/amavis-20261123T003145-15699-0: <sender@outside.example> -> <${to}> SIZE=${size} Received: from mail.example.com ([127.0.0.1]) by localhost (mail.example.com [127.0.0.1]) (amavis, port 10024) with LMTP for <${to}>; Mon, 23 Nov 2026 00:31:45 +0000 (UTC)`,
    `${now} amavis[15699]: (${amavisId}) Checking: Sw3UHeXlza7M [192.0.2.33] <sender@outside.example> -> <${to}>`,
  ];

  it('is likely the one whose line broke off, and no message of its own', () => {
    const [trace, ...others] = tracesOf([...message, ...run('15699-02')]);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'deferred',
      queueIds: ['2ADFE1625BF'],
      filter: [{ amavisId: '15699-02', mailId: 'Sw3UHeXlza7M', verdict: null, queueId: '2ADFE1625BF' }],
      links: [{ from: '2ADFE1625BF', to: '15699-02', via: ['envelope', 'lost-reply'], confidence: 'likely' }],
    });
    expect(trace?.hops.filter(({ stage }) => stage === 'filter')).toMatchObject([
      { port: 10024, amavisId: '15699-02', outcome: 'deferred' },
    ]);
  });

  it.each([
    ['its size is another', run('15699-02', 'alice@example.com', 390)],
    ['its recipient is another', run('15699-02', 'bob@example.com')],
    ['it was at another time', run('15699-02').map((line) => line.replace('00:31:45', '00:31:52'))],
    ['it was on another host', run('15699-02').map((line) => line.replace(' mail ', ' mx2 '))],
  ])('is not joined when %s', (_name, other) => {
    expect(tracesOf([...message, ...other])).toHaveLength(2);
  });

  it('is not joined when two may be meant', () => {
    const other = [...received('3ADFE1625BF', 'b@outside.example', now), lost('3ADFE1625BF', now)];
    expect(tracesOf([...message, ...other, ...run('15699-02')])).toHaveLength(3);
    expect(tracesOf([...message, ...run('15699-02'), ...run('15700-02')])).toHaveLength(3);
  });

  it('is found whatever was stored before, and let go when a second one turns up', async () => {
    const lines = [...message, ...run('15699-02')];
    const whole = await imported(lines);
    expect(whole).toHaveLength(1);
    for (let cut = 1; cut < lines.length; cut++) {
      expect(await imported(lines.slice(0, cut), lines.slice(cut))).toEqual(whole);
      expect(await imported(lines.slice(cut), lines.slice(0, cut))).toEqual(whole);
    }
    const other = [...received('3ADFE1625BF', 'b@outside.example', now), lost('3ADFE1625BF', now)];
    expect(await imported(lines, other)).toHaveLength(3);
    expect(await imported(other, lines)).toHaveLength(3);
  });
});

describe('a filter that pipe(8) runs and that gives mail back by sendmail(1)', () => {
  const now = at('00:31:45');
  const piped = (queueId: string): string[] => [
    ...received(queueId, 'a@outside.example', now),
    `${now} postfix/pipe[24370]: ${queueId}: to=<alice@example.com>, relay=spamassassin, delay=0.5, delays=0.1/0/0/0.4, dsn=2.0.0, status=sent (delivered via spamassassin service)`,
    `${now} postfix/qmgr[15713]: ${queueId}: removed`,
  ];
  const sentBack = (queueId: string, uid = 65534, sender = 'sender@outside.example'): string[] => [
    `${now} postfix/pickup[24371]: ${queueId}: uid=${uid} from=<${sender}>`,
    ...delivered(queueId, 'a@outside.example', now)
      .slice(1)
      .map((line) => line.replace('sender@outside.example', sender)),
  ];

  it('is likely one message', () => {
    const [trace, ...others] = tracesOf([...piped('2ADFE1625BF'), ...sentBack('6B43216263F')]);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'delivered',
      complete: true,
      queueIds: ['2ADFE1625BF', '6B43216263F'],
      links: [{ from: '2ADFE1625BF', to: '6B43216263F', via: ['message-id', 'pipe'], confidence: 'likely' }],
      recipients: [{ address: 'alice@example.com', relay: 'local', queueId: '6B43216263F' }],
    });
  });

  it('is not joined when another of its message-id went the same way in that second', () => {
    const lines = [...piped('2ADFE1625BF'), ...sentBack('6B43216263F'), ...sentBack('7B43216263F')];
    expect(tracesOf(lines)).toHaveLength(3);
    expect(tracesOf([...lines, ...piped('3ADFE1625BF')])).toHaveLength(4);
  });

  it('is not what root sent, nor what another sender did', () => {
    expect(tracesOf([...piped('2ADFE1625BF'), ...sentBack('6B43216263F', 0)])).toHaveLength(2);
    const other = sentBack('6B43216263F', 65534, 'owner-list@example.com');
    expect(tracesOf([...piped('2ADFE1625BF'), ...other])).toHaveLength(2);
  });

  it('is a mailbox when nothing comes back', () => {
    expect(tracesOf(piped('2ADFE1625BF'))).toMatchObject([{ state: 'delivered', complete: true, links: [] }]);
  });
});

describe('amavis that gives mail back by a program', () => {
  const lines = [
    `${at('17:42:06')} postfix/smtpd[536]: BA5F6242125: client=client.outside.example[127.0.0.2]`,
    `${at('17:42:06')} postfix/cleanup[552]: BA5F6242125: message-id=<TMWTJZD7H00034@outside.example>`,
    `${at('17:42:06')} postfix/qmgr[535]: BA5F6242125: from=<sender@outside.example>, size=488, nrcpt=2 (queue active)`,
    `${at('17:42:06')} postfix/pickup[534]: E36352424CA: uid=995 from=<sender@outside.example>`,
    `${at('17:42:06')} postfix/cleanup[559]: E36352424CA: message-id=<TMWTJZD7H00034@outside.example>`,
    `${at('17:42:06')} postfix/qmgr[535]: E36352424CA: from=<sender@outside.example>, size=965, nrcpt=1 (queue active)`,
    `${at('17:42:06')} postfix/local[561]: E36352424CA: to=<alice@example.com>, relay=local, delay=0.02, delays=0.01/0.01/0/0, dsn=2.0.0, status=sent (delivered to maildir)`,
    `${at('17:42:06')} postfix/qmgr[535]: E36352424CA: removed`,
    `${at('17:42:06')} postfix/pickup[534]: E73032424CB: uid=995 from=<sender@outside.example>`,
    `${at('17:42:06')} postfix/cleanup[559]: E73032424CB: message-id=<TMWTJZD7H00034@outside.example>`,
    `${at('17:42:06')} postfix/qmgr[535]: E73032424CB: from=<sender@outside.example>, size=823, nrcpt=1 (queue active)`,
    `${at('17:42:06')} amavis[543]: (00543-01) Passed CLEAN {RelayedInbound,RelayedOpenRelay}, [127.0.0.2]:46397 <sender@outside.example> -> <alice@example.com>,<x@relay.example.net>, Queue-ID: BA5F6242125, Message-ID: <TMWTJZD7H00034@outside.example>, mail_id: VgB7Z34sQbII, Hits: 0, size: 488, 146 ms`,
    `${at('17:42:06')} postfix/lmtp[553]: BA5F6242125: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.21, delays=0.05/0.01/0/0.14, dsn=2.6.0, status=sent (250 2.6.0 Ok, id=00543-01)`,
    `${at('17:42:06')} postfix/lmtp[553]: BA5F6242125: to=<x@relay.example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.21, delays=0.05/0.01/0/0.14, dsn=2.6.0, status=sent (250 2.6.0 Ok, id=00543-01)`,
    `${at('17:42:06')} postfix/qmgr[535]: BA5F6242125: removed`,
    `${at('17:42:07')} postfix/smtp[564]: E73032424CB: to=<x@relay.example.net>, relay=127.0.0.1[127.0.0.1]:2602, delay=0.11, delays=0/0.01/0.1/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as SINK000002)`,
    `${at('17:42:07')} postfix/qmgr[535]: E73032424CB: removed`,
  ];

  it('is told from its reply, which names no MTA: each part that came by sendmail(1) is joined', () => {
    const [trace, ...others] = tracesOf(lines);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'partial',
      complete: true,
      queueIds: ['BA5F6242125', 'E36352424CA', 'E73032424CB'],
    });
    expect(trace?.recipients.map(({ address, state }) => [address, state])).toEqual([
      ['alice@example.com', 'delivered'],
      ['x@relay.example.net', 'relayed'],
    ]);
    expect(trace?.links.map(({ confidence }) => confidence)).toContain('likely');
  });
});
