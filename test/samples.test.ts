/** The recorded logs, imported by the program, against what truly happened. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compare, strays } from './lab/compare.js';
import { readExpected } from './lab/expected.js';
import {
  allTraces,
  allTracesHere,
  importLogs,
  importLogsHere,
  SAMPLES,
  temporaryFolder,
} from './support/cli.js';
import { shuffled } from './support/shuffle.js';

const scenarios = readdirSync(SAMPLES).filter((name) => existsSync(join(SAMPLES, name, 'expected.json')));

function yearOf(scenario: string): string[] {
  return ['--year', scenario === 'guide_2006' ? '2006' : '2026'];
}

function linesOf(scenario: string): string[] {
  return readFileSync(join(SAMPLES, scenario, 'maillog'), 'utf8')
    .split('\n')
    .filter(Boolean);
}

describe.each(scenarios)('%s', (scenario) => {
  const expected = readExpected(join(SAMPLES, scenario, 'expected.json'));

  it('is traced as it happened, in each shape in which it was recorded', () => {
    for (const file of readdirSync(join(SAMPLES, scenario)).filter((name) => name.startsWith('maillog'))) {
      const db = join(temporaryFolder(), 'traces.db');
      const summary = importLogs(db, join(SAMPLES, scenario, file), ...yearOf(scenario));
      expect(summary.events + summary.ignored + summary.unrecognized).toBe(summary.lines);
      expect(summary.unrecognized).toBe(0);
      const traces = allTraces(db);
      expect([...compare(expected, traces).differences, ...strays(expected, traces)]).toEqual([]);
    }
  });

  it('gives the same traces with its lines out of order by up to five seconds', async () => {
    const folder = temporaryFolder();
    const straight = join(folder, 'straight.db');
    await importLogsHere(straight, join(SAMPLES, scenario, 'maillog'), ...yearOf(scenario));
    const wanted = await allTracesHere(straight);
    for (const seed of [1, 2, 3]) {
      const log = join(folder, `shuffled-${seed}`);
      const db = `${log}.db`;
      writeFileSync(log, `${shuffled(linesOf(scenario), 5, seed).join('\n')}\n`);
      await importLogsHere(db, log, ...yearOf(scenario));
      expect(await allTracesHere(db)).toEqual(wanted);
    }
  });

  it('gives the same traces split over two files, in any order, packed or not, imported twice', async () => {
    const folder = temporaryFolder();
    const straight = join(folder, 'straight.db');
    await importLogsHere(straight, join(SAMPLES, scenario, 'maillog'), ...yearOf(scenario));
    const wanted = await allTracesHere(straight);
    const lines = linesOf(scenario);
    const half = Math.floor(lines.length / 2);
    const splits: [string, string[], string[]][] = [
      ['halves', lines.slice(0, half), lines.slice(half)],
      ['every second line', lines.filter((_, i) => i % 2 === 0), lines.filter((_, i) => i % 2 === 1)],
    ];
    for (const [name, one, two] of splits) {
      const here = join(folder, name.replaceAll(' ', '-'));
      mkdirSync(here);
      const first = join(here, 'mail.log.1');
      const second = join(here, 'mail.log.gz');
      writeFileSync(first, `${one.join('\n')}\n`);
      writeFileSync(second, gzipSync(`${two.join('\n')}\n`));
      const together = join(here, 'together.db');
      await importLogsHere(together, second, first, ...yearOf(scenario));
      expect(await allTracesHere(together), name).toEqual(wanted);
      const apart = join(here, 'apart.db');
      await importLogsHere(apart, second, ...yearOf(scenario));
      await importLogsHere(apart, first, ...yearOf(scenario));
      expect(await allTracesHere(apart), name).toEqual(wanted);
      const again = await importLogsHere(apart, first, second, ...yearOf(scenario));
      expect([again.traces, again.changed]).toEqual([0, 0]);
      expect(await allTracesHere(apart), name).toEqual(wanted);
    }
  });
});
