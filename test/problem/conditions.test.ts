import { describe, expect, it } from 'vitest';
import type { Problem, Trace } from '../../src/core/trace/trace.js';
import { codesOf, diagnosed, type Setting } from './helpers.js';
import {
  active,
  cleanMail,
  delivered,
  fed,
  received,
  refused,
  removed,
  toFilter,
  usualMail,
  verdict,
} from './lines.js';

const Q1 = '1111162611';
const Q2 = '2222162612';
const Q3 = '3333162613';

function traceOf(lines: readonly string[], setting?: Setting): Trace {
  const [trace, ...others] = diagnosed(lines, setting).traces;
  expect(others).toEqual([]);
  if (trace === undefined) throw new Error('no trace');
  return trace;
}

function problem(trace: Trace, code: string): Problem {
  const found = trace.problems.find((one) => one.code === code);
  if (found === undefined) throw new Error(`no ${code} among ${codesOf([trace]).join(', ') || 'none'}`);
  return found;
}

describe('mail that never had trouble', () => {
  it('has no problem', () => {
    expect(traceOf(cleanMail(Q1, Q2)).problems).toEqual([]);
  });

  it('has none on a busy system either', () => {
    expect(codesOf(diagnosed(usualMail(300), { before: usualMail(250) }).traces)).toEqual([]);
  });

  it('has none when it passes two filters at different ports', () => {
    const lines = [
      ...received(Q1),
      fed(Q1, Q2),
      ...received(Q2, { client: 'localhost[127.0.0.1]' }),
      toFilter(Q2, `sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10027): 250 2.0.0 Ok: queued as ${Q3})`, {
        relay: '127.0.0.1[127.0.0.1]:10026',
      }),
      ...received(Q3, { client: 'localhost[127.0.0.1]' }),
      delivered(Q3),
      ...[Q1, Q2, Q3].map((id) => removed(id)),
    ];
    expect(codesOf(diagnosed(lines, { filters: ['127.0.0.1:10024', '127.0.0.1:10026'] }).traces)).toEqual([]);
  });

  it('has none when the ports of its two filters are not known', () => {
    const pass = (from: string, to: string, port: number, run: string) => [
      ...received(to, { client: 'localhost[127.0.0.1]' }),
      `Nov 23 00:20:01 mail amavis[300]: (${run}) Passed CLEAN {RelayedInternal}, ORIGINATING LOCAL [192.0.2.7]:4100 <sender@outside.example> -> <alice@example.com>, Queue-ID: ${Q1}, Message-ID: <x@outside.example>, mail_id: ${to}xx, Hits: -1, size: 400, queued_as: ${to}, 180 ms`,
      toFilter(
        from,
        `sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:${port + 1}): 250 2.0.0 Ok: queued as ${to})`,
        {
          relay: `127.0.0.1[127.0.0.1]:${port}`,
        },
      ),
    ];
    const lines = [
      ...received(Q1),
      ...pass(Q1, Q2, 10_026, '300-01'),
      ...pass(Q2, Q3, 10_032, '301-01'),
      delivered(Q3),
    ];
    expect(codesOf(diagnosed(lines).traces)).toEqual([]);
  });

  it('has none when one list of recipients comes back under several queue ids', () => {
    const lines = [
      ...received(Q1),
      ...received(Q2, { client: 'localhost[127.0.0.1]' }),
      ...received(Q3, { client: 'localhost[127.0.0.1]' }),
      'Nov 23 00:20:01 mail amavis[300]: (300-01) Passed CLEAN {RelayedInbound}, [192.0.2.7]:4100 <sender@outside.example> -> <alice@example.com>,<bob@example.com>, Queue-ID: 1111162611, Message-ID: <x@outside.example>, mail_id: abcdefghijkl, Hits: -1, size: 400, queued_as: 2222162612/3333162613, 180 ms',
      delivered(Q2),
      delivered(Q3, 'bob@example.com'),
      fed(Q1, Q2),
      fed(Q1, Q3, 'bob@example.com'),
      ...[Q1, Q2, Q3].map((id) => removed(id)),
    ];
    expect(traceOf(lines).problems).toEqual([]);
  });

  it('has none when it is written to both an alias and its member', () => {
    const lines = [
      ...received(Q1),
      fed(Q1, Q2, 'team@example.com'),
      fed(Q1, Q2, 'alice@example.com'),
      ...received(Q2, { client: 'localhost[127.0.0.1]' }),
      delivered(Q2, 'alice@example.com', '00:20:01', 'team@example.com'),
      delivered(Q2, 'alice@example.com'),
      removed(Q1),
      removed(Q2),
    ];
    expect(traceOf(lines).problems).toEqual([]);
  });
});

