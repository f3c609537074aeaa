/** The path as hops: what the lines tell of it, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/core/trace/trace.js';
import { SAMPLES } from '../../support/cli.js';
import { tracesOf } from '../../support/core.js';

function sample(name: string): string[] {
  return readFileSync(join(SAMPLES, name, 'maillog'), 'utf8')
    .split('\n')
    .filter(Boolean);
}

const ports = (trace: Trace | undefined) =>
  trace?.hops.map(({ stage, service, port }) =>
    [stage, service, port].filter((part) => part !== null).join(':'),
  );

describe('the port at which mail came back', () => {
  const lines = sample('pass_lmtp').filter((line) => !line.includes('amavis['));
  const moved = lines.map((line) => line.replaceAll(']:10025)', ']:10030)'));
  const silent = sample('pass_lmtp').filter((line) => !line.includes('MTA(smtp:'));

  it('is the one that the filter’s reply names', () => {
    expect(ports(tracesOf(lines)[0])).toContain('reinject:smtpd:10025');
    expect(ports(tracesOf(moved)[0])).toContain('reinject:smtpd:10030');
  });

  it('is not known where no line tells', () => {
    expect(ports(tracesOf(silent)[0])).toContain('reinject:smtpd');
  });

  it('is what the user or the service’s own name says then', () => {
    expect(ports(tracesOf(silent, { reinjections: ['127.0.0.1:10026'] })[0])).toContain(
      'reinject:smtpd:10026',
    );
    const named = silent.map((line) =>
      line.includes('client=localhost')
        ? line.replace('postfix/smtpd', 'postfix/localhost:10027/smtpd')
        : line,
    );
    expect(ports(tracesOf(named)[0])).toContain('reinject:smtpd:10027');
  });
});

describe('what amavis sends of its own', () => {
  it('came in where it gives mail back, whatever port that is: a notice', () => {
    const notices = (options = {}) =>
      tracesOf(sample('verdicts'), options).filter(({ parent }) => parent !== null);
    expect(notices().length).toBeGreaterThan(0);
    for (const notice of notices()) expect(ports(notice)?.[0]).toBe('receive:smtpd');
    for (const notice of notices({ reinjections: ['127.0.0.1:10025'] }))
      expect(ports(notice)?.[0]).toBe('receive:smtpd:10025');
  });

  it('came in there, too: a release from quarantine', () => {
    const released = tracesOf(sample('release')).find(({ origin }) => origin === 'release');
    expect(ports(released)).toEqual(['receive:amavis', 'reinject:smtpd', 'queue:qmgr', 'deliver:local']);
  });
});

it.each(['split_policy', 'pass_lmtp', 'filter_slow', 'reinject_down'])(
  'no hop begins before its message where stamps are whole seconds: %s',
  (name) => {
    const early = tracesOf(sample(name)).flatMap(({ firstSeen, hops }) =>
      hops.filter(({ from }) => from < firstSeen),
    );
    expect(early).toEqual([]);
  },
);
