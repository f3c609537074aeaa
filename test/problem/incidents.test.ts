import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import { Incidents, type IncidentsState, MAX_COUNTED } from '../../src/core/problem/incidents.js';
import { incidentsText } from '../../src/output/incidents.js';
import { catalogue, diagnosed, eventsOf, takeIn } from './helpers.js';
import { cleanMail, fed, received, refused, toFilter } from './lines.js';

const Q1 = '1111162611';
const Q2 = '2222162612';

describe('an incident', () => {
  it('begins with its first sign and ends with the first success after the last', () => {
    const { incidents } = diagnosed([
      ...received(Q1),
      ...refused(Q1, '00:20:02'),
      ...refused(Q1, '00:21:02'),
      ...cleanMail(Q1, Q2, 'alice@example.com', '00:30:00').slice(2),
      ...cleanMail('3333162613', '4444162614', 'bob@example.com', '00:40:00'),
    ]);
    expect(incidents.list()).toMatchObject([
      {
        code: 'filter-refused',
        host: 'mail',
        begin: '2026-11-23T00:20:02.000Z',
        lastSeen: '2026-11-23T00:21:02.000Z',
        end: '2026-11-23T00:30:00.000Z',
        messages: 1,
      },
    ]);
  });

  it('that touched more messages than are counted says so', () => {
    const [incident] = diagnosed([...received(Q1), ...refused(Q1, '00:20:02')]).incidents.list();
    if (incident === undefined) throw new Error('no incident');
    const told = (messages: number): string => incidentsText([{ ...incident, messages }], () => 0, 100);
    expect(told(MAX_COUNTED - 1)).toContain(', 999 messages:');
    expect(told(MAX_COUNTED)).toContain(', 1000 or more messages:');
  });

  it('stays open while nothing works', () => {
    const { incidents } = diagnosed([...received(Q1), ...refused(Q1, '00:20:02')]);
    expect(incidents.list()).toMatchObject([{ code: 'filter-refused', end: null }]);
  });

  it('is another one when it comes again after a success', () => {
    const { incidents } = diagnosed([
      ...received(Q1),
      ...refused(Q1, '00:20:02'),
      ...cleanMail(Q1, Q2, 'alice@example.com', '00:30:00').slice(2),
      ...received('3333162613', { at: '00:50:00' }),
      ...refused('3333162613', '00:50:01'),
    ]);
    expect(incidents.list().map(({ begin, end }) => [begin.slice(11, 19), end?.slice(11, 19)])).toEqual([
      ['00:20:02', '00:30:00'],
      ['00:50:01', undefined],
    ]);
  });

  it('names every message that it touched', () => {
    const { incidents, traces } = diagnosed([
      ...received(Q1),
      ...received(Q2),
      ...refused(Q1, '00:20:02'),
      ...refused(Q2, '00:20:02'),
    ]);
    expect([...(incidents.list()[0]?.messageIds ?? [])].sort()).toEqual(traces.map(({ id }) => id).sort());
  });

  it('is known from messages alone, when no line without one tells', () => {
    const reason =
      'conversation with 127.0.0.1[127.0.0.1] timed out while receiving the initial server greeting';
    const { incidents } = diagnosed([...received(Q1), toFilter(Q1, `deferred (${reason})`)]);
    expect(incidents.list()).toMatchObject([
      { code: 'filter-saturated', messages: 1, end: '2026-11-23T00:20:01.000Z' },
    ]);
  });

  it('is told apart from the next one even when messages become known late', () => {
    const outage = (q1: string, q2: string, minute: string): string[] => [
      ...received(q1, { at: `00:${minute}:01` }),
      toFilter(q1, 'deferred (TLS is required, but was not offered by host 127.0.0.1[127.0.0.1])', {
        at: `00:${minute}:01`,
      }),
      ...cleanMail(q1, q2, 'alice@example.com', `00:${minute}:30`).slice(2),
    ];
    const { incidents } = diagnosed([
      ...outage(Q1, Q2, '20'),
      ...outage('3333162613', '4444162614', '21'),
      ...outage('5555162615', '6666162616', '22'),
    ]);
    expect(
      incidents.list().map(({ code, begin, end }) => [code, begin.slice(11, 19), end?.slice(11, 19)]),
    ).toEqual([
      ['feed-tls', '00:20:01', '00:20:30'],
      ['feed-tls', '00:21:01', '00:21:30'],
      ['feed-tls', '00:22:01', '00:22:30'],
    ]);
  });

  it('that some mail gets through is one as long as it goes on', () => {
    const reason =
      'conversation with 127.0.0.1[127.0.0.1] timed out while receiving the initial server greeting';
    const { incidents } = diagnosed([
      ...received(Q1),
      toFilter(Q1, `deferred (${reason})`, { at: '00:20:02' }),
      ...cleanMail('3333162613', '4444162614', 'bob@example.com', '00:21:00'),
      ...received(Q2),
      toFilter(Q2, `deferred (${reason})`, { at: '00:22:00' }),
    ]);
    expect(incidents.list()).toMatchObject([{ code: 'filter-saturated', messages: 2 }]);
  });

  it('of the next hop is none of the system', () => {
    const { incidents } = diagnosed([
      'Nov 23 00:20:02 mail postfix/smtp[600]: connect to mx.remote.example[198.51.100.1]:25: Connection refused',
    ]);
    expect(incidents.list()).toEqual([]);
  });

  it('on another host is another one', () => {
    const { incidents } = diagnosed([
      ...refused(Q1, '00:20:02'),
      ...refused(Q2, '00:20:02').map((line) => line.replace(' mail ', ' mail2 ')),
    ]);
    expect(incidents.list().map(({ host }) => host)).toEqual(['mail', 'mail2']);
  });

  it('says once for the whole system that clients are not told to amavis', () => {
    const noForward = (q1: string, q2: string): string[] => [
      ...received(q1),
      `Nov 23 00:20:01 mail amavis[300]: (${q1.slice(0, 5)}-01) Passed CLEAN {RelayedInternal}, MYNETS LOCAL [127.0.0.1]:4100 <sender@outside.example> -> <alice@example.com>, Message-ID: <${q1}@outside.example>, mail_id: ${q2}xx, Hits: -1, size: 400, queued_as: ${q2}, 180 ms`,
      ...received(q2, { client: 'localhost[127.0.0.1]' }),
      fed(q1, q2),
    ];
    const { incidents, traces } = diagnosed([
      ...noForward('11111626', '22221626'),
      ...noForward('33331626', '44441626'),
    ]);
    expect(incidents.list()).toMatchObject([{ code: 'xforward-off', messages: 2 }]);
    expect(traces.flatMap(({ problems }) => problems)).toEqual([]);
  });
});

