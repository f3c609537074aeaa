import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allTraces, amavtrace, importLogs, parseLines, SAMPLES, temporaryFolder } from '../support/cli.js';

/** A message with two verdicts: one recipient blocked, two passed. */
const LOG = join(SAMPLES, 'split_policy', 'maillog');
const ID = 'vm/39A31162621/2026-11-23T00:31:32.000Z';

const folder = mkdtempSync(join(tmpdir(), 'amavtrace-test-'));
const db = join(folder, 'traces.db');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  amavtrace(['import', LOG, '--db', db, '--tz', 'UTC', '--year', '2026']);
});

describe('trace finds a message', () => {
  it.each([
    ['39A31162621', 'the queue id before the filter'],
    ['686D2162634', 'a queue id after it'],
    ['24167-01', 'its amavis id'],
    ['(24167-01)', 'its amavis id as logs have it'],
    [' 39A31162621 ', 'an id with space around it'],
    ['mB3O8wdoIRpE', 'its mail_id'],
    ['T0055367163@outside.example', 'its message-id'],
    ['<T0055367163@outside.example>', 'its message-id in brackets'],
    [ID, 'the id of the trace'],
  ])('by %j: %s', (id) => {
    const { status, stdout } = amavtrace(['trace', id, '--json', '--db', db]);
    expect(status).toBe(0);
    expect(parseLines(stdout).map((trace) => trace.id)).toEqual([ID]);
  });

  it.each(['', '39A3116262', 'vm/39A31162621/2026-11-23T00:31:33.000Z'])('by no other: %j', (id) => {
    expect(amavtrace(['trace', id, '--db', db])).toMatchObject({ status: 1, stdout: '' });
  });
});

it.each(['2026-11-23T10:00:00Z', '2026-11-23T10:00:00.123456Z'])(
  'each of two refusals with the same words at %s is found by the id that its trace has',
  (stamp) => {
    const own = temporaryFolder();
    const [refused, log] = [join(own, 'traces.db'), join(own, 'mail.log')];
    const line = (pid: number): string =>
      `${stamp} mail postfix/smtpd[${pid}]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 <u@example.com>: Relay access denied; from=<s@x.example> to=<u@example.com> proto=ESMTP helo=<a>`;
    writeFileSync(log, `${line(1001)}\n${line(1002)}\n`);
    importLogs(refused, log);
    const ids = allTraces(refused).map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) {
      const { stdout } = amavtrace(['trace', id, '--json', '--db', refused]);
      expect(parseLines(stdout).map((trace) => trace.id)).toEqual([id]);
    }
  },
);

it('trace --format mermaid --evidence is still a chart: the lines are comments', () => {
  const { stdout } = amavtrace(['trace', '39A31162621', '--format', 'mermaid', '--evidence', '--db', db]);
  const [head, ...lines] = stdout.split('\n').filter((line) => line !== '');
  expect(head).toBe('flowchart LR');
  expect(lines.filter((line) => !/^(?: {2}(?:h\d+\b|classDef )|%% Nov 23 )/.test(line))).toEqual([]);
  expect(lines.filter((line) => line.startsWith('%% ')).length).toBeGreaterThan(10);
});

it('prune asks for a unit, so that 30 is not taken for seconds', () => {
  const { status, stderr } = amavtrace(['prune', '--older-than', '30', '--db', db]);
  expect([status, stderr]).toEqual([2, expect.stringContaining('30d')]);
  expect(amavtrace(['trace', ID, '--db', db]).status).toBe(0);
});
