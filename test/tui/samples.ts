/** Traces of the recorded logs, made as an import makes them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MailPath } from '../../src/core/path.js';
import type { Trace } from '../../src/core/trace/trace.js';
import { Diagnosis } from '../../src/ingest/diagnosis.js';
import { Ingest } from '../../src/ingest/ingest.js';
import { Traces } from '../../src/ingest/traces.js';
import { compilePatterns } from '../../src/read/pattern-files.js';
import { readCatalogue } from '../../src/read/problem-files.js';
import { openForReading, openForWriting } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { Writer } from '../../src/store/writer.js';

const SAMPLES = new URL('../../samples/', import.meta.url).pathname;

export interface Sampled {
  /** Oldest first. */
  readonly traces: readonly Trace[];
  /** By trace id. */
  readonly evidence: ReadonlyMap<string, readonly string[]>;
}

/** Of these folders of samples/. */
export async function sampled(folders: readonly string[]): Promise<Sampled> {
  const dir = mkdtempSync(join(tmpdir(), 'amavtrace-tui-'));
  const file = join(dir, 'traces.db');
  try {
    openForWriting(file).close();
    const writer = new Writer(openForWriting(file));
    const db = openForReading(file);
    const path = new MailPath();
    const reader = new Reader(db);
    const diagnosis = new Diagnosis(readCatalogue(undefined), path, reader.knowledge());
    const ingest = new Ingest({
      patterns: compilePatterns([]),
      path,
      diagnosis,
      reader,
      store: (batch) => writer.write(batch),
    });
    for (const name of folders) {
      const year = name === 'guide_2006' ? 2006 : 2026;
      const source = ingest.source({ notAfter: Date.UTC(2027, 0), year, zone: () => 0 });
      for (const line of readFileSync(join(SAMPLES, name, 'maillog'), 'utf8').split('\n')) {
        if (line !== '') source.read(line);
      }
      ingest.endSource(source);
    }
    ingest.finish();
    writer.close();
    const found = new Traces({ db, path, diagnosis, patterns: compilePatterns([]), stuckAfter: 300_000_000 });
    const traces = [...found.search({}, () => true)].reverse();
    const evidence = new Map<string, readonly string[]>();
    for (const trace of traces) {
      const id = trace.queueIds[0] ?? trace.filter[0]?.amavisId ?? '';
      evidence.set(trace.id, found.withId(id).find((one) => one.trace.id === trace.id)?.lines ?? []);
    }
    db.close();
    return { traces, evidence };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