describe('a hint on the configuration', () => {
  const outbound = cleanMail(Q1, Q2, 'x@remote.example').map((line) =>
    line.replace('RelayedInbound', 'RelayedOpenRelay'),
  );
  const later = cleanMail('3333162613', '4444162614', 'x@remote.example', '09:00:00').map((line) =>
    line.replace('RelayedInbound', 'RelayedOpenRelay'),
  );

  it('is one incident, however seldom mail shows it', () => {
    expect(diagnosed([...outbound, ...later]).incidents.list()).toMatchObject([
      { code: 'open-relay-policy', severity: 'info', messages: 2, begin: '2026-11-23T00:20:01.000Z' },
    ]);
  });

  it('is no problem of the mail that shows it', () => {
    expect(diagnosed(outbound).traces.flatMap(({ problems }) => problems)).toEqual([]);
  });
});

describe('what a message showed before all of it was read', () => {
  // Up to here the copy that came back first seems to have been delivered beside the second.
  const loop = readFileSync('samples/filter_loop/maillog', 'utf8').split('\n').slice(0, 38);
  const part = loop.slice(0, 17);

  it('is no incident when the rest shows that it was none', () => {
    const incidents = new Incidents(catalogue, new MailPath());
    takeIn(part, incidents);
    expect(incidents.list()).toMatchObject([{ code: 'duplicate-delivery', messages: 1 }]);

    takeIn(loop, incidents);

    expect(incidents.list()).toEqual([]);
  });

  it('is one still where a line without a message tells of it', () => {
    const { incidents } = diagnosed([...received(Q1), ...refused(Q1, '00:20:02')]);

    for (const [ref] of incidents.state().incidents.flatMap(({ ids }) => ids)) incidents.forget(ref);

    expect(incidents.list()).toMatchObject([{ code: 'filter-refused', messages: 0 }]);
  });
});

describe('what is known of the system', () => {
  it('is the same after a restart', () => {
    const lines = [...received(Q1), ...refused(Q1, '00:20:02')];
    const { incidents } = diagnosed(lines);
    const path = new MailPath();
    const again = new Incidents(
      catalogue,
      path,
      JSON.parse(JSON.stringify(incidents.state())) as IncidentsState,
    );
    expect(again.list()).toEqual(incidents.list());
    for (const event of eventsOf(cleanMail(Q1, Q2, 'alice@example.com', '00:30:00'))) again.event(event);
    expect(again.list()).toMatchObject([{ code: 'filter-refused', end: '2026-11-23T00:30:00.000Z' }]);
  });

  it('is not told twice when the same log is read again', () => {
    const outage = (q1: string, q2: string, minute: string): string[] => [
      ...received(q1, { at: `00:${minute}:01` }),
      ...refused(q1, `00:${minute}:02`),
      ...cleanMail(q1, q2, 'alice@example.com', `00:${minute}:30`).slice(2),
    ];
    const lines = [...outage(Q1, Q2, '20'), ...outage('3333162613', '4444162614', '40')];
    const once = diagnosed(lines).incidents;
    expect(once.list()).toHaveLength(2);
    expect(diagnosed(lines, { before: lines }).incidents.list()).toEqual(once.list());
    const restored = new Incidents(catalogue, new MailPath(), once.state());
    for (const event of eventsOf(lines)) restored.event(event);
    expect(restored.list()).toEqual(once.list());
  });
});

