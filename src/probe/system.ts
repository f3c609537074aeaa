import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { type LoggingProgram, lastSaid } from './last-lines.js';
import { type Listening, parseProcNetTcp } from './sockets.js';

/** What a failed test asks of the machine. null: it can't be told here. */
export interface System {
  readonly listening: () => readonly Listening[] | null;
  /** Process ids of a running daemon. */
  readonly running: (program: 'amavisd' | 'master') => readonly number[] | null;
  readonly lastSaid: (program: LoggingProgram) => string | null;
}

/** How much of a log's end is looked at: some thousand lines. */
const TAIL_BYTES = 512 * 1024;
const USUAL_LOGS = ['/var/log/mail.log', '/var/log/maillog', '/var/log/mail.info'];

/** This machine, by /proc and its mail log. */
export function thisMachine(logs: readonly string[] = USUAL_LOGS): System {
  return {
    listening: () => {
      const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((file) =>
        attempt(() => readFileSync(file, 'utf8')),
      );
      return tables[0] === null ? null : tables.flatMap((table) => parseProcNetTcp(table ?? ''));
    },
    running: (program) => {
      const processes = attempt(() => readdirSync('/proc'));
      if (processes === null) return null;
      return processes.filter((pid) => /^\d+$/.test(pid) && isProgram(pid, program)).map(Number);
    },
    lastSaid: (program) => {
      for (const file of logs) {
        const said = attempt(() => lastSaid(tail(file), program));
        if (said !== null) return said;
      }
      return null;
    },
  };
}

/** amavisd runs under perl and names itself `/usr/sbin/amavisd-new (master)`; Postfix' master is a program of that name. */
function isProgram(pid: string, program: 'amavisd' | 'master'): boolean {
  const command = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '';
  if (program === 'amavisd') return /(?:^|[/\0])amavisd(?:-new)?(?:[ \0]|$)/.test(command);
  return /(?:^|\/)postfix\/(?:s?bin\/)?master(?:\0|$)/.test(command);
}

function tail(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(descriptor);
  }
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
