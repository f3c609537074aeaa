/** A site's own patterns are kept in the store: without them its lines could not be read again. */
import type { Database } from 'better-sqlite3';
import type { PatternFile } from '../core/pattern.js';

export function storePatterns(db: Database, patterns: readonly PatternFile[]): void {
  const store = db.prepare('insert or replace into pattern (file, json) values (?, ?)');
  db.transaction(() => {
    for (const { file, programs, patterns: entries } of patterns) {
      store.run(file, JSON.stringify({ programs, patterns: entries }));
    }
  }).immediate();
}
