import { spawn } from 'node:child_process';
import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';
import { decodeLines, wholeLines } from './lines.js';

export interface JournalOptions {
  /** Goes on with new entries; else it ends with the last one there is. */
  readonly follow: boolean;
  /** Where an earlier reading ended: begins after it. Without it following begins with what is new. */
  readonly afterCursor?: string | undefined;
  /** Begins with the oldest entry there is. */
  readonly fromStart?: boolean | undefined;
  /** Microseconds: begins with the first entry since then. */
  readonly since?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface JournalBatch {
  /** Entries as journalctl's JSON, one object a line. */
  readonly lines: readonly string[];
  /** The last entry's cursor, to be kept with what was made of the lines. */
  readonly cursor: string | undefined;
}

/** The command that reads the journal's mail facility, where Postfix and amavisd-new log. */
export function journalCommand(options: JournalOptions): {
  readonly command: string;
  readonly args: string[];
} {
  // --all: without it long messages come as null. --lines: with -f it would be 10.
  const args = ['--output=json', '--all', '--quiet', '--no-pager'];
  if (options.follow) args.push('--follow');
  if (options.afterCursor !== undefined) args.push('--lines=all', `--after-cursor=${options.afterCursor}`);
  else if (options.since !== undefined)
    args.push('--lines=all', `--since=@${Math.floor(options.since / 1_000_000)}`);
  else args.push(options.follow && !options.fromStart ? '--lines=0' : '--lines=all');
  args.push('SYSLOG_FACILITY=2');
  return { command: 'journalctl', args };
}

/** Reads the systemd journal through journalctl. Throws a UserError when it is missing or refuses. */
export async function* readJournal(options: JournalOptions): AsyncGenerator<JournalBatch, void, undefined> {
  const { command, args } = journalCommand(options);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => child.kill();
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener('abort', stop);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  let missing = false;
  const closed = new Promise<number | null>((resolve) => {
    child.once('error', () => {
      missing = true;
      resolve(null);
    });
    child.once('close', resolve);
  });
  try {
    for await (const { data } of wholeLines(child.stdout as AsyncIterable<Buffer>, () => undefined)) {
      const lines = decodeLines(data).replace(/\n$/, '').split('\n');
      yield { lines, cursor: cursorOf(lines.at(-1)) };
    }
    const status = await closed;
    if (options.signal?.aborted) return;
    if (missing) throw new UserError('the program journalctl is not installed', 'name the log files instead');
    if (status !== 0) {
      throw new UserError(
        `journalctl ended: ${printable(complaint.trim()) || `status ${status}`}`,
        'the journal is readable for root and the groups adm and systemd-journal',
      );
    }
  } finally {
    options.signal?.removeEventListener('abort', stop);
    stop();
    await closed;
  }
}

function cursorOf(entry: string | undefined): string | undefined {
  return entry === undefined ? undefined : /"__CURSOR"\s*:\s*"([^"\\]+)"/.exec(entry)?.[1];
}
