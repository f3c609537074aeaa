import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openInMemory } from '../../src/store/database.js';
import { KeyIndex } from '../../src/store/key-index.js';

type Key = readonly [hash: number, trace: number];

const MOST = 2 ** 37 - 1;

function add(index: KeyIndex, keys: readonly Key[]): void {
  index.add(
    Float64Array.from(keys, ([hash]) => hash),
    Uint32Array.from(keys, ([, trace]) => trace),
  );
}

/** `count` keys from the number on, each hash with a trace of its own. */
function made(from: number, count: number): Key[] {
  return Array.from({ length: count }, (_, n) => [((from + n) * 2654435761) % MOST, from + n] as const);
}

function runs(db: Database): number[] {
  return db.prepare<[], number>('select level from key_run order by id').pluck().all();
}

function insertTraces(db: Database, ids: readonly number[]): void {
  const insert = db.prepare(
    "insert into trace (id, host, first, last, open, complete, verdicts, problems, recipients) values (?, '', 0, 0, 0, 0, '', '', '')",
  );
  for (const id of ids) insert.run(id);
}

describe('the key index', () => {
  it('finds each trace under its hashes, however many came at once', () => {
    const batches = fc.array(
      fc.array(
        fc.tuple(
          fc.oneof(
            fc.integer({ min: 0, max: 20 }),
            fc.maxSafeNat().map((n) => n % MOST),
          ),
          fc.integer({ min: 1, max: 2 ** 31 }),
        ),
        {
          maxLength: 300,
        },
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(batches, fc.boolean(), (all, large) => {
        const index = new KeyIndex(openInMemory());
        const filler = large ? made(1, 5000) : [];
        for (const batch of all) add(index, [...batch, ...filler]);
        for (const batch of all) {
          for (const [hash, trace] of batch) expect(index.find(hash).has(trace)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds all of the traces that share one hash', () => {
    const index = new KeyIndex(openInMemory());
    const shared = Array.from({ length: 1000 }, (_, n) => [77, n + 1] as const);
    add(index, [...made(5000, 5000), ...shared, [76, 1], [78, 2]]);

    expect(index.find(77).size).toBe(1000);
    expect([...index.find(76)]).toEqual([1]);
    expect([...index.find(78)]).toEqual([2]);
    expect([...index.find(79)]).toEqual([]);
  });

  it('merges runs, and finds the keys of all of them after it', () => {
    const db = openInMemory();
    const index = new KeyIndex(db);
    for (let batch = 0; batch < 20; batch++) add(index, made(batch * 5000, 5000));

    expect(runs(db)).toEqual([1, 0, 0, 0, 0]);
    for (const [hash, trace] of made(0, 100_000)) expect(index.find(hash).has(trace)).toBe(true);
  });

  it('collects keys that come a few at a time, and makes a run of many', () => {
    const db = openInMemory();
    const index = new KeyIndex(db);
    for (let batch = 0; batch < 170; batch++) add(index, made(batch * 100, 100));

    expect(runs(db)).toEqual([0]);
    for (const [hash, trace] of made(0, 17_000)) expect(index.find(hash).has(trace)).toBe(true);
  });

  it('says a trace once that was filed again and again', () => {
    const db = openInMemory();
    const index = new KeyIndex(db);
    for (let batch = 0; batch < 9; batch++) add(index, made(0, 5000));
    const [first = [0, 0]] = made(1, 1);

    expect([...index.find(first[0])]).toEqual([1]);
    expect(
      db.prepare('select count(*) from key_part where run = (select max(id) from key_run)').pluck().get(),
    ).toBe(63);
  });

  it('lets go of the traces that are gone', () => {
    const db = openInMemory();
    const index = new KeyIndex(db);
    add(index, made(1, 9000));
    add(index, made(10_000, 10));
    insertTraces(db, [5, 8000, 10_003]);
    index.prune();

    const left = [...made(1, 9000), ...made(10_000, 10)].flatMap(([hash]) => [...index.find(hash)]);
    expect(left).toEqual([5, 8000, 10_003]);
  });
});
