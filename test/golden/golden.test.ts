/**
 * Logs of other sites, with made-up names, and what truly happened, worked out from their lines by hand: versions of
 * Postfix and amavis from 2006 to 2023, templates of the site's own, parts of a path that no line tells.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { codesOf, diagnosed } from '../problem/helpers.js';

function lines(name: string): string[] {
  return readFileSync(new URL(`logs/${name}.log`, import.meta.url), 'utf8')
    .split('\n')
    .filter(Boolean);
}

/** The traces by the first queue id of each, seen an hour after the last line. */
function traces(name: string): Map<string, Trace> {
  const found = diagnosed(lines(name), { minutesLater: 60 }).traces;
  return new Map(found.map((trace) => [trace.queueIds[0] ?? '', trace]));
}

/** Address, state and the queue id at which each recipient rests. */
const fates = (trace: Trace | undefined) =>
  trace?.recipients
    .map(({ address, originalTo, state, queueId }) => [address, originalTo, state, queueId])
    .sort();

describe('Zentyal, 2023: a main line without queue ids or times', () => {
  const found = traces('own-template-2023');

  it('is four messages', () => {
    expect([...found.keys()].sort()).toEqual(['79C12FEF59', 'A69DDFEF59', 'AA4D5FEF71', 'B0E32FEF75']);
  });

  it('has one delivered through the filter', () => {
    const trace = found.get('A69DDFEF59');
    expect(trace).toMatchObject({
      state: 'delivered',
      complete: true,
      queueIds: ['A69DDFEF59', '8975FFEF70'],
      filter: [{ amavisId: '18438-01', mailId: 'O_3VfGJTdv4Z', verdict: 'CLEAN', hits: -5.947 }],
      links: [{ via: ['delivery-reply', 'FWD'] }],
      problems: [],
    });
    expect(fates(trace)).toEqual([['alice@example.com', null, 'delivered', '8975FFEF70']]);
  });

  it('has one sent back for what was attached, and the two notices of that', () => {
    expect(found.get('79C12FEF59')).toMatchObject({
      state: 'blocked',
      complete: true,
      filter: [
        { action: 'Blocked', verdict: 'BANNED', detail: 'application/x-shellscript,.asc,sample-script.sh' },
      ],
      children: [
        { queueId: 'AA4D5FEF71', kind: 'notification' },
        { queueId: 'B0E32FEF75', kind: 'notification' },
      ],
    });
    expect(codesOf([found.get('79C12FEF59') as Trace])).toEqual(['bounced-as-sent']);
    expect(found.get('AA4D5FEF71')).toMatchObject({ state: 'delivered', parent: { kind: 'notification' } });
    expect(found.get('B0E32FEF75')).toMatchObject({ state: 'relayed', sender: '', problems: [] });
  });
});

describe('Zimbra, 2020: signed behind a first filter, scanned by a second', () => {
  it('is one message with two runs and no loop', () => {
    const found = traces('two-filters-2020');
    const trace = found.get('E8759DC24C3');
    expect(found.size).toBe(1);
    expect(trace).toMatchObject({
      state: 'relayed',
      complete: true,
      client: { address: '192.0.2.44', saslUsername: 'alice@example.com' },
      queueIds: ['E8759DC24C3', '218BEDC28EC', '33DE0DC24C3'],
      filter: [
        { amavisId: '11205-08', queuedAs: ['218BEDC28EC'] },
        { amavisId: '11202-06', queuedAs: ['33DE0DC24C3'] },
      ],
      problems: [],
    });
    expect(trace?.hops.map(({ stage, port }) => `${stage}:${port ?? ''}`)).toEqual([
      'receive:587',
      'queue:',
      'filter:10026',
      'reinject:10030',
      'queue:',
      'filter:10032',
      'reinject:10025',
      'queue:',
      'deliver:25',
    ]);
  });
});

describe('Postfix 2.2, 2006: relays without a port', () => {
  const found = traces('filter-without-port-2006');

  it('follows a message through the filter and an alias', () => {
    expect(found.get('723598BC47')).toMatchObject({
      state: 'delivered',
      complete: true,
      queueIds: ['723598BC47', 'CCBF48BC52'],
    });
    expect(fates(found.get('723598BC47'))).toEqual([
      ['truster@example.com', 'webmaster@example.com', 'delivered', 'CCBF48BC52'],
    ]);
  });

  it('follows one whose filter does not name the MTA behind it', () => {
    expect(found.get('D924C48519')).toMatchObject({
      state: 'bounced',
      queueIds: ['D924C48519', '0A9BD4851A'],
      filter: [{ amavisId: '07009-07', action: 'Passed', verdict: 'CLEAN', hits: null }],
    });
  });

  it('sees that a discarded one was not delivered', () => {
    expect(found.get('56EE54317A')).toMatchObject({ state: 'blocked', complete: true });
    expect(found.size).toBe(3);
  });
});

