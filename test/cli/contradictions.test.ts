/** Options of which one would be ignored beside the other. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { amavtrace, temporaryFolder } from '../support/cli.js';

it.each([
  [['stats', '--json', '--prometheus'], '--json and --prometheus are two forms of output'],
  [['trace', 'x', '--json', '--format', 'mermaid'], '--json and --format mermaid are two forms of output'],
  [['stuck', '--warning', '5m'], '--warning is for --nagios alone'],
  [['stuck', '--critical', '30m', '--json'], '--critical is for --nagios alone'],
  [['search', '--since', 'today', '--until', 'yesterday'], '--since is later than --until'],
  [['stats', '--since', '2026-11-24', '--until', '2026-11-23'], '--since is later than --until'],
])('%j is refused, with what to do', (args, complaint) => {
  const db = join(temporaryFolder(), 'traces.db');
  const { status, stdout, stderr } = amavtrace([...args, '--db', db]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(
    new RegExp(`^amavtrace: ${complaint}\n  (?:Ask for one of them|Add --nagios, or|No time lies).*\n$`),
  );
});

it.each([['--json'], ['--queue']])(
  'for monitoring --nagios %s is an answer of its own: unknown',
  (option) => {
    const db = join(temporaryFolder(), 'traces.db');
    const { status, stdout } = amavtrace(['stuck', '--nagios', option, '--db', db]);
    expect([status, stdout]).toEqual([3, expect.stringMatching(`^AMAVTRACE UNKNOWN - --.*${option}.*\n$`)]);
  },
);
