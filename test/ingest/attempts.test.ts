/** Messages that wait in the queue are tried again and again: what is known of them doesn't depend on how it was read. */
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncidentsState } from '../../src/core/problem/incidents.js';
import { openInMemory } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { contents, importInto } from '../follow/store.js';

const REASONS = [
  'dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
  'dsn=4.4.1, status=deferred (delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
  'dsn=4.4.2, status=deferred (conversation with 127.0.0.1[127.0.0.1] timed out while sending end of data -- message may be sent more than once)',
  'dsn=4.5.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.5.0 Error in processing, id=AMAVISID, virus_scan FAILED: virus_scan: ALL VIRUS SCANNERS FAILED (in reply to end of DATA command))',
];
const FIRST = { after: 0, reason: 0, isTimed: false };
const DAY = Date.UTC(2026, 10, 23);

interface Message {
  /** Seconds. */
  readonly began: number;
  readonly queueId: number;
  readonly recipients: number;
  readonly attempts: readonly {
    readonly after: number;
    readonly reason: number;
    /** Whether amavis has a word to say after it has answered. */
    readonly isTimed: boolean;
  }[];
  readonly end: 'waits' | 'sent' | 'expired' | 'held';
}

interface Line {
  readonly second: number;
  readonly text: string;
}

/** Batches are stored when they are full: the more a line has, the more of them. */
const padding = fc.constantFrom(0, 50_000);

const messages = fc.array(
  fc.record<Message>({
    began: fc.nat(3000),
    queueId: fc.nat(12),
    recipients: fc.integer({ min: 1, max: 2 }),
    attempts: fc.array(
      fc.record({
        after: fc.integer({ min: 100, max: 4000 }),
        isTimed: fc.boolean(),
        reason: fc.oneof(fc.constantFrom(0, 1), fc.nat(REASONS.length - 1)),
      }),
      { maxLength: 7 },
    ),
    end: fc.constantFrom('waits', 'sent', 'expired', 'held'),
  }),
  { minLength: 1, maxLength: 8 },
);

/** The log of these messages; a queue id comes again only when the message that had it is gone. */
function logOf(all: readonly Message[], pad: number): Line[] {
  const lines: Line[] = [];
  const free = new Map<number, number>();
  all.forEach((message, n) => {
    const queueId = `4D${message.queueId.toString(16).toUpperCase().padStart(8, '0')}`;
    const began = Math.max(message.began, free.get(message.queueId) ?? 0);
    let second = began;
    const say = (daemon: string, text: string): void => {
      lines.push({ second, text: `postfix/${daemon}: ${queueId}: ${text}` });
    };
    const active = (): void =>
      say('qmgr[13]', `from=<s${n}@x.example>, size=${1000 + n}, nrcpt=${message.recipients} (queue active)`);
    const each = (daemon: string, relay: string, text: string): void => {
      for (let to = 0; to < message.recipients; to++) {
        const delay = second - began;
        say(
          daemon,
          `to=<u${to}@example.com>, relay=${relay}, delay=${delay}, delays=${delay}/0/0/0, ${text}`,
        );
      }
    };
    say('smtpd[11]', 'client=mx.outside.example[192.0.2.1]');
    say('cleanup[12]', `message-id=<${n}@outside.example>`);
    for (const { after, reason, isTimed } of [FIRST, ...message.attempts]) {
      second += after;
      active();
      const amavisId = `${10_000 + n}-${10_000 + second}`;
      const amavis = (text: string): number =>
        lines.push({ second, text: `amavis[01234]: (${amavisId}) ${text}` });
      if (reason === 3) amavis('(!!)TROUBLE in check_mail: virus_scan FAILED: ALL VIRUS SCANNERS FAILED');
      const relay = reason < 2 ? 'none' : '127.0.0.1[127.0.0.1]:10024';
      const text = REASONS[reason]?.replace('AMAVISID', amavisId) ?? '';
      each('lmtp[14]', relay, `${text}${reason === 1 ? ' '.repeat(pad) : ''}`);
      if (reason === 3 && isTimed) amavis('TIMING [total 5 ms] - SMTP LHLO: 1 (20%)');
    }
    second += 300;
    if (message.end === 'sent') {
      active();
      each('smtp[15]', 'mx.example.com[192.0.2.9]:25', 'dsn=2.0.0, status=sent (250 2.0.0 Ok)');
      say('qmgr[13]', 'removed');
    } else if (message.end === 'expired') {
      say('qmgr[13]', `from=<s${n}@x.example>, status=expired, returned to sender`);
      say('qmgr[13]', 'removed');
    } else if (message.end === 'held') {
      lines.push({ second, text: `postfix/postsuper[16]: ${queueId}: placed on hold` });
    }
    const isGone = message.end === 'sent' || message.end === 'expired';
    free.set(message.queueId, isGone ? second + 60 : Number.MAX_SAFE_INTEGER);
  });
  return lines.filter(({ second }) => second < 1_000_000).sort((one, other) => one.second - other.second);
}