describe('an outage of the filter', () => {
  const outage = [...received(Q1), ...refused(Q1, '00:20:02')];
  const suspended = toFilter(
    Q1,
    'deferred (delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
    { at: '00:25:00', relay: 'none' },
  );

  it('is one problem, however many lines tell of it', () => {
    const trace = traceOf([...outage, active(Q1, '00:24:59'), suspended]);
    expect(trace.problems).toHaveLength(1);
    expect(problem(trace, 'filter-refused')).toMatchObject({
      severity: 'error',
      stage: 'filter',
      queueId: Q1,
      resolved: false,
      count: 2,
      firstSeen: '2026-11-23T00:20:02.000Z',
      lastSeen: '2026-11-23T00:25:00.000Z',
      explains: ['filter-suspended'],
    });
  });

  it('fills its texts with what the log tells', () => {
    const trace = traceOf(
      outage.map((line) => line.replaceAll(':10024', ':10026')),
      { filters: ['127.0.0.1:10026'] },
    );
    const { summary, fix } = problem(trace, 'filter-refused');
    expect(summary).toContain('127.0.0.1:10026');
    expect(fix).toContain('telnet 127.0.0.1 10026');
  });

  it('is resolved once the filter took the message', () => {
    const trace = traceOf([...outage, ...cleanMail(Q1, Q2, 'alice@example.com', '00:30:00').slice(2)]);
    expect(problem(trace, 'filter-refused')).toMatchObject({ resolved: true, count: 1 });
  });

  it('is not resolved when only one of two recipients got through', () => {
    const other = refused(Q1, '00:20:02').map((line) => line.replace('alice@', 'bob@'));
    const trace = traceOf([...outage, ...other, fed(Q1, Q2, 'alice@example.com', '00:30:00')]);
    expect(problem(trace, 'filter-refused').resolved).toBe(false);
  });

  it('keeps its evidence as it was logged', () => {
    expect(problem(traceOf(outage), 'filter-refused').evidence).toContain(outage.at(-1));
  });

  it('is blamed on the port when amavis says that it listens elsewhere', () => {
    const told =
      'Nov 23 00:10:00 mail amavis[300]: Net::Server: Binding to TCP port 10024 on host 127.0.0.1 with IPv4';
    const trace = traceOf([told, ...received(Q1), ...refused(Q1, '00:20:02', 10026)]);
    expect(trace.problems.map(({ code }) => code)).toEqual(['filter-wrong-port']);
    expect(problem(trace, 'filter-wrong-port').summary).toContain('port 10024');
  });

  it('is blamed on the port where only the filter is customary, though amavis did not say where it listens', () => {
    const trace = traceOf([...received(Q1), ...refused(Q1, '00:20:02', 10026)]);
    expect(codesOf([trace])).toEqual(['filter-wrong-port']);
    expect(problem(trace, 'filter-wrong-port').summary).toContain('Nothing listens at 127.0.0.1:10026');
    expect(problem(trace, 'filter-wrong-port').fix).toContain('postsuper -r ALL deferred');
  });

  it('is blamed on no filter at a port that a mailbox server has', () => {
    const trace = traceOf([...received(Q1), ...refused(Q1, '00:20:02', 24)]);
    expect(codesOf([trace])).toEqual(['delivery-deferred']);
  });

  it('is blamed on IPv6 when only ::1 refuses', () => {
    const line =
      'Nov 23 00:20:02 mail postfix/lmtp[500]: connect to localhost[::1]:10024: Connection refused';
    const reason = 'connect to localhost[::1]:10024: Connection refused';
    const trace = traceOf([...received(Q1), line, toFilter(Q1, `deferred (${reason})`, { relay: 'none' })]);
    expect(codesOf([trace])).toEqual(['filter-ipv6-first']);
  });

  it('is blamed on what amavis said when it did not start', () => {
    const fatal =
      'Nov 23 00:20:00 mail amavis[300]: (!!)TROUBLE in pre_loop_hook: db_init: BDB no dbS: BDB0002 __fop_file_setup:  Retry limit (100) exceeded, File exists. at (eval 92) line 318.';
    const trace = traceOf([fatal, ...outage]);
    expect(codesOf([trace])).toEqual(['amavis-bdb']);
    expect(problem(trace, 'amavis-bdb')).toMatchObject({ explains: ['filter-refused'], count: 1 });
    expect(problem(trace, 'amavis-bdb').evidence[0]).toBe(fatal);
  });

  it('is blamed on the temporary directory without which amavis did not start', () => {
    const fatal =
      'Nov 23 00:20:00 mail amavis[300]: (!!)TROUBLE in pre_loop_hook: TEMPBASE directory is not writable: /var/lib/amavis/tmp at /usr/share/perl5/Amavis.pm line 1103.';
    expect(codesOf([traceOf([fatal, ...outage])])).toEqual(['amavis-tempdir']);
  });

  it.each([
    [
      'amavis-tempdir',
      '(!!)TROUBLE in process_request: Error in tempdir() using /var/lib/amavis/tmp/amavis-XXXX: Could not create directory /var/lib/amavis/tmp/amavis-20261123T002001-00021-aB: Permission denied at /usr/share/perl5/Amavis/TempDir.pm line 112.',
    ],
    [
      'amavis-tempdir',
      "TROUBLE in process_request: Can't create directory /var/amavis/amavis-20261123T002001-00021: Permission denied at /usr/sbin/amavisd-new line 5567.",
    ],
    [
      'amavis-stale-file',
      "(!!)TROUBLE in process_request: Can't create file /var/amavis/tmp/amavis-20261123T002001-00021/email.txt: File exists at /usr/sbin/amavisd line 4402.",
    ],
    [
      'amavis-child-timeout',
      '(!)Requesting process rundown, task exceeded allowed time during waiting for input from client',
    ],
    [
      'amavis-disk',
      "(!!)TROUBLE in process_request: Can't create file /var/amavis/tmp/amavis-20261123T002001-00021/email.txt: No space left on device at /usr/sbin/amavisd line 4402.",
    ],
  ])('%s is named by the run of amavis that ended before it knew of a message', (code, text) => {
    const line = `Nov 23 00:20:02 mail amavis[21]: (00021-05) ${text}`;
    for (const reason of [
      'lost connection with 127.0.0.1[127.0.0.1] while sending RCPT TO',
      'host 127.0.0.1[127.0.0.1] said: 421 4.3.2 Service shutting down, closing channel (in reply to MAIL FROM command)',
    ]) {
      const trace = traceOf([...received(Q1), line, toFilter(Q1, `deferred (${reason})`)]);
      expect(codesOf([trace])).toEqual([code]);
      expect(problem(trace, code).evidence[0]).toBe(line);
    }
  });

  it('is not blamed on a trouble that was over before', () => {
    const fatal =
      'Nov 23 00:01:00 mail amavis[300]: (!!)TROUBLE in pre_loop_hook: db_init: BDB no dbS: BDB0002 __fop_file_setup:  Retry limit (100) exceeded, File exists. at (eval 92) line 318.';
    const { traces } = diagnosed([
      fatal,
      ...cleanMail('9999162611', '8888162611', 'bob@example.com', '00:05:00'),
      ...outage,
    ]);
    expect(codesOf(traces)).toEqual(['filter-refused']);
  });
});

