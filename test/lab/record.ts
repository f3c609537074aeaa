/** Writes what a scenario gave, in the form of the samples. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Played } from './play.js';

/** A folder for the scenario: the log in its three shapes, and the truth where there is one. */
export function save(folder: string, { expected, log, faults }: Played<unknown>): void {
  const into = join(folder, expected.scenario);
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, 'maillog'), log.maillog);
  writeFileSync(join(into, 'maillog.rfc3339'), log.rfc3339);
  writeFileSync(join(into, 'maillog.rfc5424'), log.rfc5424);
  const truth = join(into, 'expected.json');
  if (faults.length === 0) writeFileSync(truth, `${JSON.stringify(expected, null, 1)}\n`);
  else rmSync(truth, { force: true });
}
