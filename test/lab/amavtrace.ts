/** Runs the program as a user would, and reads its traces. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '../../src/core/trace/trace.js';
import { execute } from './process.js';

const project = join(import.meta.dirname, '..', '..');
const command = ['--import', 'tsx', join(project, 'src', 'cli.ts')];

/** Imports one log into a database of its own; all its traces. */
export async function tracesOf(log: string, folder: string): Promise<Trace[]> {
  mkdirSync(folder, { recursive: true });
  const db = ['--db', join(folder, 'traces.db')];
  await execute(process.execPath, [...command, 'import', log, ...db], { timeout: 120_000 });
  const found = await execute(process.execPath, [...command, 'search', '--json', '--limit', '0', ...db]);
  return readTraces(found);
}

function readTraces(lines: string): Trace[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Trace);
}