describe('a refusal is told by where it happened', () => {
  const next = (q: string, outcome: string, relay = 'none') =>
    `Nov 23 00:20:05 mail postfix/smtp[600]: ${q}: to=<x@remote.example>, relay=${relay}, delay=1, delays=0/0/0/1, dsn=4.4.1, status=${outcome}`;
  const through = [
    ...received(Q1),
    ...received(Q2, { client: 'localhost[127.0.0.1]' }),
    fed(Q1, Q2, 'x@remote.example'),
  ];

  it.each([
    ['next-hop-refused', 'deferred (connect to mx.remote.example[198.51.100.1]:25: Connection refused)'],
    ['next-hop-deferred', 'deferred (connect to mx.remote.example[198.51.100.1]:25: Connection timed out)'],
    [
      'next-hop-deferred',
      'deferred (host mx.remote.example[198.51.100.1] said: 451 4.7.1 try later (in reply to RCPT TO command))',
    ],
    [
      'next-hop-rejected',
      'bounced (host mx.remote.example[198.51.100.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))',
    ],
    [
      'next-hop-rejected',
      'bounced (Host or domain name not found. Name service error for name=remote.example type=A: Host not found)',
    ],
  ])('behind the filter: %s', (code, outcome) => {
    expect(codesOf([traceOf([...through, next(Q2, outcome)])])).toEqual([code]);
  });

  it('on this machine, but not at the filter', () => {
    const reason = 'connect to 127.0.0.1[127.0.0.1]:2525: Connection refused';
    expect(codesOf([traceOf([...through, next(Q2, `deferred (${reason})`)])])).toEqual(['next-hop-refused']);
  });

  it('at the mailbox', () => {
    const bounced = `Nov 23 00:20:05 mail postfix/local[600]: ${Q2}: to=<x@example.com>, relay=local, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (unknown user: "x")`;
    expect(codesOf([traceOf([...through, bounced])])).toEqual(['delivery-bounced']);
  });

  it('names each recipient’s own trouble', () => {
    const lines = [
      ...through,
      fed(Q1, Q2, 'y@remote.example'),
      next(Q2, 'deferred (connect to mx.remote.example[198.51.100.1]:25: Connection refused)'),
      next(Q2, 'deferred (host mx.remote.example[198.51.100.1] said: 451 try later)').replace('x@', 'y@'),
    ];
    expect(codesOf([traceOf(lines)]).sort()).toEqual(['next-hop-deferred', 'next-hop-refused']);
  });
});

