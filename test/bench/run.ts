/**
 * `npm run bench [-- --size 200]`: how fast a log of so many megabytes is parsed, joined and imported, each stage in a
 * process of its own, with its peak memory; Debian's pflogsumm beside it, where it is installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeLog } from './make-log.js';

const { values } = parseArgs({ options: { size: { type: 'string', default: '200' } } });
const megabytes = Number(values.size);
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const STAGE = fileURLToPath(new URL('stage.ts', import.meta.url));

interface Run {
  readonly seconds: number;
  /** Of user and system, all threads together. */
  readonly cpu: number;
  readonly peakMb: number;
}

const folder = mkdtempSync(join(tmpdir(), 'amavtrace-bench-'));
try {
  const log = join(folder, 'mail.log');
  const { bytes, lines } = makeLog(log, megabytes * 1e6);
  console.log(`${(bytes / 1e6).toFixed(0)} MB, ${lines} lines`);
  const show = (name: string, { seconds, cpu, peakMb }: Run): void => {
    const speed = `${(bytes / 1e6 / seconds).toFixed(0).padStart(5)} MB/s  ${(lines / seconds / 1000).toFixed(0).padStart(6)}k lines/s`;
    console.log(
      `${name.padEnd(18)} ${speed}  ${cpu.toFixed(1).padStart(5)} s CPU  ${peakMb.toFixed(0).padStart(5)} MB peak`,
    );
  };
  show('parsing', timed(process.execPath, ['--import', 'tsx', STAGE, 'parse', log]));
  show('parsing, joining', timed(process.execPath, ['--import', 'tsx', STAGE, 'join', log]));
  const db = join(folder, 'traces.db');
  const whole = timed(process.execPath, [CLI, 'import', log, '--db', db, '--tz', 'UTC', '--year', '2026']);
  show('import', whole);
  console.log(`database: ${(statSync(db).size / bytes).toFixed(2)} of the log's size`);
  if (spawnSync('pflogsumm', ['--version']).error === undefined) {
    const peer = timed('pflogsumm', [log]);
    show('pflogsumm', peer);
    console.log(`import is ${(peer.seconds / whole.seconds).toFixed(2)} times as fast as pflogsumm`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a command under GNU time, which tells its resources on the last line of standard error. */
function timed(command: string, args: readonly string[]): Run {
  const { stderr, status } = spawnSync('/usr/bin/time', ['-f', '%e %U %S %M', command, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 1e8,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr}`);
  const [seconds = 0, user = 0, system = 0, kilobytes = 0] = (stderr.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return { seconds, cpu: user + system, peakMb: kilobytes / 1024 };
}
