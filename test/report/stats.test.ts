import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Durations } from '../../src/core/report/durations.js';
import { prometheusText } from '../../src/core/report/prometheus.js';
import { type Stats, StatsBuilder } from '../../src/core/report/stats.js';
import { statsText } from '../../src/output/stats.js';
import { diagnosed } from '../problem/helpers.js';

const options = { zone: () => 0, unicode: true, columns: 100 };

function statsOf(...scenarios: readonly string[]): Stats {
  const builder = new StatsBuilder();
  for (const name of scenarios) {
    const lines = readFileSync(`samples/${name}/maillog`, 'utf8').split('\n').filter(Boolean);
    for (const trace of diagnosed(lines).traces) builder.add(trace);
  }
  return builder.result();
}

describe('totals', () => {
  it('count each message once, however many queue ids it had', () => {
    const stats = statsOf('pass_lmtp');
    expect(stats.messages).toBe(8);
    expect(stats.states).toEqual({ delivered: 8 });
    expect(stats.verdicts).toEqual({ CLEAN: 8 });
    expect(stats.problems).toEqual([]);
  });

  it('count a message with verdicts for different recipients once', () => {
    expect(statsOf('split_policy').verdicts).toEqual({ SPAM: 1, SPAMMY: 1 });
  });

  it('count problems by message, and which of them are not overcome', () => {
    expect(statsOf('filter_down', 'reinject_down').problems).toEqual([
      { code: 'filter-refused', severity: 'error', messages: 3, open: 0 },
      { code: 'reinject-refused', severity: 'error', messages: 2, open: 2 },
    ]);
  });

  it('have the time that amavis told of its runs', () => {
    expect(statsOf('filter_down').filterTime).toMatchObject({
      count: 3,
      p50: 356,
      p99: 409,
      max: 409,
      total: 871,
    });
  });

  it('name the slowest runs first', () => {
    expect(
      statsOf('filter_down').slowest.map(({ queueId, milliseconds }) => [queueId, milliseconds]),
    ).toEqual([
      ['1CE88162637', 409],
      ['1E0BC162638', 356],
      ['1FA0C162639', 106],
    ]);
  });

  it('name who sent what was blocked', () => {
    const { blockedSenders } = statsOf('verdicts');
    expect(blockedSenders).toEqual([
      { sender: 'sender@outside.example', messages: 3 },
      { sender: 'alice@example.com', messages: 1 },
    ]);
  });

  it('have a bar for every hour, also for one without mail', () => {
    const builder = new StatsBuilder();
    const [trace] = diagnosed(readFileSync('samples/guide_2006/maillog', 'utf8').split('\n')).traces;
    if (trace === undefined) throw new Error('no trace');
    builder.add(trace);
    builder.add({
      ...trace,
      id: 'later',
      firstSeen: '2026-11-01T13:00:00.000Z',
      lastSeen: '2026-11-01T13:00:00.000Z',
    });
    expect(builder.result().hours).toEqual([
      { hour: '2026-11-01T11:00:00.000Z', messages: 1 },
      { hour: '2026-11-01T12:00:00.000Z', messages: 0 },
      { hour: '2026-11-01T13:00:00.000Z', messages: 1 },
    ]);
  });

  it('are there without any message', () => {
    const stats = new StatsBuilder().result();
    expect(stats).toMatchObject({ messages: 0, firstSeen: null, filterTime: null, hours: [] });
    expect(statsText(stats, options)).toBe('No messages.');
  });

  it('read well', () => {
    const text = statsText(statsOf('filter_down', 'verdicts'), options);
    expect(text).toContain('12 messages, 2026-11-23 00:26:21 to 2026-11-23 00:27:13');
    expect(text).toMatch(/Problems\n {2}discarded-as-sent {2}3/);
    expect(text).toContain('2026-11-23 00:00  12  ████████████████████████████████████████');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});

describe('in a narrow terminal', () => {
  const shown = (columns: number) =>
    statsText(statsOf('filter_down', 'verdicts'), { ...options, columns }).split('\n');

  it('every line fits, and no word is left out', () => {
    const words = (lines: readonly string[]) => lines.join(' ').replaceAll('█', '').split(/\s+/);
    for (const columns of [40, 60, 79]) {
      expect(shown(columns).filter((line) => line.length > columns)).toEqual([]);
      expect(words(shown(columns))).toEqual(words(shown(80)));
    }
  });

  it('lines are the same from 80 columns on', () => {
    expect(shown(80)).toEqual(shown(1000));
  });
});

describe('the chart', () => {
  const hours = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      hour: new Date(Date.UTC(2026, 10, 1) + n * 3_600_000).toISOString(),
      messages: n % 2,
    }));
  const chart = (count: number, unicode = true) =>
    statsText({ ...new StatsBuilder().result(), messages: 1, hours: hours(count) }, { ...options, unicode });

  it('has a bar a day where the hours are too many', () => {
    expect(chart(48)).toContain('Messages by hour\n  2026-11-01 00:00  0\n  2026-11-01 01:00  1  ███');
    expect(chart(72)).toMatch(
      /Messages by day\n {2}2026-11-01 {2}12 {2}█+\n {2}2026-11-02 {2}12 {2}█+\n {2}2026-11-03 {2}12/,
    );
  });

  it('is drawn with plain characters on a plain terminal', () => {
    expect(chart(2, false)).toContain('2026-11-01 01:00  1  ########');
  });
});