describe('a loop', () => {
  const round = (from: string, to: string, at: string) => [
    ...received(to, { at, client: 'localhost[127.0.0.1]' }),
    fed(from, to, 'alice@example.com', at),
    removed(from, at),
  ];

  it('is seen at its second round', () => {
    const trace = traceOf([...received(Q1), ...round(Q1, Q2, '00:20:02'), ...round(Q2, Q3, '00:20:03')]);
    expect(problem(trace, 'filter-loop')).toMatchObject({ severity: 'error', count: 1, resolved: false });
  });

  it('is put down to content_filter or to a route, since its lines are the same', () => {
    const trace = traceOf([...received(Q1), ...round(Q1, Q2, '00:20:02'), ...round(Q2, Q3, '00:20:03')]);
    const { cause, fix } = problem(trace, 'filter-loop') ?? {};
    for (const text of [cause, fix]) {
      expect(text).toContain('content_filter');
      expect(text).toContain('transport_maps');
    }
  });

  it('explains the bounce that ends it', () => {
    const end = toFilter(
      Q3,
      'bounced (host 127.0.0.1[127.0.0.1] said: 554 5.4.0 id=300-07 - Rejected by next-hop MTA on relaying, from MTA(smtp:[127.0.0.1]:10025): 554 5.4.0 Error: too many hops (in reply to end of DATA command))',
      { at: '00:20:04' },
    );
    const trace = traceOf([...received(Q1), ...round(Q1, Q2, '00:20:02'), ...round(Q2, Q3, '00:20:03'), end]);
    expect(codesOf([trace])).toEqual(['filter-loop']);
  });

  it('is not what a requeued message does', () => {
    const lines = [
      ...received(Q1),
      ...received(Q2, { client: 'localhost[127.0.0.1]' }),
      fed(Q1, Q2),
      `Nov 23 00:20:05 mail postfix/postsuper[900]: ${Q2}: requeued`,
      `Nov 23 00:20:05 mail postfix/pickup[901]: ${Q3}: uid=102 from=<sender@outside.example> orig_id=${Q2}`,
      active(Q3, '00:20:05'),
      ...received('4444162614', { at: '00:20:06', client: 'localhost[127.0.0.1]' }),
      fed(Q3, '4444162614', 'alice@example.com', '00:20:06'),
    ];
    const codes = codesOf(diagnosed(lines).traces);
    expect(codes).toContain('requeued');
    expect(codes).not.toContain('filter-loop');
  });
});

