/** Runs the program as a user would, and reads its traces. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Trace } from '../../src/core/trace/trace.js';
import { attempt, execute, type Outcome, until } from './process.js';

const project = join(import.meta.dirname, '..', '..');

/** What node is given: the program as it ships. */
export const program = join(project, 'dist', 'cli.js');

/** Compiles the program, so that what is tested is what is there. */
export async function build(): Promise<void> {
  await execute('npm', ['run', 'build'], { cwd: project, timeout: 300_000 });
}

/** Runs one of its commands to the end. */
export function amavtrace(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return attempt(process.execPath, [program, ...args], { timeout: 200_000, env: { ...process.env, ...env } });
}

/** What `--json` prints: one object a line. */
export function jsonLines<Item>(text: string): Item[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Item);
}

/** Imports logs, one run after another, into a database of its own; all its traces. */
export async function importedTraces(logs: readonly string[], folder: string): Promise<Trace[]> {
  mkdirSync(folder, { recursive: true });
  const db = ['--db', join(folder, 'traces.db')];
  for (const log of logs) {
    await execute(process.execPath, [program, 'import', log, ...db], { timeout: 120_000 });
  }
  const found = await execute(process.execPath, [program, 'search', '--json', '--limit', '0', ...db]);
  return jsonLines<Trace>(found);
}

/** `amavtrace follow` beside the running system: every trace as it last was. */
export class Follower {
  readonly #traces = new Map<string, Trace>();
  #child: ChildProcess | null = null;
  #said = '';

  start(log: string): void {
    const args = [program, 'follow', log, '--json', '--from-start', '--no-store'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-2000);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const trace = readTrace(line);
      for (const id of goneWith(line)) this.#traces.delete(id);
      this.#traces.set(trace.id, trace);
    });
  }

  /** What it has shown so far. Throws when it is not running any more. */
  traces(): Trace[] {
    if (this.#child === null || this.#child.exitCode !== null) {
      throw new Error(`amavtrace follow has ended: ${this.#said.trim()}`);
    }
    return [...this.#traces.values()];
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.kill('SIGINT');
    await until(() => child.exitCode !== null || child.signalCode !== null, 'amavtrace follow to end');
  }
}

function readTrace(line: string): Trace {
  return JSON.parse(line) as Trace;
}

/** Ids of traces that became part of another, as `follow --json` tells them. */
function goneWith(line: string): readonly string[] {
  return (JSON.parse(line) as { readonly gone?: readonly string[] }).gone ?? [];
}
