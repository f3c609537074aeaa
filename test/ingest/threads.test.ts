/** A log that is large enough for threads of their own to sort it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeLog } from '../bench/make-log.js';
import { allTraces, importLogs, temporaryFolder } from '../support/cli.js';

const LARGE = 5 * 1024 * 1024;
const PIECES = 4;

it('gives the traces that its pieces give, which one thread reads', { timeout: 120_000 }, () => {
  const folder = temporaryFolder();
  const whole = join(folder, 'mail.log');
  const { lines } = makeLog(whole, LARGE);
  const [large, small] = [join(folder, 'large.db'), join(folder, 'small.db')];
  const summary = importLogs(large, whole, '--year', '2026');
  expect(summary.lines).toBe(lines);
  expect(summary.events + summary.ignored + summary.unrecognized).toBe(lines);

  const text = readFileSync(whole, 'utf8').split('\n');
  const each = Math.ceil(text.length / PIECES);
  for (let n = 0; n < PIECES; n++) {
    const piece = join(folder, `piece${n}.log`);
    writeFileSync(piece, `${text.slice(n * each, (n + 1) * each).join('\n')}\n`);
    importLogs(small, piece, '--year', '2026');
  }
  expect(allTraces(large)).toEqual(allTraces(small));

  const again = importLogs(large, whole, '--year', '2026');
  expect(again).toMatchObject({ lines, events: summary.events, traces: 0, changed: 0 });
});

it('gives the same messages when all of it is of one second, more than is kept waiting', {
  timeout: 120_000,
}, () => {
  const folder = temporaryFolder();
  const [usual, busy] = [join(folder, 'usual.log'), join(folder, 'busy.log')];
  makeLog(usual, LARGE);
  writeFileSync(busy, readFileSync(usual, 'utf8').replace(/^.{15}/gm, 'Jan  1 00:00:00'));
  const told = (log: string): string[] => {
    const db = `${log}.db`;
    importLogs(db, log, '--year', '2026');
    return allTraces(db)
      .map(({ queueIds, state, filter, recipients }) =>
        JSON.stringify([
          queueIds,
          state,
          filter.map(({ verdict }) => verdict),
          recipients.map(({ address, state: rests }) => [address, rests]),
        ]),
      )
      .sort();
  };
  expect(told(busy)).toEqual(told(usual));
});
