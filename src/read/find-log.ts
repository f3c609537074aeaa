import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../user-error.js';

/** Where the machine's mail log is, and `why`: a sentence that says what was taken. */
export type FoundLog =
  | { readonly kind: 'files'; readonly paths: readonly string[]; readonly why: string }
  | { readonly kind: 'journal'; readonly why: string };

/** What is looked at; the defaults are the machine's own. */
export interface Places {
  readonly folder?: string;
  /** The environment's PATH, where postconf and journalctl are sought. */
  readonly programs?: string;
}

/**
 * The machine's mail log: /var/log/maillog or mail.log; Postfix' own `maillog_file` together with it, as
 * amavisd-new goes on writing to syslog; the systemd journal where there is no file.
 * Throws a UserError when there is none of them.
 */
export async function findLog({ folder = '/var/log', programs }: Places = {}): Promise<FoundLog> {
  const env = { ...process.env, ...(programs === undefined ? {} : { PATH: programs }) };
  const own = await maillogFile(env);
  const syslog = await firstFile([join(folder, 'maillog'), join(folder, 'mail.log')]);
  if (own !== undefined && syslog !== undefined && (await realpath(own)) !== (await realpath(syslog))) {
    const why = `following ${own} (Postfix' maillog_file) and ${syslog} (where syslog puts what amavis logs)`;
    return { kind: 'files', paths: [own, syslog], why };
  }
  if (own !== undefined)
    return { kind: 'files', paths: [own], why: `following ${own} (Postfix' maillog_file)` };
  if (syslog !== undefined) return { kind: 'files', paths: [syslog], why: `following ${syslog}` };
  if (await answers('journalctl', ['--version'], env)) {
    return { kind: 'journal', why: `following the systemd journal (no maillog or mail.log in ${folder})` };
  }
  throw new UserError(
    `no mail log found: no maillog or mail.log in ${folder}, no maillog_file in Postfix, no systemd journal`,
    'name the log files',
  );
}

async function maillogFile(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const value = await run('postconf', ['-h', 'maillog_file'], env);
  const path = value?.trim() ?? '';
  return path.startsWith('/') ? firstFile([path]) : undefined;
}

/** The first that is a file; not /dev/stdout, which Postfix in a container logs to. */
async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile()) return path;
  }
  return undefined;
}

async function answers(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  return (await run(command, args, env)) !== undefined;
}

const execute = promisify(execFile);

async function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    return (await execute(command, args, { env, timeout: 5_000 })).stdout;
  } catch {
    return undefined;
  }
}
