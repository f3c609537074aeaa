/** Totals as text. */
import type { Summary } from '../core/report/durations.js';
import type { Stats } from '../core/report/stats.js';
import { printable } from './printable.js';
import { indent } from './wrap.js';

/** The chart shows so many hours at most, the latest. */
const HOURS = 48;
const BAR = 40;

export function statsText(stats: Stats): string {
  if (stats.messages === 0) return 'No messages.';
  const waiting = stats.stuck === 0 ? '' : `, ${stats.stuck} of them stuck`;
  const sections = [
    [`${stats.messages} messages${waiting}, ${stats.firstSeen} to ${stats.lastSeen}`],
    section('States', table(Object.entries(stats.states))),
    section('Verdicts', table(Object.entries(stats.verdicts))),
    section('Problems', table(stats.problems.map(problemRow))),
    section('Time in the filter', stats.filterTime === null ? [] : [summaryText(stats.filterTime)]),
    section(
      'Time per hop',
      table(Object.entries(stats.stages).map(([stage, one]) => [stage, summaryText(one)])),
    ),
    section('Messages by hour (UTC)', chart(stats.hours)),
    section('Slowest in the filter', table(stats.slowest.map(slowRow))),
    section(
      'Senders of blocked mail',
      table(stats.blockedSenders.map((one) => [`<${one.sender}>`, one.messages])),
    ),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map(printable).join('\n'))
    .join('\n\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map(indent)];
}

type Row = readonly [name: string, value: string | number];

function table(rows: readonly Row[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function problemRow({ code, severity, messages, open }: Stats['problems'][number]): Row {
  return [code, `${messages} (${severity}${open === 0 ? '' : `, ${open} not overcome`})`];
}

function slowRow({ milliseconds, queueId, amavisId, time, sender }: Stats['slowest'][number]): Row {
  return [queueId ?? amavisId, `${seconds(milliseconds)} at ${time}, from <${sender ?? '?'}>`];
}

function summaryText({ p50, p95, p99, max, count }: Summary): string {
  return `p50 ${seconds(p50)}, p95 ${seconds(p95)}, p99 ${seconds(p99)}, longest ${seconds(max)} (${count})`;
}

function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function chart(hours: Stats['hours']): string[] {
  const shown = hours.slice(-HOURS);
  const most = Math.max(1, ...shown.map(({ messages }) => messages));
  const width = String(most).length;
  const lines = shown.map(({ hour, messages }) => {
    const bar = '█'.repeat(Math.round((messages / most) * BAR));
    return `${hour.slice(0, 13)}h  ${String(messages).padStart(width)}  ${bar}`.trimEnd();
  });
  return hours.length > HOURS ? [`(the last ${HOURS} hours of ${hours.length})`, ...lines] : lines;
}
