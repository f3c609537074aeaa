/** Asks the Postfix of this machine for its queue and its settings. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseQueue, type QueuedMessage } from '../core/problem/queue.js';
import type { Backoff } from '../core/problem/stuck.js';
import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';

const run = promisify(execFile);
const OPTIONS = { maxBuffer: 1 << 28, timeout: 60_000 };
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** The queue, by `postqueue -j` (Postfix 3.1 and later). Throws UserError. */
export async function readQueue(): Promise<QueuedMessage[]> {
  try {
    return parseQueue((await run('postqueue', ['-j'], OPTIONS)).stdout);
  } catch (error) {
    const { message, stderr = '' } = error as { message: string; stderr?: string };
    const reason = printable((stderr.trim() || message).split('\n').at(-1) ?? '');
    throw new UserError(
      `cannot ask the queue: ${reason}`,
      'run this on the mail server, as a user that authorized_mailq_users names',
    );
  }
}

/** How long the queue manager waits between attempts; null when postconf can't tell. */
export async function readBackoff(): Promise<Backoff | null> {
  try {
    const { stdout } = await run('postconf', ['-h', 'minimal_backoff_time', 'maximal_backoff_time'], OPTIONS);
    const [minimal, maximal] = stdout.split('\n').map(seconds);
    return minimal === undefined || maximal === undefined ? null : { minimal, maximal };
  } catch {
    return null;
  }
}

/** `300s`, `1h`; a number alone is seconds for these two (postconf(5)). */
function seconds(text: string): number | undefined {
  const found = /^(\d+)([smhdw]?)$/.exec(text.trim());
  return found === null ? undefined : Number(found[1]) * (UNITS[found[2] ?? ''] ?? 1);
}
