/** Messages that wait in the queue are tried again and again: what is known of them doesn't depend on how it was read. */
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncidentsState } from '../../src/core/problem/incidents.js';
import { openInMemory } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { contents, importInto } from '../follow/store.js';
import { DAY, type Line, logOf, messages, REASONS, textOf } from '../support/waiting-mail.js';

/** Batches are stored when they are full: the more a line has, the more of them. */
const padding = fc.constantFrom(0, 50_000);

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

  it.each([200, 1200])('is the same for a message to %i recipients', (recipients) => {
    const attempt = { after: 900, reason: 0, isTimed: false };
    const attempts = [attempt, { ...attempt, reason: 1 }, attempt];
    const lines = logOf([{ began: 0, queueId: 1, recipients, attempts, end: 'waits' }], 0);
    const { messages: found, rows } = storeOf({ lines, often: true });
    expect(found.map((message) => message.lines.length)).toEqual([2 + 4 * (1 + recipients)]);
    expect(rows).toEqual(storeOf({ lines, often: false }).rows);
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
