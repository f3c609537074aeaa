/**
 * Totals in Prometheus' text exposition format (version 0.0.4), for the node exporter's textfile collector.
 *
 * The store forgets old messages, so the numbers of messages may fall: they are gauges, not counters.
 */
import type { Summary } from './durations.js';
import type { Stats } from './stats.js';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [suffix: string, labels: Labels, value: number];

export function prometheusText(stats: Stats): string {
  const metrics = [
    metric('amavtrace_messages', 'gauge', 'Messages in the store, by state.', byLabel('state', stats.states)),
    metric(
      'amavtrace_verdicts',
      'gauge',
      'Messages in the store, by the verdict of amavis.',
      byLabel('verdict', stats.verdicts),
    ),
    metric(
      'amavtrace_problems',
      'gauge',
      'Messages that have or had a problem.',
      stats.problems.flatMap(({ code, severity, messages, open }): Sample[] => [
        ['', { code, severity, resolved: 'false' }, open],
        ['', { code, severity, resolved: 'true' }, messages - open],
      ]),
    ),
    metric('amavtrace_stuck_messages', 'gauge', 'Messages that wait without progress.', [
      ['', {}, stats.stuck],
    ]),
    metric(
      'amavtrace_filter_duration_seconds',
      'summary',
      'Time that runs of amavis took.',
      stats.filterTime === null ? [] : quantiles(stats.filterTime, {}),
    ),
    metric(
      'amavtrace_stage_duration_seconds',
      'summary',
      'Time that messages spent at each hop of the path.',
      Object.entries(stats.stages).flatMap(([stage, summary]) => quantiles(summary, { stage })),
    ),
    metric(
      'amavtrace_last_line_timestamp_seconds',
      'gauge',
      'Time of the newest log line of a message.',
      stats.lastSeen === null ? [] : [['', {}, Date.parse(stats.lastSeen) / 1000]],
    ),
  ];
  return metrics.join('');
}

function metric(name: string, type: 'gauge' | 'summary', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([suffix, labels, value]) => `${name}${suffix}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function byLabel(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([value, count]) => ['', { [label]: value }, count]);
}

function quantiles({ p50, p95, p99, total, count }: Summary, labels: Labels): Sample[] {
  return [
    ['', { ...labels, quantile: '0.5' }, p50 / 1000],
    ['', { ...labels, quantile: '0.95' }, p95 / 1000],
    ['', { ...labels, quantile: '0.99' }, p99 / 1000],
    ['_sum', labels, total / 1000],
    ['_count', labels, count],
  ];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
