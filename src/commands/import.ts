import { addedPatterns } from '../ingest/all-patterns.js';
import { endImport } from '../ingest/end-import.js';
import { Ingest } from '../ingest/ingest.js';
import { diagnosisOf } from '../ingest/learn-again.js';
import { directSorting, hasThread, type LogRead, threadSorting } from '../ingest/log-sorting.js';
import type { Sorted } from '../ingest/sorted.js';
import { printable, printableJson } from '../output/printable.js';
import { progressBar } from '../output/progress.js';
import { oldestFirst } from '../read/oldest-first.js';
import { compilePatterns, readOwnPatterns } from '../read/pattern-files.js';
import { readCatalogue } from '../read/problem-files.js';
import { openForReading, openForWriting, takeWriteLock } from '../store/database.js';
import { databaseFile, guarded } from '../store/files.js';
import { Reader } from '../store/reader.js';
import { Writer } from '../store/writer.js';
import { UserError } from '../user-error.js';
import { inlineLess, keepHeapSmall } from '../v8-flags.js';
import type { Io, Run } from './command.js';
import { flag, mailPath, pathOptions, text, year, zone } from './options.js';

/** A log smaller than this is read before a sorting thread would have started. */
const SMALL = 4 * 1024 * 1024;
/** Percent: speed counts here. */
const HEAP_GROWTH = 60;
/** A third of what V8 takes: a fifth of an import was compiling. */
const INLINED = 300;

export const run: Run = async (paths, options, io) => {
  keepHeapSmall(HEAP_GROWTH);
  inlineLess(INLINED);
  const file = databaseFile(text(options, 'db'), io.env);
  const zoneOffset = zone(options);
  const showUnrecognized = flag(options, 'showUnrecognized');
  const dir = text(options, 'patterns');
  const own = readOwnPatterns(dir);
  const path = mailPath(options);
  const started = performance.now();

  let failed = false;
  const complain = (error: unknown): void => {
    if (!(error instanceof UserError)) throw error;
    failed = true;
    io.note(`amavtrace: ${error.message}\n${error.help === undefined ? '' : `  ${error.help}\n`}`);
  };
  const logs = await oldestFirst([...new Set(paths)], {
    zone: zoneOffset,
    year: year(options),
    signal: io.signal,
    onError: complain,
  });
  if (logs.length === 0) return 2;

  const lock = takeWriteLock(file);
  if (lock === undefined) {
    throw new UserError(
      `another amavtrace is writing to ${file}`,
      'Wait for it, or stop the `amavtrace follow` that feeds it (what it follows needs no import).',
    );
  }
  const writer = new Writer(openForWriting(file));
  const db = openForReading(file);
  const total = logs.reduce((sum, { size }) => sum + size, 0);
  const small = total < SMALL && logs.every(({ size }) => size > 0);
  const reader = new Reader(db);
  const added = addedPatterns(own, reader);
  const patterns = compilePatterns(added);
  path.recall(reader.endpoints());
  const catalogue = readCatalogue(dir);
  const ingest = new Ingest({
    patterns,
    path,
    reader,
    diagnosis: diagnosisOf(catalogue, { reader, patterns, path }),
    store: (batch) => guarded(file, () => writer.write(batch)),
    onUnrecognized: showUnrecognized ? (raw) => io.out(`${printable(raw)}\n`) : undefined,
  });
  const isStream = logs.some(({ stream }) => stream !== undefined);
  const sorting =
    small || isStream || !hasThread
      ? directSorting({ patterns, path, catalogue, showUnrecognized }, zoneOffset)
      : threadSorting({
          patterns: added,
          problems: dir,
          path: pathOptions(options),
          endpoints: reader.endpoints(),
          showUnrecognized,
          tz: text(options, 'tz'),
        });
  const bar = progressBar(total, io);
  let bytes = 0;
  let files = 0;
  try {
    for (const log of logs) {
      if (io.signal.aborted) break;
      const source = ingest.source();
      const take = async (sorted: Sorted, position: number): Promise<void> => {
        ingest.take(sorted, source);
        bar.show(log.path, position);
      };
      try {
        const read = await sorting.sort(log, take, io.signal).finally(() => ingest.endSource(source));
        complainOf(log.path, read, io);
        if (log.was !== undefined) complainOf(log.path, log.was, io);
        bytes += read.bytes;
        files++;
        bar.done(log.size);
      } catch (error) {
        // A file that can't be read is left out; a store that can't be written ends it all.
        if (ingest.failed) throw error;
        complain(error);
      }
    }
    ingest.finish();
  } finally {
    bar.clear();
    await sorting.close();
    writer.close();
    db.close();
  }
  guarded(file, () => endImport(file, own, ingest.newest));
  lock.release();

  const { counts, traces } = ingest;
  const seconds = (performance.now() - started) / 1000;
  if (flag(options, 'json')) {
    const { lines, events, ignored, unrecognized } = counts;
    const summary = {
      files,
      lines,
      bytes,
      events,
      ignored,
      unrecognized,
      traces: traces.added,
      changed: traces.changed,
    };
    io.out(`${printableJson({ ...summary, seconds: Math.round(seconds * 1000) / 1000 })}\n`);
  } else {
    io.note(summaryText(files, bytes, counts, traces, seconds));
  }
  if (io.signal.aborted) {
    io.note('amavtrace: interrupted; what was read is stored. Run the same import again to complete it.\n');
    return 2;
  }
  return failed ? 2 : 0;
};

function summaryText(
  files: number,
  bytes: number,
  { lines, events, ignored, unrecognized }: Ingest['counts'],
  { added, changed }: Ingest['traces'],
  seconds: number,
): string {
  const rate = seconds > 0 ? bytes / 1e6 / seconds : 0;
  return (
    `${files} file${files === 1 ? '' : 's'}, ${lines} lines, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s (${rate.toFixed(0)} MB/s)\n` +
    `${added} new messages, ${changed} added to; ${events} lines used, ${ignored} of no concern, ${unrecognized} not recognized` +
    `${unrecognized > 0 ? ' (--show-unrecognized prints them)' : ''}\n`
  );
}

function complainOf(path: string, { warnings, cutLines }: Omit<LogRead, 'bytes'>, io: Io): void {
  for (const warning of warnings) io.note(`amavtrace: ${warning}\n`);
  if (cutLines > 0)
    io.note(`amavtrace: ${printable(path)}: ${cutLines} lines longer than 1 MiB were cut to that\n`);
}