describe('which signs are one incident', () => {
  const reason =
    'conversation with 127.0.0.1[127.0.0.1] timed out while receiving the initial server greeting';
  const sign = (queueId: string, clock: string): string[] => [
    ...received(queueId, { at: clock }),
    toFilter(queueId, `deferred (${reason})`, { at: clock }),
  ];
  const works = (q1: string, q2: string, clock: string): string[] =>
    cleanMail(q1, q2, 'bob@example.com', clock).slice(2);
  const known = (...parts: readonly (readonly string[])[]): object[] => {
    const incidents = new Incidents(catalogue, new MailPath());
    for (const part of parts) {
      for (const event of eventsOf(part)) incidents.event(event);
      takeIn(part, incidents);
    }
    return incidents.list().map(({ code, begin, end, lastSeen }) => ({ code, begin, end, lastSeen }));
  };

  it('does not depend on the order in which messages become known', () => {
    const signs = [sign(Q1, '00:20:02'), sign(Q2, '00:28:00'), sign('3333162613', '00:36:00')] as const;
    const inOrder = known(...signs);

    expect(inOrder).toMatchObject([
      { begin: '2026-11-23T00:20:02.000Z', lastSeen: '2026-11-23T00:36:00.000Z' },
    ]);
    expect(known(signs[0], signs[2], signs[1])).toEqual(inOrder);
    expect(known(signs[2], signs[1], signs[0])).toEqual(inOrder);
  });

  it('does not depend on how often a message that goes on is looked at', () => {
    const later = [...sign(Q1, '00:20:02'), toFilter(Q1, `deferred (${reason})`, { at: '00:26:00' })];

    expect(known(sign(Q1, '00:20:02'), later)).toEqual(known(later));
  });

  it('and where they end does not depend on when what worked is told', () => {
    const refusals = [
      ...received(Q1),
      toFilter(Q1, 'deferred (TLS is required, but was not offered by host 127.0.0.1[127.0.0.1])', {
        at: '00:20:02',
      }),
    ];
    const first = works('3333162613', '4444162614', '00:21:00');
    const second = works('5555162615', '6666162616', '00:22:00');
    const inOrder = known(refusals, first, second);

    expect(inOrder).toMatchObject([{ code: 'feed-tls', end: '2026-11-23T00:21:00.000Z' }]);
    expect(known(refusals, second, first)).toEqual(inOrder);
    expect(known(first, second, refusals)).toEqual(inOrder);
  });

  it('is known after a restart too, though a message is put away late', () => {
    const refusals = [
      ...received(Q1),
      toFilter(Q1, 'deferred (TLS is required, but was not offered by host 127.0.0.1[127.0.0.1])', {
        at: '00:20:02',
      }),
    ];
    const before = new Incidents(catalogue, new MailPath());
    const success = [
      ...works('3333162613', '4444162614', '00:21:00'),
      ...works('5555162615', '6666162616', '00:22:00'),
    ];
    for (const event of eventsOf(success)) before.event(event);
    const after = new Incidents(catalogue, new MailPath(), before.state());
    takeIn(refusals, after);

    expect(after.list()).toMatchObject([{ end: '2026-11-23T00:21:00.000Z' }]);
  });
});

describe('times in which the log lost lines', () => {
  const at = (time: string): number => Date.parse(`2026-11-23T${time}Z`) * 1000;

  it('reach from the first drop to the count', () => {
    const { incidents } = diagnosed([
      'Nov 23 00:20:00 mail rsyslogd: imuxsock begins to drop messages from pid 77845 due to rate-limiting',
      'Nov 23 00:21:30 mail rsyslogd: imuxsock lost 236 messages from pid 77845 due to rate-limiting',
    ]);
    expect(incidents.gaps.windows).toEqual([{ host: 'mail', begin: at('00:20:00'), end: at('00:21:30') }]);
  });

  it('reach back over the interval that the line names', () => {
    const { incidents } = diagnosed([
      'Nov 23 00:20:00 mail rsyslogd: imjournal: 406 messages lost due to rate-limiting (20000 allowed within 300 seconds)',
    ]);
    expect(incidents.gaps.windows).toEqual([{ host: 'mail', begin: at('00:15:00'), end: at('00:20:00') }]);
  });

  it('excuse messages that went silent before their end, on that host only', () => {
    const { gaps } = diagnosed([
      'Nov 23 00:20:00 mail rsyslogd: imjournal: 406 messages lost due to rate-limiting',
    ]).incidents;
    expect(gaps.since('mail', at('00:19:00'))).toBe(true);
    expect(gaps.since('mail', at('00:20:01'))).toBe(false);
    expect(gaps.since('mail2', at('00:19:00'))).toBe(false);
  });

  it('are an incident', () => {
    const { incidents } = diagnosed([
      'Nov 23 00:20:00 mail rsyslogd: imjournal: 406 messages lost due to rate-limiting',
    ]);
    expect(incidents.list()).toMatchObject([{ code: 'log-gaps', severity: 'warning' }]);
  });
});
