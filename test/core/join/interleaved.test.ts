/** Several logs in one: whatever goes on beside a message, and whatever ids come again, its trace is the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SAMPLES } from '../../support/cli.js';
import {
  lengthOf,
  merged,
  moved,
  withOwnIds,
  withOwnMailIds,
  withOwnProcesses,
} from '../../support/copies.js';
import { byId, tracesOf } from '../../support/core.js';

const START = 23 * 86_400 + 3600;
const HOUR = 3600;

const logs = new Map(
  readdirSync(SAMPLES)
    .filter((name) => !name.includes('.') && name !== 'guide_2006')
    .map((name) => [
      name,
      readFileSync(join(SAMPLES, name, 'maillog'), 'utf8')
        .split('\n')
        .filter(Boolean),
    ]),
);
const names = [...logs.keys()];
/** Logs with ids that may come again: long ones never do. */
const short = names.filter((name) => name !== 'long_ids');
/** Logs after which none of these is in use any more. */
const ended = short.filter((name) => tracesOf(logs.get(name) ?? []).every(({ complete }) => complete));

/** Whether the logs give together what each gives alone. */
function expectApart(copies: readonly (readonly string[])[]): void {
  const alone = byId(copies.flatMap((lines) => tracesOf(lines)));
  expect(byId(tracesOf(merged(copies)))).toEqual(alone);
}

describe('logs of one time and host', () => {
  it('give what each gives alone', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.record({ name: fc.constantFrom(...names), after: fc.integer({ min: 0, max: 20 }) }),
          // Of two refusals that are the same in every word nobody can say whose is which.
          {
            minLength: 2,
            maxLength: 5,
            selector: ({ name, after }) => (/^reinject_|^filter_loop/.test(name) ? name : `${name} ${after}`),
          },
        ),
        (parts) => {
          expectApart(
            parts.map(({ name, after }, n) =>
              moved({
                start: START + after,
                host: 'mail',
                lines: withOwnIds(withOwnMailIds(withOwnProcesses(logs.get(name) ?? [], n), n), n),
              }),
            ),
          );
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('logs of several hosts', () => {
  it('give what each gives alone, though their clocks are hours apart', () => {
    const part = fc.record({ name: fc.constantFrom(...names), late: fc.nat({ max: 60 }) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 2, maxLength: 3 }), (parts) => {
        const copies = parts.map(({ name, late }, n) => ({
          late,
          lines: moved({ start: START + n * 5 * HOUR, host: `mail${n}`, lines: logs.get(name) ?? [] }),
        }));
        const alone = byId(copies.flatMap(({ lines }) => tracesOf(lines)));
        const turns = Math.max(...copies.map(({ lines, late }) => lines.length + late));
        const byTurns = Array.from({ length: turns }, (_, n) =>
          copies.flatMap(({ lines, late }) => lines[n - late] ?? []),
        );
        expect(byId(tracesOf(byTurns.flat()))).toEqual(alone);
      }),
      { numRuns: 400 },
    );
  });

  it('give what each gives alone, though every id and every process is the same', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 0, max: 3 }),
        (name, hosts, after) => {
          expectApart(
            Array.from({ length: hosts }, (_, n) =>
              moved({ start: START + n * after, host: `mx${n}`, lines: logs.get(name) ?? [] }),
            ),
          );
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('queue ids and message-ids that come again', () => {
  it('are other messages as soon as the first have left the queue', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ended),
        fc.array(fc.integer({ min: 11, max: 600 }), { minLength: 1, maxLength: 3 }),
        (name, gaps) => {
          const lines = logs.get(name) ?? [];
          let start = START;
          const copies = [0, ...gaps].map((gap, n) => {
            start += n === 0 ? 0 : lengthOf(lines) + gap;
            return moved({ start, host: 'mail', lines: withOwnMailIds(withOwnProcesses(lines, n), n) });
          });
          expectApart(copies);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('are other messages hours later, though processes and amavis ids come again, too', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ended), fc.integer({ min: 2, max: 100 }), (name, hours) => {
        const lines = logs.get(name) ?? [];
        expectApart([
          moved({ start: START, host: 'mail', lines }),
          moved({ start: START + hours * HOUR, host: 'mail', lines: withOwnMailIds(lines, 1) }),
        ]);
      }),
      { numRuns: 400 },
    );
  });
});

