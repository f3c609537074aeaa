/** Letting old traces go. */
import type { Database } from 'better-sqlite3';
import { vacuum } from './database.js';
import { KeyIndex } from './key-index.js';

/** Deletes what ended before `before` (microseconds), and the blocks that only such traces used. How many traces. */
export function prune(db: Database, before: number): number {
  const removed = db
    .transaction((): number => {
      const old = 'select id from trace where last < ?';
      db.prepare(`delete from line where trace in (${old})`).run(before);
      const { changes } = db.prepare('delete from trace where last < ?').run(before);
      new KeyIndex(db).prune();
      db.exec('delete from block where id not in (select block from trace where block is not null)');
      return changes;
    })
    .immediate();
  vacuum(db);
  return removed;
}