describe('percentiles', () => {
  it('are values that occurred: the smallest that so many of a hundred do not exceed', () => {
    const durations = new Durations();
    for (let value = 1000; value >= 1; value--) durations.add(value);
    expect(durations.summary()).toEqual({
      count: 1000,
      total: 500_500,
      p50: 500,
      p95: 950,
      p99: 990,
      max: 1000,
    });
  });

  it('of one value are that value', () => {
    const durations = new Durations();
    durations.add(7);
    expect(durations.summary()).toMatchObject({ p50: 7, p99: 7, max: 7 });
  });
});

describe('the Prometheus text', () => {
  const text = prometheusText(statsOf('filter_down', 'verdicts', 'reinject_down'));
  const lines = text.trimEnd().split('\n');

  it('has a help and a type line for each metric, before its samples', () => {
    const samples = lines.filter((line) => !line.startsWith('#'));
    for (const sample of samples) {
      const name = /^[a-z_]+/.exec(sample)?.[0].replace(/_(?:sum|count)$/, '') ?? '';
      const type = lines.findIndex((line) => line.startsWith(`# TYPE ${name} `));
      expect(lines[type - 1]).toMatch(new RegExp(`^# HELP ${name} \\S`));
      expect(type).toBeLessThan(lines.indexOf(sample));
    }
  });

  it('has nothing but well-formed lines', () => {
    for (const line of lines) {
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) amavtrace_.+|amavtrace_[a-z_]+(?:\{(?:[a-z]+="[^"]*",?)+\})? [\d.e+-]+)$/,
      );
    }
    expect(text.endsWith('\n')).toBe(true);
  });

  it('tells the numbers', () => {
    expect(lines).toContain('amavtrace_messages{state="blocked"} 4');
    expect(lines).toContain('amavtrace_problems{code="filter-refused",severity="error",resolved="true"} 3');
    expect(lines).toContain(
      'amavtrace_problems{code="reinject-refused",severity="error",resolved="false"} 2',
    );
    expect(lines).toContain('amavtrace_stuck_messages 0');
    expect(lines.some((line) => line.startsWith('amavtrace_filter_duration_seconds{quantile="0.95"} '))).toBe(
      true,
    );
  });

  it('escapes what stands in labels', () => {
    const stats = { ...new StatsBuilder().result(), verdicts: { 'A"B\\C\nD': 1 } };
    expect(prometheusText(stats)).toContain('amavtrace_verdicts{verdict="A\\"B\\\\C\\nD"} 1\n');
  });
});
