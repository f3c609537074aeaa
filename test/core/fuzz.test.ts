/** Whatever stands in a log: the parser answers, and the joiner gives the same for the same lines. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventReader } from '../../src/core/event-reader.js';
import { compilePatterns } from '../../src/read/pattern-files.js';
import { SAMPLES } from '../support/cli.js';
import { tracesOf } from '../support/core.js';
import { shuffled } from '../support/shuffle.js';

const NAMES = [
  'pass_lmtp',
  'verdicts',
  'split_policy',
  'hold_requeue_delete',
  'filter_down',
  'next_hop',
  'before_queue_proxy',
  'reinject_down',
];
const logs = new Map(
  NAMES.map((name) => [
    name,
    readFileSync(join(SAMPLES, name, 'maillog'), 'utf8')
      .split('\n')
      .filter(Boolean),
  ]),
);
const lines = [...logs.values()].flat();
const patterns = compilePatterns([]);

const heads = fc.constantFrom(
  '',
  'Nov 23 00:25:29 mail postfix/smtpd[1]: ',
  'Nov 23 00:25:29 mail postfix/lmtp[1]: 8BE9416260E: ',
  'Nov 23 00:25:29 mail amavis[1]: (07304-02) ',
  '<22>1 2026-11-23T00:25:29Z vm postfix 15700 - - ',
  '2026-11-23T00:25:29+00:00 mail postfix/cleanup[1]: 8BE9416260E: ',
  '{"__REALTIME_TIMESTAMP":"1","SYSLOG_IDENTIFIER":"postfix/qmgr","MESSAGE":"',
);

/** A real line with a piece of it replaced by anything. */
const mangled = fc
  .tuple(fc.constantFrom(...lines), fc.nat(), fc.nat(40), fc.string({ unit: 'binary', maxLength: 60 }))
  .map(
    ([line, at, length, text]) =>
      line.slice(0, at % line.length) + text + line.slice((at % line.length) + length),
  );

describe('the line parser', () => {
  it('counts every line, as one of three, whatever it holds', () => {
    const anything = fc.oneof(
      mangled,
      fc.tuple(heads, fc.string({ unit: 'binary', maxLength: 300 })).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(
        fc.array(
          anything.map((text) => text.replaceAll('\n', ' ')),
          { maxLength: 50 },
        ),
        (texts) => {
          const reader = new EventReader(
            patterns,
            { notAfter: 0, zone: () => 0 },
            { event: () => {}, unrecognized: () => {} },
          );
          for (const text of texts) reader.read(text);
          reader.end();
          const { lines: read, events, ignored, unrecognized } = reader.counts;
          expect(events + ignored + unrecognized).toBe(read);
          expect(read).toBe(texts.length);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('the joiner', () => {
  it('makes traces of mangled logs', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(mangled, fc.constantFrom(...lines)), { maxLength: 120 }), (texts) => {
        for (const trace of tracesOf(texts)) {
          expect(trace.queueIds).toEqual([...new Set(trace.queueIds)]);
          for (const { from, to } of trace.hops)
            if (to !== null) expect(to >= from || Number.isNaN(Date.parse(from))).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same traces for lines out of order by up to five seconds', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.integer(), (name, seed) => {
        const log = logs.get(name) ?? [];
        expect(tracesOf(shuffled(log, 5, seed))).toEqual(tracesOf(log));
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same traces when lines are read twice', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.array(fc.nat(), { maxLength: 30 }), (name, again) => {
        const log = logs.get(name) ?? [];
        const doubled = log.flatMap((line, i) =>
          again.some((n) => n % log.length === i) ? [line, line] : [line],
        );
        expect(tracesOf(doubled)).toEqual(tracesOf(log));
      }),
      { numRuns: 60 },
    );
  });

  it('never puts two messages into one trace, whatever lines are missing', () => {
    // Truth: the ids that the whole log joins.
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.array(fc.nat(), { maxLength: 40 }), (name, lost) => {
        const log = logs.get(name) ?? [];
        const owner = new Map<string, string>();
        for (const { id, queueIds } of tracesOf(log)) for (const queueId of queueIds) owner.set(queueId, id);
        const rest = log.filter((_, i) => !lost.some((n) => n % log.length === i));
        for (const { queueIds } of tracesOf(rest)) {
          expect(new Set(queueIds.map((queueId) => owner.get(queueId))).size).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('the expressions', () => {
  it('take linear time on long hostile lines', () => {
    const parts = [
      '"',
      '<',
      '>, ',
      'to=<',
      ', relay=',
      ' queued as ',
      '(!)',
      ', Hits: ',
      '[',
      ' ',
      'a@',
      '\\"',
      ', quarantine: ',
    ];
    const pumped = parts.flatMap((part) => [part.repeat(4000), `${part}x`.repeat(3000)]);
    const starts = lines
      .map((line) => line.replace(/<.*$/, '<'))
      .filter((line, i, all) => all.indexOf(line) === i)
      .slice(0, 60);
    const reader = new EventReader(
      patterns,
      { notAfter: 0, zone: () => 0 },
      { event: () => {}, unrecognized: () => {} },
    );
    const begin = process.cpuUsage().user;
    for (const start of starts) for (const tail of pumped) reader.read(start + tail);
    reader.end();
    // An exponential or cubic expression would not come back within the test's time at all.
    expect(reader.counts.lines).toBe(starts.length * pumped.length);
    expect(process.cpuUsage().user - begin).toBeLessThan(55_000_000);
  });
});
