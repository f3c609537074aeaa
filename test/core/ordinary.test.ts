/** The quick look at an ordinary message says what the view of it says, and leaves every other message alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Case } from '../../src/core/join/joiner.js';
import { MailPath } from '../../src/core/path.js';
import { findProblems } from '../../src/core/problem/diagnose.js';
import { hasNoProblem } from '../../src/core/problem/ordinary.js';
import { Surroundings } from '../../src/core/problem/surroundings.js';
import { ordinarySummary } from '../../src/core/trace/ordinary.js';
import { type Summary, summaryOf } from '../../src/core/trace/summary.js';
import { viewOf } from '../../src/core/trace/view.js';
import { readCatalogue } from '../../src/read/problem-files.js';
import { SAMPLES } from '../support/cli.js';
import { casesOf } from '../support/core.js';

const catalogue = readCatalogue(undefined);
const path = new MailPath();
const logs = readdirSync(SAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) =>
    readFileSync(join(SAMPLES, name, 'maillog'), 'utf8')
      .split('\n')
      .filter(Boolean),
  );

/** Recipients in no particular order. */
function told({ recipients, ...rest }: Summary): unknown {
  return {
    ...rest,
    client: rest.client === null ? null : { address: rest.client.address, name: rest.client.name },
    recipients: recipients
      .map(({ address, originalTo, state }) => `${address} ${originalTo} ${state}`)
      .sort(),
  };
}

/** Compares what both say of a message; whether it is an ordinary one. */
function compare(which: Case): boolean {
  const quick = ordinarySummary(which, path);
  if (quick === undefined) return false;
  const view = viewOf(which, path);
  expect(told(quick)).toEqual(told(summaryOf(view)));
  if (!hasNoProblem(catalogue, which.events)) return false;
  const surroundings = new Surroundings(path);
  for (let times = 0; times < 10; times++) surroundings.trace(quick, which.events);
  const problems = findProblems(catalogue, quick, view.facts.events, {
    path,
    surroundings,
    incidents: null,
  });
  expect(problems.map(({ codes }) => codes)).toEqual([]);
  return true;
}

describe('an ordinary message', () => {
  it('is told at a glance as its view tells it', () => {
    const ordinary = logs.flatMap((lines) => casesOf(lines, path)).filter(compare);
    expect(ordinary.length).toBeGreaterThan(30);
  });

  it('is so too when lines are missing, doubled or changed', () => {
    const lines = fc.constantFrom(...logs);
    const changes = fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('drop', 'move', 'swap', 'edit'),
        fc.nat(),
        fc.string({ maxLength: 3 }),
      ),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(lines, changes, (log, all) => {
        for (const which of casesOf(all.reduce(changed, log), path)) compare(which);
      }),
      { numRuns: 1000 },
    );
  });
});

type Change = readonly [at: number, how: string, place: number, text: string];

function changed(log: readonly string[], [at, how, place, text]: Change): readonly string[] {
  const lines = [...log];
  const index = at % Math.max(1, lines.length);
  const line = lines[index] ?? '';
  const other = place % Math.max(1, lines.length);
  if (how === 'drop') lines.splice(index, 1);
  else if (how === 'move') lines.splice(other, 0, ...lines.splice(index, 1));
  else if (how === 'swap') lines[index] = idsSwapped(line, lines[other] ?? '');
  else lines[index] = line.slice(0, (place % 200) + 30) + text + line.slice((place % 200) + 30 + text.length);
  return lines;
}

/** A line about another message's queue id. */
function idsSwapped(line: string, other: string): string {
  const [id] = /\b[0-9A-F]{11}\b/.exec(other) ?? [];
  return id === undefined ? line : line.replace(/\b[0-9A-F]{11}\b/, id);
}