describe('two copies', () => {
  const timeout = toFilter(
    Q1,
    'deferred (conversation with 127.0.0.1[127.0.0.1] timed out while sending end of data -- message may be sent more than once)',
    { at: '00:20:05', delays: '0/0/0/4' },
  );
  const copy = (q: string, at: string, to = 'alice@example.com') => [
    ...received(q, { at, client: 'localhost[127.0.0.1]' }),
    verdict(Q1, q, to, at),
    delivered(q, to, at),
    removed(q, at),
  ];

  it('after a timeout are proved by two runs for one recipient', () => {
    const trace = traceOf([
      ...received(Q1),
      timeout,
      ...copy(Q2, '00:20:10'),
      ...copy(Q3, '00:20:15'),
      fed(Q1, Q3, 'alice@example.com', '00:20:15'),
    ]);
    expect(problem(trace, 'duplicate-delivery')).toMatchObject({ resolved: false, severity: 'error' });
    expect(problem(trace, 'filter-timeout').resolved).toBe(true);
  });

  it('after Postfix was stopped in the middle are no second blind copy', () => {
    const trace = traceOf([
      ...received(Q1),
      active(Q1, '00:20:06'),
      ...copy(Q2, '00:20:10'),
      ...copy(Q3, '00:20:15'),
      fed(Q1, Q3, 'alice@example.com', '00:20:15'),
      removed(Q1, '00:20:15'),
    ]);
    expect(codesOf([trace])).toEqual(['duplicate-delivery']);
  });

  it('are not there when each run was for another recipient', () => {
    const trace = traceOf([
      ...received(Q1),
      ...copy(Q2, '00:20:10'),
      ...copy(Q3, '00:20:15', 'bob@example.com'),
      fed(Q1, Q2, 'alice@example.com', '00:20:10'),
      fed(Q1, Q3, 'bob@example.com', '00:20:15'),
    ]);
    expect(codesOf([trace])).not.toContain('duplicate-delivery');
  });

  it('are not there when what came back was requeued, and so filtered again, before anybody had it', () => {
    const greylisted = `Nov 23 00:20:02 mail postfix/smtp[314]: ${Q2}: to=<x@temp.example.net>, relay=mx.temp.example.net[192.0.2.4]:25, delay=0.1, delays=0/0/0.1/0, dsn=4.2.0, status=deferred (host mx.temp.example.net[192.0.2.4] said: 450 4.2.0 greylisted (in reply to RCPT TO command))`;
    const again = 'D5A7224702F';
    const trace = traceOf([
      ...received(Q1),
      ...received(Q2, { client: 'localhost[127.0.0.1]' }),
      verdict(Q1, Q2, 'x@temp.example.net'),
      fed(Q1, Q2, 'x@temp.example.net'),
      removed(Q1),
      greylisted,
      `Nov 23 00:21:01 mail postfix/pickup[188]: ${again}: uid=102 from=<sender@outside.example> orig_id=${Q2}`,
      ...received(again, { at: '00:21:01' }).slice(1),
      ...received(Q3, { at: '00:21:01', client: 'localhost[127.0.0.1]' }),
      verdict(Q2, Q3, 'x@temp.example.net', '00:21:01'),
      fed(again, Q3, 'x@temp.example.net', '00:21:01'),
      removed(again, '00:21:01'),
    ]);
    expect(trace.queueIds).toEqual([Q1, Q2, again, Q3]);
    expect(codesOf([trace])).not.toContain('duplicate-delivery');
  });

  it('show even when amavis was stopped before its verdict', () => {
    const forward = `Nov 23 00:20:10 mail amavis[300]: (300-01) abcdefghijkl FWD from <sender@outside.example> -> <alice@example.com>, BODY=7BIT 250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${Q2}`;
    const checking = `Nov 23 00:20:02 mail amavis[300]: (300-01) Checking: abcdefghijkl [192.0.2.7] <sender@outside.example> -> <alice@example.com> queue_id=${Q1}`;
    const trace = traceOf([
      ...received(Q1),
      checking,
      timeout,
      forward,
      ...received(Q2, { at: '00:20:10', client: 'localhost[127.0.0.1]' }),
      delivered(Q2, 'alice@example.com', '00:20:10'),
      ...copy(Q3, '00:20:15'),
      fed(Q1, Q3, 'alice@example.com', '00:20:15'),
    ]);
    expect(codesOf([trace])).toContain('duplicate-delivery');
  });

  it('show even when amavis was stopped before it wrote anything', () => {
    const lost = toFilter(
      Q1,
      'deferred (lost connection with 127.0.0.1[127.0.0.1] while sending end of data -- message may be sent more than once)',
    );
    const back = received(Q2, { client: 'localhost[127.0.0.1]' }).map((line) =>
      line.replace(`${Q2}@`, `${Q1}@`).replace('size=400', 'size=900'),
    );
    const before = [...received(Q1), ...back, delivered(Q2), lost];
    expect(codesOf([traceOf(before)])).not.toContain('duplicate-delivery');
    const trace = traceOf([...before, ...copy(Q3, '00:25:15'), fed(Q1, Q3, 'alice@example.com', '00:25:15')]);
    expect(trace.queueIds).toEqual([Q1, Q2, Q3]);
    expect(problem(trace, 'duplicate-delivery').summary).toContain('2 copies');
  });
});

