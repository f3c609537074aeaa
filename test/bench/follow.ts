/**
 * `npm run bench:follow [-- --seconds N --rate LINES_A_SECOND]`: writes a log while `amavtrace follow` stores it; how
 * long a line takes from its writing to the store, memory every 10 seconds, the largest side files of the database,
 * CPU, and what an idle follow costs. Linux only (/proc).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { queueKey } from '../../src/core/keys.js';
import { openForReading } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { makeLog } from './make-log.js';

const TICK_MS = 20;
const PROBE_MS = 100;
const IDLE_SECONDS = 15;
const MEMORY_SECONDS = 10;
const TICKS_A_SECOND = 100;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '5000' } },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'amavtrace-bench-'));
const source = join(folder, 'source');
const log = join(folder, 'mail.log');
const database = join(folder, 'traces.db');

const text = makeText(Math.ceil(seconds * rate * 1.1));
const out = openSync(log, 'a');
const child = spawn(process.execPath, [cli, 'follow', log, '--db', database, '--plain', '--from-start'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
try {
  await until(() => isThere(database));
  await sleep(3000);
  const before = usage(child);
  await sleep(IDLE_SECONDS * 1000);
  const idle = usage(child);
  report('idle', `${share(before, idle)} of a core, ${idle.megabytes} MB`);

  const latencies: number[] = [];
  const memory: Memory[] = [];
  const started = usage(child);
  const [written] = await Promise.all([write(), probe(latencies), watchMemory(memory)]);
  const ended = usage(child);
  latencies.sort((a, b) => a - b);
  report('lines', `${written.lines} in ${seconds} s, ${(written.bytes / 1e6).toFixed(0)} MB`);
  report(
    'latency',
    `p50 ${quantile(latencies, 0.5)} ms, p99 ${quantile(latencies, 0.99)} ms, most ${quantile(latencies, 1)} ms`,
  );
  report('memory', `${memory.map(({ megabytes }) => megabytes).join(', ')} MB`);
  const third = (n: number): number =>
    mean(
      memory.slice((n * memory.length) / 3, ((n + 1) * memory.length) / 3).map(({ megabytes }) => megabytes),
    );
  report('thirds', `${[0, 1, 2].map(third).join(', ')} MB`);
  report('WAL', `${Math.round(Math.max(...memory.map(({ wal }) => wal)) / 1e6)} MB at most`);
  report('CPU', `${share(started, ended)} of a core`);
  child.kill('SIGTERM');
  await until(() => child.exitCode !== null);
  report('store', `${(statSync(database).size / written.bytes).toFixed(2)} of the log's size`);
} finally {
  child.kill();
  closeSync(out);
  rmSync(folder, { recursive: true });
}

/** Lines without their stamps. */
function makeText(count: number): string[] {
  makeLog(source, count * 165);
  return readFileSync(source, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.slice(15));
}

function stamped(rest: string): string {
  return `${new Date().toISOString().replace('Z', '000+00:00')}${rest}\n`;
}

async function write(): Promise<{ readonly lines: number; readonly bytes: number }> {
  const begin = performance.now();
  let lines = 0;
  let bytes = 0;
  while (performance.now() - begin < seconds * 1000) {
    const due = Math.floor(((performance.now() - begin) / 1000) * rate);
    let chunk = '';
    for (; lines < due; lines++) chunk += stamped(text[lines % text.length] ?? '');
    if (chunk !== '') bytes += writeSync(out, chunk);
    await sleep(TICK_MS);
  }
  return { lines, bytes };
}

/** Lines with ids of their own, each looked for in the store until it is there. */
async function probe(latencies: number[]): Promise<void> {
  const reader = new Reader(openForReading(database));
  const begin = performance.now();
  for (let n = 1; performance.now() - begin < seconds * 1000; n++) {
    const queueId = `FEED${n.toString(16).toUpperCase().padStart(6, '0')}`;
    const written = performance.now();
    writeSync(out, stamped(` mail postfix/pickup[77]: ${queueId}: uid=0 from=<probe>`));
    while (reader.byKey(queueKey(queueId)).length === 0) await sleep(1);
    latencies.push(performance.now() - written);
    await sleep(Math.max(0, PROBE_MS - (performance.now() - written)));
  }
}

interface Memory {
  readonly megabytes: number;
  /** Bytes of the write-ahead log. */
  readonly wal: number;
}

async function watchMemory(memory: Memory[]): Promise<void> {
  for (let n = 0; n < seconds / MEMORY_SECONDS; n++) {
    await sleep(MEMORY_SECONDS * 1000);
    memory.push({ megabytes: usage(child).megabytes, wal: statSync(`${database}-wal`).size });
  }
}

interface Usage {
  readonly at: number;
  /** Seconds of CPU. */
  readonly cpu: number;
  readonly megabytes: number;
}

function usage({ pid }: ChildProcess): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    at: performance.now(),
    cpu: (Number(stat[11]) + Number(stat[12])) / TICKS_A_SECOND,
    megabytes: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000),
  };
}

function share(from: Usage, to: Usage): string {
  return `${(((to.cpu - from.cpu) / ((to.at - from.at) / 1000)) * 100).toFixed(1)} %`;
}

function quantile(sorted: readonly number[], part: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN);
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function isThere(file: string): boolean {
  try {
    openForReading(file).close();
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 300; n++) {
    if (condition()) return;
    await sleep(100);
  }
  throw new Error('waited for 30 s in vain');
}

function report(name: string, value: string): void {
  process.stdout.write(`${name.padEnd(8)} ${value}\n`);
}