describe('amavisd-new 20030616, 2006: replies that name neither port nor MTA', () => {
  it('knows the filter and the way back from the first of them', () => {
    const [trace, ...others] = [...traces('before-2-3-2006').values()];
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'delivered',
      complete: true,
      queueIds: ['B8DCC40725', '806E540728'],
      filter: [{ amavisId: '09245-01', verdict: 'CLEAN' }],
      problems: [],
    });
    expect(trace?.hops.map(({ stage }) => stage)).toEqual([
      'receive',
      'queue',
      'filter',
      'reinject',
      'queue',
      'deliver',
    ]);
  });
});

describe('amavis 2.5, 2008: a mailbox whose table is broken', () => {
  it('waits behind the filter, not at it', () => {
    const [trace, ...others] = [...traces('broken-table-2008').values()];
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ state: 'deferred', queueIds: ['0288678306', '4258778309'] });
    expect(fates(trace)).toEqual([['bob@example.com', null, 'deferred', '4258778309']]);
    expect(trace && codesOf([trace])).toEqual(['table-lookup']);
  });
});

describe('Ubuntu, 2011: smtpd dies for want of a SASL server, so amavis is turned away', () => {
  it('puts the waiting mail down to the first cause, not to a symptom of it', () => {
    const [trace] = [...traces('no-logins-2011').values()];
    expect(trace?.state).toBe('deferred');
    expect(trace && codesOf([trace])).toEqual(['reinject-sasl']);
    expect(trace?.problems[0]?.evidence[0]).toMatch(/Connect to private\/auth failed/);
  });
});

describe('a mail gateway, 2013: what amavis wrote is not in the log', () => {
  const found = traces('split-unseen-2013');

  it('knows of one recipient, and that it does not know of the other', () => {
    const trace = found.get('84B5C321AC9');
    expect(trace).toMatchObject({ state: 'partial', complete: false, stuck: false });
    expect(fates(trace)).toEqual([
      ['bob@example.com', null, null, 'AC0A1321BB3'],
      ['mailarchive@[198.51.100.20]', null, 'relayed', 'AC0A1321BB3'],
    ]);
  });

  it('does not join by the message-id what no line links', () => {
    expect(found.get('AF235321BB4')).toMatchObject({
      state: 'delivered',
      messageId: found.get('84B5C321AC9')?.messageId,
      links: [],
    });
  });
});

describe('a gateway that crashed, 2015', () => {
  const found = traces('crashes-2015');

  it('delivered a message at the second try that the filter had dropped', () => {
    const trace = found.get('CDB32106DF7');
    expect(trace).toMatchObject({
      state: 'partial',
      complete: true,
      queueIds: ['CDB32106DF7', 'C99E9106C71'],
    });
    expect(fates(trace)).toEqual([
      ['carol@example.com', 'team@example.com', 'delivered', 'C99E9106C71'],
      ['dave@host.example.com', 'dave@host', 'delivered', 'C99E9106C71'],
      ['loop@host', null, 'rejected', 'CDB32106DF7'],
    ]);
    expect(trace?.problems).toMatchObject([{ code: 'feed-lost-eod', resolved: true, count: 1 }]);
  });

  it('lost the queue file of another', () => {
    const trace = found.get('BF98A106C70');
    expect(trace).toMatchObject({ state: 'queued', stuck: true, recipients: [] });
    expect(trace && codesOf([trace])).toEqual(['queue-file-corrupt']);
  });
});

describe('aliases expanded twice, 2023', () => {
  it('gave one recipient two copies', () => {
    const [trace, ...others] = [...traces('aliases-twice-2023').values()];
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'delivered',
      complete: false,
      size: 970,
      client: { address: '192.0.2.150' },
      queueIds: ['D78893F374', 'C1E2843DF2'],
    });
    expect(trace && codesOf([trace])).toEqual(['dup-address-mapping']);
  });
});

describe('an address that amavis quotes and Postfix does not, 2008', () => {
  it('is one recipient', () => {
    const [trace] = [...traces('quoted-local-part-2008').values()];
    expect(trace).toMatchObject({ state: 'partial', complete: true });
    expect(fates(trace)).toEqual([
      ['To:sandra@example.nl', null, 'bounced', '4320170DA5'],
      ['postmaster@example.nl', null, 'delivered', '4320170DA5'],
    ]);
  });
});

