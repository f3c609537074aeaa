/** Messages that wait in the queue while their log is followed: what is known of them is what an import tells. */
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import { Engine } from '../../src/follow/engine.js';
import { Diagnosis } from '../../src/ingest/diagnosis.js';
import { openInMemory } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { BLOCK_BYTES } from '../../src/store/segment.js';
import { DAY, logOf, messages, textOf } from '../support/waiting-mail.js';
import { CATALOGUE, type Contents, contents, importInto, PATTERNS } from './store.js';

const LOG = '/var/log/mail.log';

function engineOn(db: Database): Engine {
  const path = new MailPath();
  const diagnosis = new Diagnosis(CATALOGUE, path, new Reader(db).knowledge());
  return new Engine({ db, patterns: PATTERNS, path, diagnosis, zone: () => 0 });
}

interface Stored extends Contents {
  readonly rows: readonly unknown[];
}

/** Follows the pieces, each with a commit; the program is killed after those that `killed` tells, and asked to end at last. */
function followed(
  pieces: readonly (readonly string[])[],
  killed: (piece: number) => boolean = () => false,
): Stored {
  const db = openInMemory();
  let engine = engineOn(db);
  pieces.forEach((piece, n) => {
    engine.read(LOG, piece, n, DAY);
    engine.commit();
    engine.pack();
    if (killed(n)) engine = engineOn(db);
  });
  while (engine.isBehind) engine.commit();
  engine.close();
  return foundIn(db);
}

function imported(pieces: readonly (readonly string[])[]): Stored {
  const db = openInMemory();
  importInto(db, pieces.flat(), DAY);
  return foundIn(db);
}

function foundIn(db: Database): Stored {
  const rows = db
    .prepare(
      'select first, last, state, open, problems, recipients from trace order by first, recipients, last',
    )
    .all();
  const found = { ...contents(db), rows };
  db.close();
  return found;
}

/** The lines in pieces of so many. */
function cut(lines: readonly string[], length: number): string[][] {
  const pieces: string[][] = [];
  for (let at = 0; at < lines.length; at += length) pieces.push(lines.slice(at, at + length));
  return pieces;
}

describe('what waits in the queue', () => {
  it('is known as one import tells it, in however many pieces its log is followed', () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 60 }), (all, length) => {
        const pieces = cut(logOf(all, 0).map(textOf), length);
        expect(followed(pieces)).toEqual(imported(pieces));
      }),
      { numRuns: 60 },
    );
  });

  it('is known as well when the program is killed now and then', () => {
    fc.assert(
      fc.property(
        messages,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (all, length, every) => {
          const pieces = cut(logOf(all, 0).map(textOf), length);
          expect(followed(pieces, (n) => n % every === 0)).toEqual(imported(pieces));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps the lines of an attempt that comes after the others were packed', () => {
    const hour = 3600;
    const say = (second: number, text: string): string => textOf({ second, text: `postfix/${text}` });
    const idOf = (second: number): string => `4D${second.toString(16).toUpperCase().padStart(8, '0')}`;
    const client = (second: number): string =>
      say(second, `smtpd[11]: ${idOf(second)}: client=mx.outside.example[192.0.2.1]`);
    // Only what fills a block is packed.
    const attempt = (second: number, padding = ''): string[] => [
      say(second, 'qmgr[13]: 4D00000001: from=<s@x.example>, size=1000, nrcpt=1 (queue active)'),
      say(
        second,
        `lmtp[14]: 4D00000001: to=<u@example.com>, relay=none, delay=${second}, delays=${second}/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused${padding})`,
      ),
    ];
    const pieces = [
      [client(1), ...attempt(1, ' '.repeat(BLOCK_BYTES))],
      [client(hour)],
      attempt(2 * hour),
      [client(30 * hour)],
      [client(32 * hour)],
      attempt(33 * hour),
      [client(34 * hour)],
      attempt(35 * hour),
    ];

    const found = followed(pieces);

    const waiting = found.messages.find(({ trace }) => trace.sender === 's@x.example');
    expect(waiting?.lines.length).toBe(9);
    expect(found.rows).toEqual(imported(pieces).rows);
  });
});

it('a message that is tried again while the log is caught up with is told once that is done', () => {
  const say = (second: number, text: string): string => textOf({ second, text: `postfix/${text}` });
  const attempt = (second: number): string[] => [
    say(second, 'qmgr[13]: 4D00000001: from=<s@x.example>, size=1000, nrcpt=1 (queue active)'),
    say(
      second,
      `lmtp[14]: 4D00000001: to=<u@example.com>, relay=none, delay=${second}, delays=${second}/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)`,
    ),
  ];
  const db = openInMemory();
  const engine = engineOn(db);
  const told = (lines: readonly string[], isCatchingUp: boolean): number[] => {
    engine.read(LOG, lines, null, DAY);
    return engine.commit(isCatchingUp).changed.map(({ view }) => view.facts.events.length);
  };
  const first = say(0, 'smtpd[11]: 4D00000001: client=mx.outside.example[192.0.2.1]');
  const other = say(500, 'smtpd[11]: 4D00000002: client=mx.outside.example[192.0.2.1]');

  expect(told([first, ...attempt(0)], true)).toEqual([3]);
  expect(told([other], true)).toEqual([1]);
  expect(told(attempt(1000), true)).toEqual([]);
  expect(told(attempt(2000), true)).toEqual([]);
  expect(told([], false)).toEqual([7]);
  expect(engine.isBehind).toBe(false);
  db.close();
});