function textOf({ second, text }: Line): string {
  return `${new Date(DAY + second * 1000).toISOString()} mail ${text}`;
}

interface Stored {
  readonly messages: readonly { readonly trace: string; readonly lines: readonly string[] }[];
  readonly rows: readonly unknown[];
  readonly incidents: readonly object[];
}

function storeOf(
  ...imports: readonly { readonly lines: readonly Line[]; readonly often: boolean }[]
): Stored {
  const db = openInMemory();
  for (const { lines, often } of imports) importInto(db, lines.map(textOf), DAY, often);
  const rows = db
    .prepare(
      'select first, last, state, open, problems, recipients from trace order by first, recipients, last',
    )
    .all();
  const messages = contents(db).messages.map(({ trace, lines }) => ({
    trace: JSON.stringify(trace).replaceAll(/ {9,}/g, ''),
    lines: lines.map((line) => line.trimEnd()),
  }));
  const found = { messages, rows, incidents: incidentsIn(db) };
  db.close();
  return found;
}

/** What is known of the system's troubles, as it was stored. */
function incidentsIn(db: Database): object[] {
  const { json } = new Reader(db).knowledge().find(({ name }) => name === 'incidents') ?? { json: '{}' };
  const { incidents } = JSON.parse(json) as IncidentsState;
  return incidents
    .map(({ code, begin, last, end, ids }) => ({ code, begin, last, end, messages: ids.length }))
    .sort((one, other) => one.begin - other.begin || one.code.localeCompare(other.code));
}

describe('what waits in the queue', () => {
  it('is the same whether it left memory between two attempts, was imported twice, or attempt by attempt', () => {
    fc.assert(
      fc.property(messages, padding, (all, pad) => {
        const lines = logOf(all, pad);
        const kept = storeOf({ lines, often: false });
        expect(storeOf({ lines, often: true })).toEqual(kept);
        expect(storeOf({ lines, often: true }, { lines, often: true })).toEqual(kept);
        const seconds = [...new Set(lines.map(({ second }) => second))];
        const pieces = seconds.map((at) => lines.filter(({ second }) => second === at));
        expect(storeOf(...pieces.map((piece) => ({ lines: piece, often: true })))).toEqual(kept);
      }),
      // A counterexample has long lines: making it smaller takes long.
      { numRuns: 40, endOnFailure: true },
    );
  });

  it('is not joined with another message that later has its queue id, of which the log has only the last line', () => {
    const deferred = (delay: number): string =>
      `postfix/lmtp[14]: 4D00000000: to=<u@example.com>, relay=none, delay=${delay}, delays=${delay}/0/0/0, ${REASONS[0]}`;
    const active = 'postfix/qmgr[13]: 4D00000000: from=<s@x.example>, size=1000, nrcpt=1 (queue active)';
    const other = (second: number): Line => ({
      second,
      text: `postfix/smtpd[11]: 5D0000000${second / 450}: client=mx.outside.example[192.0.2.1]`,
    });
    const lines = [
      { second: 0, text: 'postfix/smtpd[11]: 4D00000000: client=mx.outside.example[192.0.2.1]' },
      { second: 0, text: active },
      { second: 0, text: deferred(0) },
      other(450),
      { second: 900, text: active },
      { second: 900, text: deferred(900) },
      other(1350),
      { second: 20_000, text: deferred(5) },
    ];
    const { messages: found } = storeOf({ lines, often: true });
    expect(found.map((message) => message.lines.length).sort()).toEqual([1, 1, 1, 5]);
  });
});
