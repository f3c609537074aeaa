import { describe, expect, it } from 'vitest';
import { nagiosStatus, nagiosUnknown, parseThreshold } from '../../src/core/problem/nagios.js';
import { compareWithQueue, parseQueue } from '../../src/core/problem/queue.js';
import { groupStuck, type StuckGroup } from '../../src/core/problem/stuck.js';
import { disagreementText, stuckJson, stuckText } from '../../src/output/stuck.js';
import { diagnosed } from './helpers.js';
import { cleanMail, received, refused, toFilter, usualMail } from './lines.js';

const NOW = Date.parse('2026-11-23T01:20:01Z') * 1000;
const options = { now: NOW, backoff: null };
const utc = () => 0;

const waiting = [
  ...received('1111162611', { at: '00:20:01' }),
  ...received('2222162612', { at: '00:10:01' }),
  ...refused('1111162611', '00:20:02'),
  ...refused('1111162611', '00:25:02'),
  ...refused('2222162612', '00:20:02'),
];

function groups(lines: readonly string[], setting = {}): StuckGroup[] {
  return groupStuck(diagnosed(lines, setting).traces, options);
}

describe('what waits at the filter', () => {
  it('is grouped by its cause, the oldest message first', () => {
    const [group, ...others] = groups(waiting);
    expect(others).toEqual([]);
    expect(group).toMatchObject({ code: 'filter-refused', severity: 'error', oldest: 4200 });
    expect(group?.messages.map(({ queueId, age, attempts }) => [queueId, age, attempts])).toEqual([
      ['2222162612', 4200, 1],
      ['1111162611', 3600, 2],
    ]);
  });

  it('is as old as its status lines say, where the log begins later', () => {
    const [group] = groups([
      'Nov 23 01:10:01 mail postfix/smtp[8787]: 7A16017BF4: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=13063, delays=13062/0.08/0.21/0.71, dsn=4.5.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.5.0 Error in processing, id=07411-04, virus_scan FAILED: virus_scan: ALL VIRUS SCANNERS FAILED:  (in reply to end of DATA command))',
    ]);
    expect(group?.messages).toMatchObject([{ since: '2026-11-22T21:32:18.000Z', age: 13_663 }]);
  });

  it('counts what the filter refused for good and soft_bounce keeps', () => {
    const [group] = groups([
      ...received('1111162611', { at: '00:20:01' }),
      'Nov 23 00:20:02 mail postfix/lmtp[3031]: 1111162611: to=<erin@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.79, delays=0.7/0/0/0.09, dsn=4.7.0, status=SOFTBOUNCE (host 127.0.0.1[127.0.0.1] said: 554 5.7.0 Reject, id=01205-06 - spam (in reply to end of DATA command))',
    ]);
    expect(group).toMatchObject({ code: 'soft-bounce', messages: [{ queueId: '1111162611' }] });
  });

  it('tells cause and fix once a group', () => {
    const [group] = groups(waiting);
    expect(stuckText([group as StuckGroup], utc).match(/postqueue -f/g)).toHaveLength(1);
  });

  it('has its cause where the way back is put off by a milter', () => {
    const at = 'Nov 23 00:20:01 mail';
    const refusal = '451 4.7.1 Service unavailable - try again later';
    const [group] = groups([
      ...received('1111162611', { at: '00:20:01' }),
      `${at} postfix/smtpd[7]: 9111162611: client=localhost[127.0.0.1]`,
      `${at} postfix/cleanup[8]: 9111162611: message-id=<1111162611@outside.example>`,
      `${at} postfix/cleanup[8]: 9111162611: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: ${refusal.slice(4)}; from=<sender@outside.example> to=<alice@example.com> proto=ESMTP helo=<localhost>`,
      `${at} amavis[9]: (00009-10) (!)FWD from <sender@outside.example> -> <alice@example.com>,BODY=7BIT 451 4.7.1 from MTA(smtp:[127.0.0.1]:10025): ${refusal}`,
      `${at} postfix/smtp[6]: 1111162611: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=4.7.1, status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.7.1 id=00009-10 - Temporary MTA failure on relaying, from MTA(smtp:[127.0.0.1]:10025): ${refusal} (in reply to end of DATA command))`,
    ]);
    expect(group).toMatchObject({ code: 'milter-down' });
  });

  it('keeps different causes apart', () => {
    const reason =
      'conversation with 127.0.0.1[127.0.0.1] timed out while receiving the initial server greeting';
    const other = [
      ...received('3333162613', { at: '00:00:01' }),
      toFilter('3333162613', `deferred (${reason})`),
    ];
    expect(groups([...waiting, ...other]).map(({ code }) => code)).toEqual([
      'filter-saturated',
      'filter-refused',
    ]);
  });

  it('counts mail that the filter does not answer for', () => {
    const found = groups(received('3333162613'), { before: usualMail(), minutesLater: 10 });
    expect(found).toMatchObject([{ code: 'filter-silent' }]);
  });

  it('says that the queue file is damaged or gone, where that is why it waits', () => {
    const corrupt =
      'Nov 23 00:30:01 mail postfix/qmgr[700]: warning: saving corrupt file "1111162611" from queue "active" to queue "corrupt"';
    const gone =
      'Nov 23 00:30:01 mail postfix/smtp[4360]: warning: open active 2222162612: No such file or directory';
    const found = groups([...received('1111162611'), ...received('2222162612'), corrupt, gone], {
      minutesLater: 10,
    });
    expect(found.map(({ code }) => code).sort()).toEqual(['queue-file-corrupt', 'queue-file-gone']);
  });

  it('counts a message of whose recipients only the refused ones are named', () => {
    const refusal =
      'Nov 23 00:00:01 mail postfix/smtpd[1]: 1111162611: reject: RCPT from unknown[192.0.2.7]: 550 5.1.1 <this@example.com>: Recipient address rejected: User unknown in local recipient table; from=<sender@outside.example> to=<this@example.com> proto=ESMTP helo=<x>';
    const found = groups([refusal, ...received('1111162611')], { minutesLater: 10 });
    expect(found).toMatchObject([{ code: null, messages: [{ queueId: '1111162611', recipients: [] }] }]);
  });

  it('leaves out what is delivered', () => {
    expect(groups(cleanMail('1111162611', '2222162612'))).toEqual([]);
  });

  it('leaves out what another server put off', () => {
    const deferred =
      'Nov 23 00:20:05 mail postfix/smtp[600]: 2222162612: to=<x@remote.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to mx.remote.example[198.51.100.1]:25: Connection refused)';
    const lines = [...cleanMail('1111162611', '2222162612', 'x@remote.example').slice(0, 7), deferred];
    expect(groups(lines, { minutesLater: 60 })).toEqual([]);
  });

  it('leaves out a client that only asked whether a recipient exists', () => {
    const asked = received('1111162611').slice(0, 1);
    expect(groups(asked, { before: usualMail(), minutesLater: 60 })).toEqual([]);
  });

  it('leaves out what is on hold', () => {
    const lines = [
      ...received('1111162611'),
      'Nov 23 00:20:02 mail postfix/postsuper[900]: 1111162611: placed on hold',
    ];
    expect(groups(lines, { before: usualMail(), minutesLater: 60 })).toEqual([]);
  });

  it('tells the next attempt only where the waits between them are known', () => {
    const { traces } = diagnosed(waiting);
    const next = (backoff: { minimal: number; maximal: number } | null) =>
      groupStuck(traces, { now: NOW, backoff })[0]?.messages.map(({ nextAttempt }) => nextAttempt);
    expect(next(null)).toEqual([null, null]);
    // As long as the message was old at its last attempt, within the limits.
    expect(next({ minimal: 300, maximal: 4000 })).toEqual([
      '2026-11-23T00:30:03.000Z',
      '2026-11-23T00:30:03.000Z',
    ]);
    expect(next({ minimal: 900, maximal: 4000 })?.[1]).toBe('2026-11-23T00:40:02.000Z');
    expect(next({ minimal: 60, maximal: 200 })?.[0]).toBe('2026-11-23T00:23:22.000Z');
  });

  it('tells it in the zone that is asked for', () => {
    const found = groupStuck(diagnosed(waiting).traces, {
      now: NOW,
      backoff: { minimal: 300, maximal: 4000 },
    });
    expect(stuckText(found, () => 60)).toContain('next not before 2026-11-23 01:30:03');
  });

  it('prints no raw control character', () => {
    const evil = waiting.map((line) => line.replaceAll('sender@', '\u001b]0;x\u0007sender@'));
    const found = groups(evil);
    const lines = received('1111162611').map((line) => line.replace('sender@', '\u001b[2Jsender@'));
    found.push(...groups([...lines, ...refused('1111162611', '00:20:02')]));
    expect(stuckText(found, utc).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(stuckJson(found, []).join('')).not.toMatch(/\p{Cc}/u);
  });

  it('says so when there is nothing', () => {
    expect(stuckText([], utc)).toBe('Nothing waits at the filter.');
  });
});

describe('the line for monitoring', () => {
  const count = (value: number) => ({ kind: 'count', value }) as const;
  const age = (value: number) => ({ kind: 'age', value }) as const;

  it.each([
    ['5', count(5)],
    ['90s', age(90)],
    ['10m', age(600)],
    ['2h', age(7200)],
    ['1d', age(86_400)],
    ['x', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('takes %j as a limit', (text, threshold) => {
    expect(parseThreshold(text)).toEqual(threshold);
  });

  it('is OK when nothing waits, whatever the limits', () => {
    expect(nagiosStatus([], count(0), count(0))).toEqual({
      line: 'AMAVTRACE OK - nothing waits at the filter | stuck=0;0;0;0 oldest=0s;;;0',
      exitStatus: 0,
    });
  });

  it.each([
    [count(1), count(10), 1, 'WARNING'],
    [count(1), count(2), 2, 'CRITICAL'],
    [count(3), count(10), 0, 'OK'],
    [age(3600), age(4200), 2, 'CRITICAL'],
    [age(4200), age(9000), 1, 'WARNING'],
    [count(1), age(9000), 1, 'WARNING'],
  ])('with limits %j and %j has exit status %i', (warning, critical, exitStatus, word) => {
    const status = nagiosStatus(groups(waiting), warning, critical);
    expect(status.exitStatus).toBe(exitStatus);
    expect(status.line).toContain(`AMAVTRACE ${word} - 2 messages wait at the filter`);
  });

  it('has performance data with the limits', () => {
    expect(nagiosStatus(groups(waiting), count(1), age(9000)).line).toMatch(
      / \| stuck=2;1;;0 oldest=4200s;;9000;0$/,
    );
  });

  it('is UNKNOWN in one line when the check failed', () => {
    expect(nagiosUnknown('no such\nfile | really')).toEqual({
      line: 'AMAVTRACE UNKNOWN - no such file   really',
      exitStatus: 3,
    });
  });
});

describe('the live queue', () => {
  const entry = (queueId: string, reason?: string) =>
    JSON.stringify({
      queue_name: 'deferred',
      queue_id: queueId,
      arrival_time: 1_795_393_202,
      message_size: 389,
      forced_expire: false,
      sender: 'sender@outside.example',
      recipients: [
        { address: 'alice@example.com', ...(reason === undefined ? {} : { delay_reason: reason }) },
      ],
    });

  it('is read as postqueue -j writes it', () => {
    expect(parseQueue(`${entry('1111162611', 'connection refused')}\n${entry('2222162612')}\n`)).toEqual([
      {
        queueId: '1111162611',
        queueName: 'deferred',
        arrival: 1_795_393_202,
        sender: 'sender@outside.example',
        recipients: [{ address: 'alice@example.com', reason: 'connection refused' }],
      },
      expect.objectContaining({
        queueId: '2222162612',
        recipients: [{ address: 'alice@example.com', reason: null }],
      }),
    ]);
  });

  it('may be empty', () => {
    expect(parseQueue('')).toEqual([]);
  });

  it('is refused when it is something else', () => {
    expect(() => parseQueue('Mail queue is empty')).toThrow(SyntaxError);
    expect(() => parseQueue('7')).toThrow(SyntaxError);
  });

  const { traces } = diagnosed([...waiting, ...cleanMail('5555162615', '6666162616')]);
  const find = (queueId: string) => traces.find(({ queueIds }) => queueIds.includes(queueId));
  const compare = (ids: readonly string[]) =>
    compareWithQueue(parseQueue(ids.map((id) => entry(id)).join('\n')), traces, find).map(
      ({ kind, queueId }) => [kind, queueId],
    );

  it('agrees with the log when it holds what the log leaves open', () => {
    expect(compare(['1111162611', '2222162612'])).toEqual([]);
    expect(disagreementText([])).toBe('Log and queue agree.');
  });

  it('disagrees where it lacks, has besides, or still has what the log tells otherwise', () => {
    expect(compare(['1111162611', '5555162615', '7777162617'])).toEqual([
      ['gone', '2222162612'],
      ['finished', '5555162615'],
      ['unknown', '7777162617'],
    ]);
  });
});
