import type { ZoneOffset } from '../core/clock.js';
import type { MailPath } from '../core/path.js';
import { type Beginning, type LogInput, openFiles, openJournal } from '../follow/inputs.js';
import { ensureReadable } from '../read/ensure-readable.js';
import { compilePatterns, readOwnPatterns } from '../read/pattern-files.js';
import { readCatalogue } from '../read/problem-files.js';
import { type LoggingProgram, lastSaid, type Said } from './last-said.js';
import { type LogWatch, watchLog } from './log-watch.js';

/** The mail log, as far as the tests look into it. */
export interface MailLog {
  /** Follows it from its present end. To be called before a message is sent, so that none of its lines is missed. */
  readonly watch: (path: MailPath) => Promise<LogWatch>;
  /** The last complaint of a program in the log's end, else its last line; null where there is none. */
  readonly lastSaid: (program: LoggingProgram) => Promise<Said | null>;
}

export interface MailLogOptions {
  /** null: the systemd journal. */
  readonly files: readonly string[] | null;
  /** A folder of more patterns and problems, as of --patterns. */
  readonly patterns: string | undefined;
  readonly zone: ZoneOffset;
}

/** How much of a log's end is looked through for what a program last said: some thousand lines. */
const END_BYTES = 512 * 1024;
/** How far back in the journal, whose end has no size (microseconds). */
const END_TIME = 3_600_000_000;
/** The last of a log is there by then, or it can't be told. */
const END_LIMIT_MS = 10_000;

/** @throws UserError where a file can't be read. */
export async function openMailLog({ files, patterns, zone }: MailLogOptions): Promise<MailLog> {
  for (const file of files ?? []) await ensureReadable(file);
  const now = (): number => Date.now() * 1000;
  const open = async (begin: Partial<Beginning>, once: boolean, signal: AbortSignal): Promise<LogInput> => {
    const beginning: Beginning = { fromStart: false, since: undefined, tail: 0, ...begin };
    const reading = { once, signal, onNotice: () => {}, position: () => undefined };
    return files === null ? openJournal(beginning, reading) : openFiles(files, beginning, { zone }, reading);
  };
  return {
    async watch(path) {
      const stop = new AbortController();
      // Where the log ends now, not when its reading has begun: one byte back is the end of its last line. What
      // the journal has since now it also gives to a reader that is slow to start.
      const begin = files === null ? { since: now() } : { tail: 1 };
      const input = await open(begin, false, stop.signal);
      return watchLog(input, {
        patterns: compilePatterns(readOwnPatterns(patterns)),
        catalogue: readCatalogue(patterns),
        path,
        zone,
        stop: () => stop.abort(),
      });
    },
    async lastSaid(program) {
      const begin = files === null ? { since: now() - END_TIME } : { tail: END_BYTES };
      return lastSaid(await open(begin, true, AbortSignal.timeout(END_LIMIT_MS)), program, { zone });
    },
  };
}
