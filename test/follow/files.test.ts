import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { Program, runProgram } from './program.js';
import { sampleLines } from './store.js';

const LINES = sampleLines('pass_lmtp/maillog');
const HALF = LINES.length / 2;
const MESSAGES = 8;
/** Whom nothing is permitted: root reads what it likes. */
const NOBODY = process.getuid?.() === 0 ? 65_534 : undefined;

let folder: string;
let log: string;
let db: string;
let running: Program[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
  chmodSync(folder, 0o777);
  log = join(folder, 'mail.log');
  db = join(folder, 'traces.db');
  running = [];
});
afterEach(async () => {
  for (const program of running) await program.end('SIGKILL');
  rmSync(folder, { recursive: true });
});

function follow(logs: readonly string[], uid?: number): Program {
  const program = new Program(['follow', ...logs, '--from-start', '--db', db, '--plain'], {}, uid);
  running.push(program);
  return program;
}

function append(file: string, lines: readonly string[]): void {
  appendFileSync(file, lines.map((line) => `${line}\n`).join(''));
}

async function stored(database = db): Promise<Trace[]> {
  const program = await runProgram(['search', '--limit', '0', '--db', database, '--json']);
  return program.json<Trace>().sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What the store has after an import of the files into an empty one. */
async function afterImport(...files: readonly string[]): Promise<Trace[]> {
  const other = join(folder, 'imported.db');
  await runProgram(['import', ...files, '--db', other]);
  return stored(other);
}

/** Ends it, and reads what it may not have come to. */
async function finish(program: Program, ...logs: readonly string[]): Promise<void> {
  expect(await program.end()).toBe(0);
  await runProgram(['follow', ...logs, '--once', '--db', db, '--plain']);
}

/** Waits until it has told of messages. */
async function untilTold(program: Program): Promise<void> {
  await program.until(() => program.lines.length > 3);
}

describe('several logs at once', () => {
  const isAmavis = (line: string) => line.includes(' amavis[');
  const ofAmavis = LINES.filter(isAmavis);
  const ofPostfix = LINES.filter((line) => !isAmavis(line));
  let amavisLog: string;
  beforeEach(() => {
    mkdirSync(join(folder, 'amavis'));
    amavisLog = join(folder, 'amavis', 'amavis.log');
  });

  test('are joined, and each is gone on with after a kill', async () => {
    append(log, ofPostfix.slice(0, 40));
    append(amavisLog, ofAmavis.slice(0, 4));
    const first = follow([log, amavisLog]);
    await untilTold(first);
    await first.end('SIGKILL');
    append(log, ofPostfix.slice(40));
    renameSync(amavisLog, `${amavisLog}.1`);
    append(amavisLog, ofAmavis.slice(4));
    const second = follow([log, amavisLog]);
    await untilTold(second);
    await finish(second, log, amavisLog);

    const found = await stored();

    expect(found).toEqual(await afterImport(log, `${amavisLog}.1`, amavisLog));
    expect(found).toHaveLength(MESSAGES);
    expect(found.filter(({ filter }) => filter.length > 0)).toHaveLength(MESSAGES);
  });

  test('one that is not there yet keeps none waiting, and is read from its start', async () => {
    append(log, ofPostfix);
    const program = follow([amavisLog, log]);
    await program.until(() => program.err.includes('amavis.log is not there yet: waiting'));
    await untilTold(program);
    append(amavisLog, ofAmavis);
    await program.until(() => program.out.includes('verdict=CLEAN'));
    await finish(program, log, amavisLog);

    expect((await stored()).filter(({ filter }) => filter.length > 0)).toHaveLength(MESSAGES);
  });

  test('one that may not be read keeps none waiting, and is read once it may', async () => {
    append(log, ofPostfix);
    append(amavisLog, ofAmavis);
    chmodSync(amavisLog, 0);
    const program = follow([amavisLog, log], NOBODY);
    await program.until(() => program.err.includes('amavis.log: permission denied'));
    await untilTold(program);
    expect(program.out).not.toContain('verdict=CLEAN');
    chmodSync(amavisLog, 0o644);
    await program.until(() => program.out.includes('verdict=CLEAN'));
    await finish(program, log, amavisLog);

    expect((await stored()).filter(({ filter }) => filter.length > 0)).toHaveLength(MESSAGES);
  });
});

describe('one log', () => {
  test('that is deleted and comes back goes on, as if it had not', async () => {
    append(log, LINES.slice(0, HALF));
    const whole = join(folder, 'whole');
    append(whole, LINES);
    const program = follow([log]);
    await untilTold(program);
    const inode = statSync(log).ino;
    const before = program.lines.length;
    unlinkSync(log);
    await program.until(() => program.err.includes('is not there yet: waiting'));
    append(log, LINES.slice(HALF));
    await program.until(() => program.lines.length > before);
    expect(statSync(log).ino).not.toBe(inode);
    await finish(program, log);

    expect(await stored()).toEqual(await afterImport(whole));
  });

  test('whose new file may not be read after a rotation is told, and read once it may', async () => {
    append(log, LINES.slice(0, HALF));
    const program = follow([log], NOBODY);
    await untilTold(program);
    const before = program.lines.length;
    renameSync(log, `${log}.1`);
    writeFileSync(log, '', { mode: 0 });
    chmodSync(log, 0);
    append(log, LINES.slice(HALF));
    await program.until(() => program.err.includes('mail.log: permission denied'));
    expect(program.lines).toHaveLength(before);
    chmodSync(log, 0o644);
    await program.until(() => program.lines.length > before);
    await finish(program, log);

    expect(await stored()).toEqual(await afterImport(`${log}.1`, log));
  });
});