describe('the filter’s pace', () => {
  it('is a warning when connections have to wait', () => {
    const trace = traceOf([...received(Q1), fed(Q1, Q2, 'alice@example.com', '00:20:09', '0/0/8.1/0.2')]);
    expect(problem(trace, 'filter-saturated').severity).toBe('warning');
  });

  it('is slow only against what is usual', () => {
    const slow = cleanMail(Q1, Q2, 'alice@example.com', '00:20:01', 45_000);
    expect(codesOf(diagnosed(slow, { before: usualMail(250) }).traces)).toEqual(['filter-slow']);
    expect(codesOf(diagnosed(slow).traces)).toEqual([]);
  });

  it('is silence when a message is handed over and nothing comes back', () => {
    const handed = `Nov 23 00:20:01 mail amavis[300]: (300-01) Checking: abcdefghijkl [192.0.2.7] <sender@outside.example> -> <alice@example.com> queue_id=${Q1}`;
    const lines = [...received(Q1), handed];
    expect(codesOf(diagnosed(lines, { minutesLater: 10 }).traces)).toEqual(['filter-silent']);
    expect(codesOf(diagnosed(lines, { minutesLater: 1 }).traces)).toEqual([]);
  });

  it('is no silence of the filter when the feed does not start', () => {
    const throttled =
      'Nov 23 00:20:02 mail postfix/master[99]: warning: /usr/lib/postfix/sbin/lmtp: bad command startup -- throttling';
    const { traces } = diagnosed([...received(Q1), throttled], { before: usualMail(), minutesLater: 10 });
    expect(codesOf(traces)).toEqual(['transport-crash']);
  });

  it('is silence also when only the queue manager took the message up, where mail is filtered', () => {
    expect(codesOf(diagnosed(received(Q1), { before: usualMail(), minutesLater: 10 }).traces)).toEqual([
      'filter-silent',
    ]);
    expect(codesOf(diagnosed(received(Q1), { minutesLater: 10 }).traces)).toEqual([]);
  });

  it('says how far the message is known to have come', () => {
    const summary = (lines: string[]): string | undefined =>
      diagnosed(lines, { before: usualMail(), minutesLater: 10 }).traces[0]?.problems[0]?.summary;
    const handed = `Nov 23 00:20:01 mail amavis[300]: (300-01) Checking: abcdefghijkl [192.0.2.7] <sender@outside.example> -> <alice@example.com> queue_id=${Q1}`;
    expect(summary([...received(Q1), handed])).toBe('Handed to the filter, and no word of it since');
    expect(summary(received(Q1))).toBe('Taken up for the filter, and no word of it since');
  });
});

describe('mail that a rule threw away', () => {
  const discarded =
    'Nov 23 00:20:01 mail postfix/cleanup[267]: 2222162612: milter-discard: END-OF-MESSAGE from localhost[127.0.0.1]: milter triggers DISCARD action; from=<sender@outside.example> to=<alice@example.com> proto=ESMTP helo=<localhost>';
  const gone =
    'Nov 23 00:20:02 mail postfix/discard[7]: 2222162612: to=<alice@example.com>, relay=none, delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent (gone)';

  it('was not deleted by hand, behind the filter either', () => {
    const back = received(Q2, { client: 'localhost[127.0.0.1]' });
    for (const lines of [
      [...back.slice(0, 2), discarded],
      [...back, gone, removed(Q2)],
    ]) {
      const trace = traceOf([...received(Q1), ...lines, fed(Q1, Q2), removed(Q1)]);
      expect(trace.state).toBe('deleted');
      expect(codesOf([trace])).toEqual(['discard-action']);
    }
  });
});

