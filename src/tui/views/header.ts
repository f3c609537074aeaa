/** The top of the screen: what is followed, how the path does, and the last minutes as bars. */
import type { Counters } from '../../follow/feed.js';
import type { Tone } from '../../output/style.js';
import { duration } from '../../output/times.js';
import { fitLine, type Line, lineWidth, type Span, span, withRight } from '../line.js';
import { type Look, sign } from '../look.js';
import type { Condition, Station } from '../model/health.js';
import { percentile } from '../model/percentile.js';
import { type Sample, sparkline } from '../model/spark.js';
import { clean } from '../text.js';

/** Below so many rows, an opened message gets the room: of the overview only the path's health stays. */
const ROOMY = 32;

const MARKS: Readonly<Record<Condition, readonly [unicode: string, ascii: string, tone: Tone]>> = {
  fine: ['✓', '+', 'good'],
  slow: ['~', '~', 'wait'],
  failing: ['✗', 'X', 'bad'],
  silent: ['·', '.', 'dim'],
};

export interface Overview {
  readonly sources: readonly string[];
  readonly database: string | null;
  readonly counters: Counters;
  readonly stations: readonly Station[];
  readonly samples: readonly Sample[];
}

/** `brief`: where something else than the list is shown. */
export function headerLines(overview: Overview, brief: boolean, look: Look): readonly Line[] {
  const room = look.columns - 2;
  const health = healthLine(overview.stations, look);
  const lines =
    brief && look.rows < ROOMY
      ? [health]
      : [titleLine(overview, look), health, numbersLine(overview.counters, look), sparkLine(overview, look)];
  return lines.map((line) => [span(' '), ...fitLine(line, room, look)]);
}

export function conditionMark(condition: Condition, { unicode }: Look): Span {
  const [sign, ascii, tone] = MARKS[condition];
  return span(unicode ? sign : ascii, tone);
}

function titleLine({ sources, database, counters }: Overview, look: Look): Line {
  const { linesPerSecond } = counters;
  const rate =
    linesPerSecond > 0 && linesPerSecond < 10
      ? linesPerSecond.toFixed(1)
      : String(Math.round(linesPerSecond));
  const stored = database === null ? 'not stored' : 'stored';
  return withRight(
    [span('amavtrace', 'bold'), span('  '), span(clean(sources.join('  '), look))],
    [span('  '), span(stored, database === null ? 'wait' : 'dim'), span(`  ${rate} lines/s`, 'dim')],
    look.columns - 2,
    look,
  );
}

/** Names the conditions as far as there is room for it; the marks alone tell them too. */
function healthLine(stations: readonly Station[], look: Look): Line {
  const lines = [
    stationsLine(stations, ['slow', 'failing', 'silent'], look),
    stationsLine(stations, ['slow', 'failing'], look),
    stationsLine(stations, [], look),
  ];
  return lines.find((line) => lineWidth(line) <= look.columns - 2) ?? [];
}

function stationsLine(stations: readonly Station[], named: readonly Condition[], look: Look): Line {
  return stations.flatMap(({ label, condition }, index): Span[] => {
    const { text, tone } = conditionMark(condition, look);
    const words = named.includes(condition) ? `${label} ${condition}` : label;
    return [
      ...(index === 0 ? [] : [span(` ${sign('rule', look)}${sign('step', look)} `, 'dim')]),
      { text: `${text} `, tone },
      { text: words, tone: condition === 'fine' ? undefined : tone },
    ];
  });
}

function numbersLine(
  { messagesPerMinute, inFilter, filterTimes, deferred, stuck, more }: Counters,
  look: Look,
): Line {
  const p50 = percentile(filterTimes, 0.5);
  const p95 = percentile(filterTimes, 0.95);
  const time = (value: number | null): string => (value === null ? '-' : duration(value));
  const gap = look.columns >= 110 ? '     ' : '  ';
  const number = (value: number, tone: Tone): Span => span(String(value), value > 0 ? tone : undefined);
  const orMore = more ? '+' : '';
  return [
    number(messagesPerMinute, 'bold'),
    span(`/min${gap}`, 'dim'),
    number(inFilter, 'bold'),
    span(` in filter${gap}filter time p50 `, 'dim'),
    span(time(p50), 'bold'),
    span(' p95 ', 'dim'),
    span(time(p95), 'bold'),
    span(gap),
    number(deferred, 'wait'),
    span(`${orMore} deferred${gap}`, deferred > 0 ? 'wait' : 'dim'),
    number(stuck, 'bad'),
    span(stuck > 0 ? `${orMore} stuck !` : ' stuck', stuck > 0 ? 'bad' : 'dim'),
  ];
}

function sparkLine({ samples }: Overview, look: Look): Line {
  const messages = samples.map(({ messagesPerMinute }) => messagesPerMinute);
  const times = samples.map(({ filterTime }) => filterTime);
  const labels = ['messages ', '  time in filter '] as const;
  const peak = { messages: 9, time: 7 };
  const room = look.columns - 2 - labels[0].length - labels[1].length - peak.messages - peak.time;
  const columns = Math.min(samples.length, Math.floor(room / 2));
  const known = times.slice(-columns).filter((time) => time !== null);
  return [
    span(labels[0], 'dim'),
    span(sparkline(messages, columns, look)),
    span(` ${Math.max(0, ...messages.slice(-columns))}/min`.padEnd(peak.messages), 'dim'),
    span(labels[1], 'dim'),
    span(sparkline(times, columns, look)),
    span(known.length === 0 ? '' : ` ${duration(Math.max(...known))}`, 'dim'),
  ];
}
