import { expect, it } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import { Live } from '../../src/follow/live.js';
import { Diagnosis } from '../../src/ingest/diagnosis.js';
import { Traces } from '../../src/ingest/traces.js';
import { openInMemory } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { CATALOGUE, importInto, PATTERNS } from './store.js';

const STUCK_AFTER = 300_000_000;
const now = (): number => Date.UTC(2026, 10, 24) * 1000;
const QUEUE_IDS = ['4D1', '4D2', '4D3'].map((id) => `${id}0000000`);
const DEFERRED = QUEUE_IDS.flatMap((queueId, n) => [
  `2026-11-23T00:00:0${n}Z mail postfix/qmgr[13]: ${queueId}: from=<s@x.example>, size=1000, nrcpt=1 (queue active)`,
  `2026-11-23T00:00:0${n}Z mail postfix/lmtp[14]: ${queueId}: to=<u@example.com>, relay=none, delay=0, delays=0/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)`,
]);

it('tells that the store has more open messages than are at hand', () => {
  const db = openInMemory();
  importInto(db, DEFERRED);
  const path = new MailPath();
  const reader = new Reader(db);
  const diagnosis = new Diagnosis(CATALOGUE, path, []);
  const traces = new Traces({ db, path, diagnosis, patterns: PATTERNS, stuckAfter: STUCK_AFTER, now });
  const live = new Live({
    sources: [],
    database: null,
    reader,
    traces,
    stuckAfter: STUCK_AFTER,
    kept: 10,
    now,
  });
  const rows = reader.open();
  live.fill(rows.slice(-2));
  expect(live.counters()).toMatchObject({ deferred: 2, stuck: 2, more: true });
  live.fill(rows);
  expect(live.counters()).toMatchObject({ deferred: 3, stuck: 3, more: false });
});
