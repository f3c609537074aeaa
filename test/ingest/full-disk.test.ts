/** A store that could not take a batch takes no later one, which may rest on what it lacks. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import { Diagnosis } from '../../src/ingest/diagnosis.js';
import { Ingest } from '../../src/ingest/ingest.js';
import { compilePatterns } from '../../src/read/pattern-files.js';
import { readCatalogue } from '../../src/read/problem-files.js';
import { openForReading, openForWriting } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { temporaryFolder } from '../support/cli.js';

it('stores nothing more after a batch that could not be stored', () => {
  const file = join(temporaryFolder(), 'traces.db');
  openForWriting(file).close();
  const db = openForReading(file);
  const path = new MailPath();
  let tries = 0;
  const ingest = new Ingest({
    patterns: compilePatterns([]),
    path,
    reader: new Reader(db),
    diagnosis: new Diagnosis(readCatalogue(undefined), path, []),
    store: () => {
      tries++;
      throw new Error('disk full');
    },
  });
  expect(() => ingest.finish()).toThrow('disk full');
  ingest.finish();
  expect({ tries, failed: ingest.failed }).toEqual({ tries: 1, failed: true });
  db.close();
});
