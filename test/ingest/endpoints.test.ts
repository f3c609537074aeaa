import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import { Diagnosis } from '../../src/ingest/diagnosis.js';
import { Ingest } from '../../src/ingest/ingest.js';
import { compilePatterns } from '../../src/read/pattern-files.js';
import { readCatalogue } from '../../src/read/problem-files.js';
import { openForReading, openForWriting } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { Writer } from '../../src/store/writer.js';

const FEED =
  'Nov 23 00:19:14 mail postfix/lmtp[7295]: 8BE9416260E: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10099, delay=0.22, delays=0.02/0.01/0/0.19, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BE6C0162610)';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Imports lines as one run of the program does. */
async function importLines(path: MailPath, lines: readonly string[]): Promise<void> {
  const file = join(folder, 'traces.db');
  openForWriting(file).close();
  const db = openForReading(file);
  const writer = new Writer(openForWriting(file));
  const reader = new Reader(db);
  const diagnosis = new Diagnosis(readCatalogue(undefined), path, reader.knowledge());
  const ingest = new Ingest({
    patterns: compilePatterns([]),
    path,
    reader,
    diagnosis,
    store: (batch) => writer.write(batch),
  });
  const source = ingest.source({ notAfter: Date.UTC(2026, 10, 24), zone: () => 0 });
  for (const line of lines) source.read(line);
  ingest.endSource(source);
  ingest.finish();
  writer.close();
  db.close();
}

test('a filter on another port, learnt from its replies, is known to later runs', async () => {
  await importLines(new MailPath(), [FEED]);

  const later = new MailPath();
  await importLines(later, []);

  expect(later.isFilter({ address: '127.0.0.1', port: 10099 })).toBe(true);
  expect(later.isFilter({ address: '127.0.0.1', port: 10098 })).toBe(false);
});
