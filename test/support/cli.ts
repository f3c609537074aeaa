/** Runs the built program as a user would. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const MAIN = new URL('../../dist/main.js', import.meta.url).href;
export const SAMPLES = fileURLToPath(new URL('../../samples', import.meta.url));

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'amavtrace-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function amavtrace(args: readonly string[], input?: string | Buffer): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    input: input ?? '',
    maxBuffer: 256 * 1024 * 1024,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], LANG: 'C.UTF-8', TZ: 'UTC' },
  });
}

/** The same without a process of its own, for tests that run hundreds of commands. What it prints to standard output. */
export async function amavtraceHere(args: readonly string[]): Promise<string> {
  const { main } = (await import(MAIN)) as typeof import('../../src/main.js');
  const { stdout } = process;
  const { write } = stdout;
  let printed = '';
  stdout.write = (text: string | Uint8Array): boolean => {
    printed += text.toString();
    return true;
  };
  try {
    const status = await main(args);
    if (status > 1) throw new Error(`amavtrace ${args.join(' ')} ended with ${status}`);
  } finally {
    stdout.write = write;
  }
  return printed;
}

export interface Summary {
  readonly files: number;
  readonly lines: number;
  readonly bytes: number;
  readonly events: number;
  readonly ignored: number;
  readonly unrecognized: number;
  readonly traces: number;
  readonly changed: number;
}

export function importLogs(db: string, ...args: readonly string[]): Summary {
  const { stdout, stderr, status } = amavtrace(['import', ...args, '--db', db, '--tz', 'UTC', '--json']);
  if (status !== 0) throw new Error(`import ended with ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Summary;
}

export async function importLogsHere(db: string, ...args: readonly string[]): Promise<Summary> {
  const printed = await amavtraceHere(['import', ...args, '--db', db, '--tz', 'UTC', '--json']);
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Summary;
}

/** All traces of a database, in the order of their ids. */
export function allTraces(db: string, ...args: readonly string[]): Trace[] {
  return inOrder(amavtrace(['search', '--json', '--limit', '0', '--db', db, ...args]).stdout);
}

export async function allTracesHere(db: string): Promise<Trace[]> {
  return inOrder(await amavtraceHere(['search', '--json', '--limit', '0', '--db', db]));
}

function inOrder(stdout: string): Trace[] {
  return parseLines(stdout).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

export function parseLines(stdout: string): Trace[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Trace);
}