describe('a blocked message of which amavis could not tell the administrator', () => {
  const run = '(00340-01)';
  const notify =
    'From MTA() during fwd-connect (All attempts (1) failed connecting to smtp:[127.0.0.1]:10099): id=00340-01';
  const lines = [
    ...received(Q1),
    `Nov 23 00:20:02 mail amavis[340]: ${run} (!)connect to [127.0.0.1]:10099 failed, attempt #1: Can't connect to socket [127.0.0.1]:10099 using module IO::Socket::IP: Connection refused`,
    `Nov 23 00:20:02 mail amavis[340]: ${run} (!!)TROUBLE in check_mail: quar+notif FAILED: temporarily unable to notify admin: 451 4.5.0 ${notify} at /usr/share/perl5/Amavis.pm line 6087.`,
    `Nov 23 00:20:02 mail amavis[340]: ${run} (!)PRESERVING EVIDENCE in /var/lib/amavis/tmp/amavis-20261123T180030-00340-8zt00kCR`,
    toFilter(Q1, 'sent (250 2.7.0 Ok, discarded, id=00340-01 - INFECTED: Lab.Test.Sig)'),
    removed(Q1),
  ];

  it('is in the quarantine, and the way back is not to blame', () => {
    expect(codesOf([traceOf(lines)]).toSorted()).toEqual(['discarded-as-sent', 'notify-failed']);
  });
});

describe("Postfix' own notices", () => {
  it('do not wait for the filter, which they do not pass through', () => {
    const notice = [
      `Nov 23 00:20:01 mail postfix/cleanup[2]: ${Q1}: message-id=<20261123.${Q1}@mail.example.com>`,
      `Nov 23 00:20:01 mail postfix/qmgr[3]: ${Q1}: from=<>, size=3000, nrcpt=1 (queue active)`,
    ];
    expect(codesOf(diagnosed(notice, { before: usualMail(), minutesLater: 10 }).traces)).toEqual([]);
  });
});

describe('unfiltered mail', () => {
  const straight = (client: string) => [...received(Q1, { client }), delivered(Q1), removed(Q1)];

  it('is told when other mail to the domain is filtered', () => {
    const { traces } = diagnosed(straight('mx.outside.example[192.0.2.7]'), { before: usualMail() });
    expect(codesOf(traces)).toEqual(['unfiltered']);
  });

  it('is not told where nothing is filtered', () => {
    expect(codesOf(diagnosed(straight('mx.outside.example[192.0.2.7]')).traces)).toEqual([]);
  });

  it('is not told of mail from an authenticated user', () => {
    const client = 'home.example[192.0.2.9], sasl_method=PLAIN, sasl_username=alice';
    expect(codesOf(diagnosed(straight(client), { before: usualMail() }).traces)).toEqual([]);
  });

  it('is not told of what the filter itself hands in', () => {
    expect(codesOf(diagnosed(straight('localhost[127.0.0.1]'), { before: usualMail() }).traces)).toEqual([]);
  });

  it('is not told of local submission', () => {
    const lines = [
      `Nov 23 00:20:01 mail postfix/pickup[101]: ${Q1}: uid=0 from=<root>`,
      `Nov 23 00:20:01 mail postfix/cleanup[102]: ${Q1}: message-id=<x@example.com>`,
      active(Q1),
      delivered(Q1),
      removed(Q1),
    ];
    expect(codesOf(diagnosed(lines, { before: usualMail() }).traces)).toEqual([]);
  });
});

describe('an address with several deliveries behind the filter', () => {
  const mail = (...responses: string[]) => [
    ...received(Q1),
    ...received(Q2, { client: 'localhost[127.0.0.1]' }),
    verdict(Q1, Q2),
    fed(Q1, Q2),
    ...responses.map((response) => delivered(Q2).replace('delivered to maildir', response)),
    removed(Q1),
    removed(Q2),
  ];

  it('got a second copy by always_bcc', () => {
    const twice = traceOf(mail('delivered to maildir', 'delivered to maildir '));
    expect(codesOf([twice])).toEqual(['dup-always-bcc']);
  });

  it('got one when they are the parts of its alias or .forward', () => {
    const forwarded = traceOf(mail('delivered to command: /usr/bin/vacation alice', `forwarded as ${Q3}`));
    const commands = traceOf(mail('delivered to command: /bin/one', 'delivered to command: /bin/two'));
    expect(codesOf([forwarded, commands])).toEqual([]);
  });
});

