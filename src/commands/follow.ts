import { resolve } from 'node:path';
import type { Database } from 'better-sqlite3';
import { isoTime } from '../core/clock.js';
import { Engine } from '../follow/engine.js';
import { JOURNAL, type LogInput, openFiles, openJournal } from '../follow/inputs.js';
import { Live } from '../follow/live.js';
import { run as runEngine } from '../follow/run.js';
import { showLines } from '../follow/show-lines.js';
import { allPatterns } from '../ingest/all-patterns.js';
import { Diagnosis } from '../ingest/diagnosis.js';
import { Traces } from '../ingest/traces.js';
import { printable } from '../output/printable.js';
import { findLog } from '../read/find-log.js';
import { readOwnPatterns } from '../read/pattern-files.js';
import { readCatalogue } from '../read/problem-files.js';
import { openForWriting, openInMemory, takeWriteLock } from '../store/database.js';
import { databaseFile, explained } from '../store/files.js';
import { storePatterns } from '../store/patterns.js';
import { Reader } from '../store/reader.js';
import { UserError } from '../user-error.js';
import { keepHeapSmall } from '../v8-flags.js';
import type { ExitStatus, Io, Options, Run } from './command.js';
import { flag, instant, mailPath, text, year, zone } from './options.js';
import { stuckAfter } from './store-options.js';

/** How many messages of the store, and how many bytes of a log that was never read, a first look shows. */
const FIRST_MESSAGES = 500;
const FIRST_BYTES = 256 * 1024;
/** Finished messages at hand: for the screen, and as lines, where only late news of one matters. */
const KEPT_ON_SCREEN = 2000;
const KEPT_FOR_LINES = 500;
/** How many of the messages that may go on are looked after from the start, the latest ones. */
const FIRST_OPEN = 1000;

interface Setting {
  readonly options: Options;
  readonly io: Io;
  /** Paths; undefined for the journal. */
  readonly logs: readonly string[] | undefined;
  /** The full-screen view instead of lines. */
  readonly full: boolean;
  /** Microseconds. */
  readonly since: number | undefined;
}

/** Percent: it runs beside the mail system, for ever. */
const HEAP_GROWTH = 30;

export const run: Run = async (args, options, io) => {
  keepHeapSmall(HEAP_GROWTH);
  const since = text(options, 'since');
  const setting: Setting = {
    options,
    io,
    logs: await logsToFollow(args, io),
    full: io.outIsTerminal && io.env['TERM'] !== 'dumb' && !flag(options, 'plain') && !flag(options, 'json'),
    since: since === undefined ? undefined : instant('--since', since, options, Date.now()),
  };
  if (options['store'] === false) return follow(setting, openInMemory(), null, []);
  const file = databaseFile(text(options, 'db'), io.env);
  const lock = takeWriteLock(file);
  if (lock === undefined) {
    const notice = `another amavtrace stores into ${file}: watching without storing`;
    return follow(setting, openInMemory(), null, [notice]);
  }
  try {
    return await follow(setting, openForWriting(file), file, []);
  } catch (error) {
    throw explained(file, error);
  } finally {
    lock.release();
  }
};

async function logsToFollow(args: readonly string[], io: Io): Promise<readonly string[] | undefined> {
  if (args.includes('-'))
    throw new UserError(
      'follow reads logs that are kept, not standard input',
      'To read standard input to its end: amavtrace import -',
    );
  if (args.length > 0) return [...new Set(args.map((arg) => resolve(arg)))];
  const found = await findLog();
  io.note(`amavtrace: ${printable(found.why)}\n`);
  return found.kind === 'files' ? found.paths : undefined;
}

async function follow(
  setting: Setting,
  db: Database,
  file: string | null,
  notices: readonly string[],
): Promise<ExitStatus> {
  const { options, io, logs, full, since } = setting;
  const dir = text(options, 'patterns');
  const own = readOwnPatterns(dir);
  storePatterns(db, own);
  const reader = new Reader(db);
  const patterns = allPatterns([], reader);
  const path = mailPath(options);
  const diagnosis = new Diagnosis(readCatalogue(dir), path, reader.knowledge());
  const engine = new Engine({
    db,
    patterns,
    path,
    diagnosis,
    zone: zone(options),
    year: year(options),
  });
  const after = stuckAfter(options);
  const now = (): number => Date.now() * 1000;
  const traces = new Traces({ db, path, diagnosis, patterns, stuckAfter: after, now });
  const live = new Live({
    sources: logs ?? [JOURNAL],
    database: file,
    reader,
    traces,
    stuckAfter: after,
    kept: full ? KEPT_ON_SCREEN : KEPT_FOR_LINES,
    now,
  });
  const tell = (notice: string): void => {
    live.note(notice);
    if (!full) io.note(`amavtrace: ${printable(notice)}\n`);
  };
  for (const notice of notices) tell(notice);
  live.fill(reader.open().slice(-FIRST_OPEN));
  if (full || since !== undefined) live.fill(reader.newestRows(FIRST_MESSAGES, since));

  const stop = new AbortController();
  const signal = AbortSignal.any([io.signal, stop.signal]);
  const input = await openInput(setting, engine, signal, tell);
  // A terminal that is gone ends the view; a service is asked to open its logs anew.
  const hangUp = (): void => (io.outIsTerminal ? stop.abort() : input.reopen());
  process.on('SIGHUP', hangUp);
  try {
    if (full)
      return await watch(
        live,
        runEngine(engine, live, input, () => stop.abort()),
        stop,
        { ...setting, signal },
      );
    const from = since === undefined ? undefined : isoTime(since);
    showLines(live, { out: io.out, json: flag(options, 'json'), zone: zone(options), since: from });
    await runEngine(engine, live, input, () => stop.abort());
    return 0;
  } finally {
    process.off('SIGHUP', hangUp);
    db.close();
  }
}

/** The full-screen view; following ends with it. */
async function watch(
  live: Live,
  following: Promise<void>,
  stop: AbortController,
  { options, io, signal }: Setting & { readonly signal: AbortSignal },
): Promise<ExitStatus> {
  // The view hears of a failure too, and gives the terminal back before it is told.
  following.catch(() => {});
  try {
    const { start } = await import('../tui/start.js');
    return await start(live, { ...io, signal }, { zone: zone(options) });
  } finally {
    stop.abort();
    await following;
  }
}

async function openInput(
  { options, logs, full, since }: Setting,
  engine: Engine,
  signal: AbortSignal,
  onNotice: (text: string) => void,
): Promise<LogInput> {
  const once = flag(options, 'once');
  // What is read once, or on demand, is read from its start; a first look at a log shows its end.
  const fromStart = flag(options, 'fromStart') || (once && since === undefined);
  const begin = { fromStart, since, tail: full ? FIRST_BYTES : 0 };
  const clock = { zone: zone(options), year: year(options) };
  const reading = { once, signal, onNotice, position: (log: string) => engine.position(log) };
  return logs === undefined ? openJournal(begin, reading) : openFiles(logs, begin, clock, reading);
}
