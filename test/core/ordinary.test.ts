/** The quick look at an ordinary message says what the view of it says, and leaves every other message alone. */
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
import { changedLogs, sampleLogs } from '../support/changed-logs.js';
import { casesOf } from '../support/core.js';
import { smtpdLogs } from '../support/smtpd-sessions.js';

const catalogue = readCatalogue(undefined);
const path = new MailPath();
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
    const ordinary = sampleLogs.flatMap((lines) => casesOf(lines, path)).filter(compare);
    expect(ordinary.length).toBeGreaterThan(30);
  });

  it('is so too when it was refused before it had a queue id', () => {
    let refused = 0;
    fc.assert(
      fc.property(smtpdLogs, (log) => {
        refused += casesOf(log, path).filter(compare).length;
      }),
    );
    expect(refused).toBeGreaterThan(30);
  });

  it('is so too when lines are missing, doubled or changed', () => {
    fc.assert(
      fc.property(changedLogs, (log) => {
        for (const which of casesOf(log, path)) compare(which);
      }),
      { numRuns: 1000 },
    );
  });
});
