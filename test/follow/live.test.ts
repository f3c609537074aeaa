import { expect, it } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import { Live } from '../../src/follow/live.js';
import { diagnosisOf } from '../../src/ingest/learn-again.js';
import { Traces } from '../../src/ingest/traces.js';
import { openInMemory } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { CATALOGUE, importInto, PATTERNS } from './store.js';

const STUCK_AFTER = 300_000_000;
const MINUTE = 60_000_000;
const QUEUE_IDS = ['4D1', '4D2', '4D3'].map((id) => `${id}0000000`);
const DEFERRED = QUEUE_IDS.flatMap((queueId, n) => [
  `2026-11-23T00:00:0${n}Z mail postfix/qmgr[13]: ${queueId}: from=<s@x.example>, size=1000, nrcpt=1 (queue active)`,
  `2026-11-23T00:00:0${n}Z mail postfix/lmtp[14]: ${queueId}: to=<u@example.com>, relay=none, delay=0, delays=0/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)`,
]);

function liveOf(lines: readonly string[], now: () => number): { live: Live; reader: Reader } {
  const db = openInMemory();
  importInto(db, lines);
  const path = new MailPath();
  const reader = new Reader(db);
  path.recall(reader.endpoints());
  const diagnosis = diagnosisOf(CATALOGUE, { reader, patterns: PATTERNS, path });
  const traces = new Traces({ db, path, diagnosis, patterns: PATTERNS, stuckAfter: STUCK_AFTER, now });
  const options = { sources: [], database: null, reader, traces, stuckAfter: STUCK_AFTER, kept: 10, now };
  return { live: new Live(options), reader };
}

it('tells that the store has more open messages than are at hand', () => {
  const { live, reader } = liveOf(DEFERRED, () => Date.UTC(2026, 10, 24) * 1000);
  const rows = reader.open();
  live.fill(rows.slice(-2));
  expect(live.counters()).toMatchObject({ deferred: 2, stuck: 2, more: true });
  live.fill(rows);
  expect(live.counters()).toMatchObject({ deferred: 3, stuck: 3, more: false });
});

it('tells once that a message is stuck, and once that it may be gone', () => {
  const seen = Date.UTC(2026, 10, 23, 0, 0, 3) * 1000;
  let now = seen;
  const cleared = '2026-11-23T00:00:03Z mail postfix/postsuper[302]: Deleted: 3 messages';
  const { live, reader } = liveOf([...DEFERRED, cleared], () => now);
  live.fill(reader.open().slice(-1));
  const told: [minute: number, stuck: boolean][] = [];
  live.subscribe(({ changed }) => {
    for (const { stuck } of changed) told.push([(now - seen) / MINUTE, stuck]);
  });
  for (let minute = 0; minute < 300; minute++) {
    now = seen + minute * MINUTE;
    live.watch();
    live.watch();
  }
  expect(told.map(([, stuck]) => stuck)).toEqual([true, false]);
  expect(told[0]?.[0]).toBe(5);
  // Two of the queue manager's longest pauses.
  expect(told[1]?.[0]).toBeGreaterThan(133);
  expect(told[1]?.[0]).toBeLessThan(150);
});
