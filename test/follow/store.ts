import { readdirSync, readFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { MailPath } from '../../src/core/path.js';
import type { Trace } from '../../src/core/trace/trace.js';
import { Ingest } from '../../src/ingest/ingest.js';
import { diagnosisOf } from '../../src/ingest/learn-again.js';
import { Traces } from '../../src/ingest/traces.js';
import { compilePatterns } from '../../src/read/pattern-files.js';
import { readCatalogue } from '../../src/read/problem-files.js';
import { openInMemory } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { Writer } from '../../src/store/writer.js';

const SAMPLES = new URL('../../samples/', import.meta.url);
export const PATTERNS = compilePatterns([]);
export const CATALOGUE = readCatalogue(undefined);
/** Everything that is open is stuck by then, in every store. */
const LATER = Date.UTC(2027, 0, 1) * 1000;
const STUCK_AFTER = 300_000_000;

/** The recorded logs, as paths below samples/, the same ones also with the heads of other loggers. */
export function sampleLogs(): string[] {
  return readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(?:^|\/)maillog[^/]*$/.test(path))
    .sort();
}

export function sampleLines(path: string): string[] {
  return readFileSync(new URL(path, SAMPLES), 'utf8').split('\n').filter(Boolean);
}

/** What a store tells of each message, in one order. */
interface Content {
  readonly trace: Trace;
  readonly lines: readonly string[];
}

/** What a store tells. */
export interface Contents {
  readonly messages: readonly Content[];
  readonly incidents: readonly object[];
}

export function contents(db: Database): Contents {
  const reader = new Reader(db);
  const path = new MailPath();
  path.recall(reader.endpoints());
  const diagnosis = diagnosisOf(CATALOGUE, { reader, patterns: PATTERNS, path });
  const traces = new Traces({
    db,
    path,
    diagnosis,
    patterns: PATTERNS,
    stuckAfter: STUCK_AFTER,
    now: () => LATER,
  });
  const messages = reader
    .newestRows(1_000_000)
    .map((row) => ({
      trace: traces.ofView(traces.view(row)),
      lines: reader
        .linesOf(row)
        .map(({ raw }) => raw)
        .sort(),
    }))
    .sort((a, b) => (a.trace.id < b.trace.id ? -1 : 1));
  // Which lines are kept depends on when messages were put away.
  const incidents = traces.incidents().map(({ code, host, begin, end, lastSeen, messageIds }) => ({
    code,
    host,
    begin,
    end,
    lastSeen,
    messageIds: [...messageIds].sort(),
  }));
  return { messages, incidents };
}

/** The store after one import of these lines. */
export async function imported(lines: readonly string[], modified = Date.now()): Promise<Contents> {
  const db = openInMemory();
  await importInto(db, lines, modified);
  const found = contents(db);
  db.close();
  return found;
}

/** Imports lines as one run of the program does; with `often`, what is at rest leaves memory as soon as it may. */
export function importInto(
  db: Database,
  lines: readonly string[],
  modified = Date.now(),
  often = false,
): Ingest {
  const writer = new Writer(db);
  const path = new MailPath();
  const reader = new Reader(db);
  path.recall(reader.endpoints());
  const diagnosis = diagnosisOf(CATALOGUE, { reader, patterns: PATTERNS, path });
  const ingest = new Ingest({
    patterns: PATTERNS,
    path,
    reader,
    diagnosis,
    store: (batch) => writer.write(batch),
  });
  const source = ingest.source({ notAfter: modified, zone: () => 0 });
  for (const line of lines) {
    if (line !== '') source.read(line);
    if (often) ingest.settle();
  }
  ingest.endSource(source);
  ingest.finish();
  return ingest;
}