describe('Zimbra, 2013: the milter that signs is down', () => {
  const lastAt = lines('signer-down-2013').findIndex((line) => line.includes('postsuper'));

  it('keeps the message at a filter that no line shows to work', () => {
    const found = diagnosed(lines('signer-down-2013').slice(0, lastAt), { minutesLater: 60 }).traces;
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ state: 'deferred', complete: false, stuck: true });
    expect(found[0]?.hops.map(({ stage, outcome }) => `${stage} ${outcome}`)).toContain('filter deferred');
    expect(codesOf(found)).toEqual(['milter-down']);
  });

  it('is passed by when the message is put back into the queue', () => {
    const [trace, ...others] = [...traces('signer-down-2013').values()];
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'relayed',
      complete: true,
      queueIds: ['14BA03C35EC', 'D9F4D3C35EF', '7862B3C35EC'],
      filter: [
        { amavisId: '00423-03', verdict: 'MTA-BLOCKED' },
        { amavisId: '02706-17', verdict: 'CLEAN', queueId: '14BA03C35EC', queuedAs: ['7862B3C35EC'] },
      ],
    });
    expect(trace?.hops.map(({ stage, port, outcome }) => `${stage}:${port ?? ''} ${outcome}`)).toEqual([
      'receive:25 ok',
      'queue: ok',
      'filter:10026 deferred',
      'reinject:10030 failed',
      'receive: ok',
      'queue: ok',
      'filter:10024 ok',
      'reinject:10025 ok',
      'queue: ok',
      'deliver:25 ok',
    ]);
    expect(trace?.problems.map(({ code, resolved }) => [code, resolved])).toEqual([
      ['milter-down', true],
      ['requeued', true],
    ]);
  });
});

describe('docker-mailserver, 2026: a message without headers', () => {
  const found = traces('no-headers-2026');

  it('is sent back by the filter, which keeps it', () => {
    expect(found.get('27937120C92')).toMatchObject({
      state: 'blocked',
      complete: true,
      messageId: null,
      client: { address: '172.19.0.1', saslUsername: 'alice@example.com' },
      filter: [
        {
          amavisId: '2243374-09',
          action: 'Blocked',
          verdict: 'BAD-HEADER',
          detail: '0',
          quarantine: 'f/badh-fk9FtZ1Sfslc',
        },
      ],
      children: [{ queueId: '46593121095', kind: 'notification' }],
    });
    expect(codesOf([found.get('27937120C92') as Trace])).toEqual(['bounced-as-sent']);
  });

  it('causes a notice to its sender', () => {
    expect(found.size).toBe(2);
    expect(found.get('46593121095')).toMatchObject({
      state: 'delivered',
      complete: true,
      parent: { kind: 'notification' },
      problems: [],
    });
    expect(fates(found.get('46593121095'))).toEqual([
      ['alice@example.com', null, 'delivered', '46593121095'],
    ]);
  });
});

describe('amavis 2.6, 2012: the way back lets nobody in', () => {
  it('is one message that waits, with the refusal in it', () => {
    const [trace, ...others] = [...traces('way-back-closed-2012').values()];
    expect(others).toEqual([]);
    expect(trace).toMatchObject({
      state: 'deferred',
      complete: false,
      filter: [{ amavisId: '01328-15', verdict: 'MTA-BLOCKED', hits: -1 }],
      hops: [
        { stage: 'filter', outcome: 'deferred' },
        { stage: 'reinject', port: 10025, outcome: 'failed', attempts: 1 },
      ],
    });
    expect(trace && codesOf([trace])).toEqual(['reinject-rejected']);
  });

  it('shows the port that refused it, as amavis names it', () => {
    const [trace] = [...traces('signer-down-2013').values()];
    expect(trace?.hops.map(({ stage, port, outcome }) => [stage, port, outcome])).toContainEqual([
      'reinject',
      10030,
      'failed',
    ]);
  });
});

describe('amavis 2.6, 2012: mail of cron to a user whom nobody made', () => {
  const found = traces('cron-mail-bounced-2012');

  it.each([
    ['1871C840D05', '8D156840BF7', 'C1C71840D0F'],
    ['6777A840B98', 'F3FCA840BF7', '21353840B98'],
  ])('bounces %s behind the filter, and then its bounce', (before, after, bounce) => {
    expect(found.size).toBe(4);
    expect(found.get(before)).toMatchObject({
      state: 'bounced',
      complete: true,
      origin: 'pickup',
      queueIds: [before, after],
      filter: [{ action: 'Passed', verdict: 'CLEAN', hits: -1.901 }],
      children: [{ queueId: bounce, kind: 'bounce' }],
    });
    expect(fates(found.get(before))).toEqual([['root@example.com', 'root', 'bounced', after]]);
    expect(found.get(bounce)).toMatchObject({
      state: 'bounced',
      complete: true,
      origin: 'bounce',
      sender: '',
      parent: { queueId: after },
    });
    expect(new Set(codesOf([...found.values()]))).toEqual(new Set(['delivery-bounced']));
  });

  it('has the wait for the filter, which took one after the other', () => {
    const hops = found.get('6777A840B98')?.hops ?? [];
    expect(hops.find(({ stage }) => stage === 'filter')).toMatchObject({
      durationMs: 3200,
      delays: [0.74, 8.3, 0, 3.2],
    });
    expect(hops.map(({ stage, port }) => [stage, port])).toContainEqual(['reinject', 10_025]);
  });
});

describe('a log that has every line twice', () => {
  it.each([
    'own-template-2023',
    'two-filters-2020',
    'filter-without-port-2006',
    'crashes-2015',
    'aliases-twice-2023',
    'cron-mail-bounced-2012',
  ])('%s tells the same', (name) => {
    const once = diagnosed(lines(name)).traces;
    expect(diagnosed(lines(name).flatMap((line) => [line, line])).traces).toEqual(once);
  });
});
