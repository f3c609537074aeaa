/** Totals as text. */
import type { ZoneOffset } from '../core/clock.js';
import type { Summary } from '../core/report/durations.js';
import type { Stats } from '../core/report/stats.js';
import { isNarrow, narrowed } from './narrow.js';
import { printable } from './printable.js';
import { dateTime } from './times.js';
import { indent } from './wrap.js';

/** The chart has so many bars at most, the latest. */
const BARS = 48;
/** `2026-11-23 00:00`, `2026-11-23` */
const HOUR_WIDTH = 16;
const DAY_WIDTH = 10;
const BAR = 40;

export interface StatsTextOptions {
  /** Of the times that are shown. */
  readonly zone: ZoneOffset;
  readonly unicode: boolean;
  /** Where they are few, lines go on in others and the bars are shorter. */
  readonly columns: number;
}

export function statsText(stats: Stats, options: StatsTextOptions): string {
  const { zone } = options;
  if (stats.messages === 0) return 'No messages.';
  const waiting = stats.stuck === 0 ? '' : `, ${stats.stuck} of them stuck`;
  const sections = [
    [`${stats.messages} messages${waiting}${span(stats, zone)}`],
    section('States', table(Object.entries(stats.states))),
    section('Verdicts', table(Object.entries(stats.verdicts))),
    section('Problems', table(stats.problems.map(problemRow))),
    section('Time in the filter', stats.filterTime === null ? [] : [summaryText(stats.filterTime)]),
    section(
      'Time per hop',
      table(Object.entries(stats.stages).map(([stage, one]) => [stage, summaryText(one)])),
    ),
    section(`Messages by ${stats.hours.length > BARS ? 'day' : 'hour'}`, chart(stats.hours, options)),
    section('Slowest in the filter', table(stats.slowest.map((one) => slowRow(one, zone)))),
    section(
      'Senders of blocked mail',
      table(stats.blockedSenders.map((one) => [`<${one.sender}>`, one.messages])),
    ),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => narrowed(lines.map(printable), options.columns).join('\n'))
    .join('\n\n');
}

function span({ firstSeen, lastSeen }: Stats, zone: ZoneOffset): string {
  if (firstSeen === null || lastSeen === null) return '';
  return `, ${dateTime(firstSeen, zone)} to ${dateTime(lastSeen, zone)}`;
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

function slowRow(
  { milliseconds, queueId, amavisId, time, sender }: Stats['slowest'][number],
  zone: ZoneOffset,
): Row {
  return [
    queueId ?? amavisId,
    `${seconds(milliseconds)} at ${dateTime(time, zone)}, from <${sender ?? '?'}>`,
  ];
}

function summaryText({ p50, p95, p99, max, count }: Summary): string {
  return `p50 ${seconds(p50)}, p95 ${seconds(p95)}, p99 ${seconds(p99)}, longest ${seconds(max)} (${count})`;
}

function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** A bar an hour; a bar a day where the hours are too many. */
function chart(hours: Stats['hours'], { zone, unicode, columns }: StatsTextOptions): string[] {
  const width = hours.length > BARS ? DAY_WIDTH : HOUR_WIDTH;
  const bars = new Map<string, number>();
  for (const { hour, messages } of hours) {
    const name = dateTime(hour, zone).slice(0, width);
    bars.set(name, (bars.get(name) ?? 0) + messages);
  }
  const shown = [...bars].slice(-BARS);
  const most = Math.max(1, ...shown.map(([, messages]) => messages));
  const digits = String(most).length;
  const room = columns - indent(`${' '.repeat(width + digits)}    `).length;
  const longest = isNarrow(columns) ? Math.max(1, Math.min(BAR, room)) : BAR;
  return shown.map(([name, messages]) => {
    const bar = (unicode ? '█' : '#').repeat(Math.round((messages / most) * longest));
    return `${name}  ${String(messages).padStart(digits)}  ${bar}`.trimEnd();
  });
}
