/**
 * `npm run bench [-- --size MB] [-- --runs N]`: how fast logs are read, joined and stored, each stage in a process of
 * its own, and beside them pflogsumm where it is installed. Runs alternate; what is printed is the median.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Made, makeLog } from './make-log.js';
import type { Taken } from './stage.js';

const MB = 1e6;
const STAGES = { parse: 'parsing', join: 'parsing and joining', import: 'the whole import' } as const;
type Stage = keyof typeof STAGES;
const MAIN = new URL('../../dist/main.js', import.meta.url).href;
const STAGE_FILE = fileURLToPath(new URL('./stage.ts', import.meta.url));

const { values } = parseArgs({ options: { size: { type: 'string' }, runs: { type: 'string' } } });
const size = atLeastOne('--size', values.size ?? '200');
const runs = atLeastOne('--runs', values.runs ?? '3');
const folder = mkdtempSync(join(tmpdir(), 'amavtrace-bench-'));
try {
  bench(join(folder, 'mail.log'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function bench(log: string): void {
  const made = makeLog(log, size * MB);
  say(`${(made.bytes / MB).toFixed(0)} MB, ${made.lines} lines; median of ${runs}\n`);
  say(row('', 'seconds', 'MB/s', 'lines/s', 'peak MB'));
  const names: readonly Stage[] = ['parse', 'join', 'import'];
  const taken = new Map<Stage, Taken[]>(names.map((stage) => [stage, []]));
  const others: number[] = [];
  for (let run = 0; run < runs; run++) {
    for (const stage of names) taken.get(stage)?.push(runStage(stage, log));
    const seconds = pflogsumm(log);
    if (seconds !== undefined) others.push(seconds);
  }
  for (const stage of names) {
    const all = taken.get(stage) ?? [];
    const memory = Math.max(...all.map((one) => one.memory));
    say(speeds(STAGES[stage], median(all.map(({ seconds }) => seconds)), made, (memory / MB).toFixed(0)));
  }
  if (others.length === 0) {
    say('pflogsumm is not installed, so there is nothing to compare with (Debian: apt install pflogsumm)');
    return;
  }
  say(speeds('pflogsumm', median(others), made, ''));
  const ratios = (taken.get('import') ?? []).map(({ seconds }, run) => (others[run] ?? 0) / seconds);
  say(`\nthe whole import runs at ${median(ratios).toFixed(2)} times the speed of pflogsumm`);
}

function runStage(stage: Stage, log: string): Taken {
  const database = join(folder, 'traces.db');
  // The whole import as users have it, without what runs TypeScript from source.
  const program =
    stage === 'import' ? ['--eval', importing(log, database)] : ['--import', 'tsx', STAGE_FILE, stage, log];
  const output = execFileSync(process.execPath, program, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for (const end of ['', '-wal', '-shm', '.lock']) rmSync(`${database}${end}`, { force: true });
  return JSON.parse(output) as Taken;
}

/** A program that imports the log and prints what that took. */
function importing(log: string, database: string): string {
  return `(async () => {
      const started = performance.now();
      const { main } = await import(${JSON.stringify(MAIN)});
      const status = await main(${JSON.stringify(['import', '--db', database, log])});
      if (status !== 0) throw new Error('the import ended with status ' + status);
      const seconds = (performance.now() - started) / 1000;
      console.log(JSON.stringify({ seconds, memory: process.resourceUsage().maxRSS * 1024 }));
    })();`;
}

/** Seconds; undefined where it is not installed. */
function pflogsumm(log: string): number | undefined {
  const path = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin`;
  const started = performance.now();
  const { status } = spawnSync('pflogsumm', [log], { stdio: 'ignore', env: { ...process.env, PATH: path } });
  return status === 0 ? (performance.now() - started) / 1000 : undefined;
}

function speeds(name: string, seconds: number, { bytes, lines }: Made, memory: string): string {
  return row(
    name,
    seconds.toFixed(2),
    (bytes / MB / seconds).toFixed(1),
    (lines / seconds).toFixed(0),
    memory,
  );
}

function row(name: string, ...cells: readonly string[]): string {
  return name.padEnd(22) + cells.map((cell) => cell.padStart(10)).join('');
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function atLeastOne(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} must be a whole number from 1`);
  return number;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
