/** What is left to do when whole logs have been read. */
import type { PatternFile } from '../core/pattern.js';
import { SYSTEM_LINES } from '../store/batch.js';
import { giveBackRoom, openForWriting } from '../store/database.js';
import { storePatterns } from '../store/patterns.js';
import { Reader } from '../store/reader.js';
import { packLoose } from './pack-loose.js';

const QUIET = 3600 * 1_000_000;

/**
 * Packs what is finished, and what has been quiet for an hour of the log's own time (a log that was cut, a message on
 * hold); keeps a site's patterns for later readers. `newest` is the newest line's time (microseconds).
 */
export function endImport(file: string, patterns: readonly PatternFile[], newest: number): void {
  const db = openForWriting(file);
  const reader = new Reader(db);
  storePatterns(db, patterns);
  // What they taught has been stored with the rest of the knowledge.
  db.prepare('delete from waiting where path = ?').run(SYSTEM_LINES);
  packLoose(db, reader.atRest(newest - QUIET));
  giveBackRoom(db);
  db.close();
}
