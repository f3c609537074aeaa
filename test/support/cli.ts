/** Runs the built program as a user would. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
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

/** All traces of a database, in the order of their ids. */
export function allTraces(db: string, ...args: readonly string[]): Trace[] {
  const { stdout } = amavtrace(['search', '--json', '--limit', '0', '--db', db, ...args]);
  return parseLines(stdout).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

export function parseLines(stdout: string): Trace[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Trace);
}
