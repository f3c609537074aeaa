/**
 * Where the time went, as bars on one scale: the four parts of Postfix' delays= at each hop that it delivered to, and
 * what amavis says that each run took.
 */
import type { Hop, Trace } from '../../core/trace/trace.js';
import type { Tone } from '../../output/style.js';
import { duration } from '../../output/times.js';
import { type Line, type Span, span } from '../line.js';
import type { Look } from '../look.js';
import { clean, fitted, padStart, widthOf } from '../text.js';

/** The parts of delays=a/b/c/d (postconf(5), delay_logging_resolution_limit). */
const PARTS: readonly {
  readonly name: string;
  readonly fill: readonly [string, string];
  readonly tone: Tone;
}[] = [
  { name: 'before qmgr', fill: ['░', '.'], tone: 'dim' },
  { name: 'in qmgr', fill: ['▒', ':'], tone: 'wait' },
  { name: 'connection setup', fill: ['▓', '+'], tone: 'wait' },
  { name: 'transmission', fill: ['█', '#'], tone: 'good' },
];
const AMAVIS = { name: 'amavis', fill: ['▆', '='], tone: 'blocked' } as const;

const TOTAL = 8;
const NUMBERS = 20;

interface Measured {
  readonly label: string;
  readonly numbers: string;
  /** Milliseconds of each part. */
  readonly parts: readonly number[];
  readonly filter: boolean;
}

export function delayLines(trace: Trace, look: Look): readonly Line[] {
  // A run that passes some recipients and blocks others is told of twice.
  const runs = new Map(trace.filter.map((run) => [run.amavisId, run]));
  const measured: Measured[] = [];
  const takeRun = (amavisId: string | null): void => {
    const run = amavisId === null ? undefined : runs.get(amavisId);
    if (run === undefined) return;
    runs.delete(run.amavisId);
    if (run.durationMs !== null) measured.push(filterRun(run.amavisId, run.durationMs, look));
  };
  for (const hop of trace.hops) {
    if (hop.delays !== null) measured.push(delivery(hop, hop.delays, look));
    takeRun(hop.amavisId);
  }
  for (const amavisId of [...runs.keys()]) takeRun(amavisId);
  if (measured.length === 0) return [];
  const label = Math.min(28, Math.max(...measured.map((one) => widthOf(one.label))));
  const bar = look.columns - 3 - 2 - label - TOTAL - NUMBERS - 4;
  const scale = Math.max(1, ...measured.map(({ parts }) => sum(parts)));
  return [
    legend(look),
    ...measured.map(({ label: name, numbers, parts, filter }) => [
      span(`  ${fitted(name, label, look)}`),
      span(padStart(duration(sum(parts)), TOTAL), 'bold'),
      span(`  ${fitted(numbers, NUMBERS, look)}  `, 'dim'),
      ...barSpans(parts, filter, scale, bar, look),
    ]),
  ];
}

/** Of several attempts the longest. */
function delivery({ service, port, queueId }: Hop, delays: readonly number[], look: Look): Measured {
  const by = `${service ?? ''}${port === null ? '' : `:${port}`}`;
  return {
    label: clean(`${by} ${queueId ?? ''}`.trim(), look),
    numbers: delays.join('/'),
    parts: delays.map((part) => part * 1000),
    filter: false,
  };
}

function filterRun(amavisId: string, millis: number, look: Look): Measured {
  return { label: `amavis ${clean(amavisId, look)}`, numbers: `${millis} ms`, parts: [millis], filter: true };
}

function legend(look: Look): Line {
  return [
    span('  '),
    ...[...PARTS, AMAVIS].flatMap(({ name, fill, tone }): Span[] => [
      span(`${fill[look.unicode ? 0 : 1]} `, tone),
      span(`${name}  `, 'dim'),
    ]),
  ];
}

/** Each part that took any time gets a column at least, so that it is seen. */
function barSpans(
  parts: readonly number[],
  filter: boolean,
  scale: number,
  columns: number,
  look: Look,
): Span[] {
  let room = columns;
  return parts.flatMap((part, index) => {
    const { fill, tone } = filter ? AMAVIS : (PARTS[index] ?? AMAVIS);
    const later = parts.slice(index + 1).filter((other) => other > 0).length;
    const length = part <= 0 ? 0 : Math.min(room - later, Math.max(1, Math.round((part / scale) * columns)));
    room -= length;
    return length === 0 ? [] : [span(fill[look.unicode ? 0 : 1].repeat(length), tone)];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
