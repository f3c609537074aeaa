/** Opening the store as a command's options say. */
import type { Database } from 'better-sqlite3';
import { allPatterns } from '../ingest/all-patterns.js';
import { diagnosisOf } from '../ingest/learn-again.js';
import { Traces } from '../ingest/traces.js';
import { readOwnPatterns } from '../read/pattern-files.js';
import { readCatalogue } from '../read/problem-files.js';
import { openForReading } from '../store/database.js';
import { databaseFile } from '../store/files.js';
import { Reader } from '../store/reader.js';
import type { Io, Options } from './command.js';
import { mailPath, seconds, text } from './options.js';

const DEFAULT_STUCK_AFTER = '5m';

/** --stuck-after in microseconds. */
export function stuckAfter(options: Options): number {
  return seconds('--stuck-after', text(options, 'stuckAfter') ?? DEFAULT_STUCK_AFTER) * 1_000_000;
}

export function openTraces(
  options: Options,
  io: Io,
): { readonly traces: Traces; readonly db: Database; readonly file: string } {
  const file = databaseFile(text(options, 'db'), io.env);
  const db = openForReading(file);
  const dir = text(options, 'patterns');
  const reader = new Reader(db);
  const patterns = allPatterns(readOwnPatterns(dir), reader);
  const path = mailPath(options);
  path.recall(reader.endpoints());
  const diagnosis = diagnosisOf(readCatalogue(dir), { reader, patterns, path });
  return { traces: new Traces({ db, path, diagnosis, patterns, stuckAfter: stuckAfter(options) }), db, file };
}
