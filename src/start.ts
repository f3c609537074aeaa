/** `npm start`: the main job at once, on this machine's mail log or, where there is none, on the recorded ones. */
import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from './main.js';

const SAMPLES = fileURLToPath(new URL('../samples', import.meta.url));
const LOGS = ['/var/log/mail.log', '/var/log/maillog'];

const own = LOGS.find(isReadable);
const recorded = ['pass_lmtp', 'verdicts', 'split_policy', 'filter_down', 'next_hop'].filter((name) =>
  readdirSync(SAMPLES).includes(name),
);
const files = own === undefined ? recorded.map((name) => join(SAMPLES, name, 'maillog')) : [own];
const where = own === undefined ? ['--tz', 'UTC', '--year', '2026'] : [];
const folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
const db = ['--db', join(folder, 'traces.db')];

console.error(
  own === undefined ? 'This machine has no mail log: replaying recorded ones.' : `Reading ${own}.`,
);
let status = await main(['import', ...files, ...where, ...db]);
if (status === 0) {
  await main(['search', '--limit', '15', ...where.slice(0, 2), ...db]);
  if (own === undefined) {
    console.error('\n$ amavtrace trace 39A31162621');
    status = await main(['trace', '39A31162621', ...where.slice(0, 2), ...db]);
  }
  console.error('\nNext: `node dist/cli.js --help`, or `npm link` to have the command `amavtrace`.');
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = status;

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