describe('an instance of Postfix that only sends mail out', () => {
  const outgoing = (queueId: string, line: string, n: number): string[] => {
    const head = line.slice(0, line.indexOf(' mail ') + 6);
    return [
      `${head}postfix-out/smtpd[81${n}]: ${queueId}: client=mail.example.com[192.0.2.20]`,
      `${head}postfix-out/cleanup[82${n}]: ${queueId}: message-id=<out.${queueId}@example.com>`,
      `${head}postfix-out/qmgr[83]: ${queueId}: from=<out@example.com>, size=900, nrcpt=1 (queue active)`,
      `${head}postfix-out/smtp[84${n}]: ${queueId}: to=<far@elsewhere.example>, relay=mx.elsewhere.example[198.51.100.7]:25, delay=0.2, delays=0/0/0.1/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)`,
      `${head}postfix-out/qmgr[83]: ${queueId}: removed`,
    ];
  };

  it('has messages of its own, though their queue ids are those of the others', () => {
    fc.assert(
      fc.property(fc.constantFrom(...short), fc.integer({ min: 11, max: 99 }), (name, n) => {
        const own = moved({ start: START, host: 'mail', lines: logs.get(name) ?? [] });
        const ids = [...new Set(tracesOf(own).flatMap(({ queueIds }) => queueIds))];
        const out = ids.flatMap((queueId) => {
          const line = own.find((one) => one.includes(` ${queueId}: `));
          return line === undefined ? [] : outgoing(queueId, line, n);
        });
        // In one moment they can't be the same: ids are made of what files of one file system don't share.
        expectApart([own, moved({ start: START + lengthOf(own) + n, host: 'mail', lines: out })]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('two instances of Postfix that give the same queue ids in the same second', () => {
  /** A message's way, in pieces that each keep their order; what follows the second one has none among itself. */
  const way = (instance: string, n: number, ids: readonly [string, string]): string[][] => {
    const [q1, q2] = ids;
    const from = `s${n}@outside.example`;
    const to = `r${n}@example.com`;
    const line = (daemon: string, pid: number, text: string): string =>
      `Nov 23 00:25:29 mail ${instance}/${daemon}[${n}0${pid}]: ${text}`;
    const begun = (queueId: string, client: string, size: number): string[] => [
      line('smtpd', size, `${queueId}: client=${client}`),
      line('cleanup', 2, `${queueId}: message-id=<${n}@outside.example>`),
      line('qmgr', 3, `${queueId}: from=<${from}>, size=${size}, nrcpt=1 (queue active)`),
    ];
    return [
      [...begun(q1, `client[192.0.2.${n}]`, 389), ...begun(q2, 'localhost[127.0.0.1]', 769)],
      [
        line(
          'local',
          7,
          `${q2}: to=<${to}>, relay=local, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)`,
        ),
        line('qmgr', 3, `${q2}: removed`),
      ],
      [
        `Nov 23 00:25:29 mail amavis[${n}05]: (00${n}05-01) Passed CLEAN {RelayedInbound}, [192.0.2.${n}]:5 <${from}> -> <${to}>, Queue-ID: ${q1}, Message-ID: <${n}@outside.example>, mail_id: Sw3UHeXlza${n}M, Hits: -1, size: 389, queued_as: ${q2}, 158 ms`,
      ],
      [
        line(
          'lmtp',
          6,
          `${q1}: to=<${to}>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.17, delays=0.01/0.01/0.01/0.15, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${q2})`,
        ),
        line('qmgr', 3, `${q1}: removed`),
      ],
    ];
  };
  /** The pieces as one, by turns. */
  const mixed = (pieces: readonly (readonly string[])[], turns: readonly number[]): string[] => {
    const left = pieces.map((piece) => [...piece]);
    const out: string[] = [];
    for (let n = 0; left.some((piece) => piece.length > 0); n++) {
      const open = left.filter((piece) => piece.length > 0);
      out.push(...(open[(turns[n % turns.length] ?? 0) % open.length]?.splice(0, 1) ?? []));
    }
    return out;
  };
  const turns = fc.array(fc.nat(11), { minLength: 30, maxLength: 30 });

  it.each([
    ['before the filter', ['30E1D16262F', 'AAA1D162630'], ['30E1D16262F', 'BBB1D162631']],
    ['behind it', ['30E1D16262F', 'AAA1D162630'], ['40E1D16262F', 'AAA1D162630']],
    ['on both sides', ['30E1D16262F', 'AAA1D162630'], ['30E1D16262F', 'AAA1D162630']],
    ['crosswise', ['30E1D16262F', 'AAA1D162630'], ['AAA1D162630', '30E1D16262F']],
  ] as const)('have messages of their own: %s', (_where, one, other) => {
    fc.assert(
      fc.property(turns, turns, turns, (first, second, both) => {
        const logs = [way('postfix', 1, one), way('postfix-out', 2, other)].map(
          ([begun = [], ...rest], n) => [...begun, ...mixed(rest, n === 0 ? first : second)],
        );
        const alone = byId(logs.flatMap((lines) => tracesOf(lines)));
        const together = byId(tracesOf(mixed(logs, both)));
        // An id of the trace itself is made of host, queue id and time.
        expect(together.map(({ id: _id, ...trace }) => trace)).toEqual(
          expect.arrayContaining(alone.map(({ id: _id, ...trace }) => trace)),
        );
        expect(together).toHaveLength(2);
      }),
      { numRuns: 60 },
    );
  });
});