describe('the way back', () => {
  it('is told with the port that amavis tried', () => {
    const reason = '451 4.5.0 id=300-02 - Temporary MTA failure on relaying, From MTA() during fwd-connect';
    const failed = `deferred (host 127.0.0.1[127.0.0.1] said: ${reason} (All attempts (1) failed connecting to smtp:[127.0.0.1]:10035): id=300-02 (in reply to end of DATA command))`;
    const { summary, fix } = problem(traceOf([...received(Q1), toFilter(Q1, failed)]), 'reinject-refused');
    expect(summary).toContain('smtp:[127.0.0.1]:10035');
    expect(fix).toContain('telnet 127.0.0.1 10035');
    expect(summary + fix).not.toContain('10025');
  });
});

describe('mail that amavis takes for foreign', () => {
  const hintsFor = (to: string): string[] => {
    const { incidents } = diagnosed([
      ...received(Q1),
      verdict(Q1, Q2, to).replace('RelayedInbound', 'RelayedOpenRelay'),
    ]);
    return incidents.list().map(({ code }) => code);
  };

  it('is a hint on the local domains', () => {
    expect(hintsFor('x@remote.example')).toEqual(['open-relay-policy']);
  });

  it("is none when the recipient has no domain, as in the guide's own test", () => {
    expect(hintsFor('postmaster')).toEqual([]);
  });
});

describe('texts from the log', () => {
  it('get into commands only when they are harmless in a shell', () => {
    const line =
      'Nov 23 00:20:01 mail amavis[300]: (300-01) (!)PRESERVING EVIDENCE in /var/lib/amavis/tmp/$(reboot)';
    const lines = [...received(Q1), verdict(Q1, Q2).replace(/\(\d+-\d+\)/, '(300-01)'), line];
    const { fix, summary } = problem(traceOf(lines), 'evidence');
    expect(fix).not.toContain('reboot');
    expect(summary).toContain('$(reboot)');
  });

  it('lose their control characters', () => {
    const bounced = `Nov 23 00:20:05 mail postfix/smtp[600]: ${Q1}: to=<x@remote.example>, relay=mx.remote.example[198.51.100.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.remote.example[198.51.100.1] said: 550 \u001b[31mno\u202e)`;
    expect(problem(traceOf([...received(Q1), bounced]), 'next-hop-rejected').summary).not.toMatch(
      /[\p{Cc}\p{Cf}]/u,
    );
  });
});

describe('a message for several that an SMTP feed got one reply for', () => {
  const [front, back] = ['305FB22A17C', '5511222A175'];
  const at = 'Nov 23 00:20:02 mail';
  const reply = `250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${back}, but 1 REJECT, and 1 BOUNCE, and 1 DISCARD`;
  const kept = ['alice', 'dave', 'erin'];
  const told = (name: string): string =>
    `${at} postfix/smtp[233]: ${front}: to=<${name}@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.2, delays=0.01/0.01/0/0.17, dsn=2.0.0, status=sent (${reply})`;
  const main = (action: string, to: readonly string[], end: string): string =>
    `${at} amavis[196]: (00196-02) ${action} SPAM {BouncedInbound,DiscardedInbound,RelayedTaggedInbound,Quarantined}, [127.0.0.2]:40199 <sender@outside.example> -> ${to.map((name) => `<${name}@example.com>`).join()}, quarantine: J/spam-JdwRNcGHLyZH.gz, Queue-ID: ${front}, Message-ID: <TMWTXP0DX00002@outside.example>, mail_id: JdwRNcGHLyZH, Hits: 1000, size: 572${end}, 163 ms`;
  const lines = [
    ...received(front),
    ...received(back, { client: 'localhost[127.0.0.1]' }),
    main('Passed', ['frank'], `, queued_as: ${back}`),
    main('Blocked', kept, ''),
    ...[...kept, 'frank'].map(told),
    removed(front),
    delivered(back).replace(/to=<[^>]*>/, 'to=<frank@example.com>'),
    removed(back),
  ];

  it('was bounced to some and discarded for some, not for whom it was passed on', () => {
    const trace = traceOf(lines);
    expect(codesOf([trace]).toSorted()).toEqual(['bounced-as-sent', 'discarded-as-sent']);
    for (const { evidence } of trace.problems)
      expect(evidence.filter((line) => line.includes('status=sent'))).toEqual(kept.map(told));
  });
});
