/** The list of messages, one a row. */
import type { Trace } from '../../core/trace/trace.js';
import { glyph, outcomeOfState, type Tone, toneOf } from '../../output/style.js';
import { dateTime, duration } from '../../output/times.js';
import { type Line, span } from '../line.js';
import { type Look, sign } from '../look.js';
import { stopsOf } from '../model/stops.js';
import { clean, cutAddress, fitted, padStart, widthOf } from '../text.js';
import { age } from './age.js';
import { strip, stripWidth } from './strip.js';

const DAY = 86_400_000;
const WIDE = 110;
const TIME = 8;
const ID = 15;
const VERDICT = 10;
const WIDE_VERDICT = 12;
const TOOK = 7;
const WAIT = 10;
const PROBLEM = 22;

interface Columns {
  readonly wide: boolean;
  readonly addresses: number;
  readonly problem: number;
}

function columnsOf({ columns }: Look): Columns {
  const wide = columns >= WIDE;
  const room = columns - 1;
  const fixed = wide
    ? 4 + TIME + 1 + ID + 1 + 1 + WIDE_VERDICT + 1 + TOOK + 1 + WAIT + 1 + stripWidth(true)
    : 4 + TIME + 1 + 1 + VERDICT + 1 + stripWidth(false);
  const problem = wide && room - fixed - PROBLEM - 1 >= 40 ? PROBLEM : 0;
  return { wide, problem, addresses: room - fixed - (problem > 0 ? problem + 1 : 0) };
}

export function listHead(look: Look): Line {
  const { wide, addresses, problem } = columnsOf(look);
  const who = fitted(`FROM ${sign('arrow', look)} TO`, addresses, look);
  const path = 'PATH'.padEnd(stripWidth(wide));
  const parts = wide
    ? [
        'TIME'.padEnd(TIME),
        'ID'.padEnd(ID),
        who,
        'VERDICT'.padEnd(WIDE_VERDICT),
        'FILTER'.padStart(TOOK),
        'WAITING'.padEnd(WAIT),
        path,
        ...(problem > 0 ? ['PROBLEM'] : []),
      ]
    : ['TIME'.padEnd(TIME), who, 'VERDICT'.padEnd(VERDICT), path];
  return [span(`    ${parts.join(' ')}`, 'dim')];
}

/** `now` in milliseconds since 1970. */
export function listRow(trace: Trace, chosen: boolean, now: number, look: Look): Line {
  const { wide, addresses, problem } = columnsOf(look);
  const outcome = outcomeOfState(trace.state);
  const wait = waitText(trace, now, look);
  const verdict = verdictText(trace, look);
  const lead: Line = [
    span(`${chosen ? sign('chosen', look) : ' '} `),
    span(`${glyph(outcome, look)} `, toneOf(outcome)),
    span(`${timeText(trace.firstSeen, now, look)} `, 'dim'),
  ];
  const path = strip(trace, wide, look);
  if (!wide) {
    const second =
      wait === ''
        ? span(fitted(verdict, VERDICT, look), verdictTone(trace))
        : span(fitted(wait, VERDICT, look), 'wait');
    return [...lead, ...people(trace, addresses, look), span(' '), second, span(' '), ...path];
  }
  const spare = stripWidth(true) - path.reduce((sum, { text }) => sum + widthOf(text), 0);
  return [
    ...lead,
    span(`${fitted(clean(idOf(trace), look), ID, look)} `),
    ...people(trace, addresses, look),
    span(` ${fitted(verdict, WIDE_VERDICT, look)} `, verdictTone(trace)),
    span(`${padStart(tookText(trace), TOOK)} `),
    span(`${fitted(wait, WAIT, look)} `, 'wait'),
    ...path,
    ...(problem > 0 ? [span(' '.repeat(Math.max(0, spare) + 1)), problemSpan(trace, look)] : []),
  ];
}

export function idOf(trace: Trace): string {
  return trace.queueIds[0] ?? trace.filter[0]?.amavisId ?? '-';
}

export function senderText({ sender }: Trace, look: Look): string {
  if (sender === null) return 'unknown';
  return sender === '' ? '<>' : clean(sender, look);
}

function people(trace: Trace, columns: number, look: Look): Line {
  const arrow = ` ${sign('arrow', look)} `;
  const sender = senderText(trace, look);
  const [first, ...others] = trace.recipients;
  const more = others.length > 0 ? ` +${others.length}` : '';
  const recipient = first === undefined ? 'unknown' : clean(first.address, look);
  const room = columns - widthOf(arrow) - more.length;
  // What the shorter of the two leaves over goes to the other.
  const half = Math.floor(room / 2);
  const left = Math.max(half, room - widthOf(recipient));
  const from = cutAddress(sender, left, look);
  const to = cutAddress(recipient, room - widthOf(from), look);
  const used = widthOf(from) + widthOf(arrow) + widthOf(to) + more.length;
  return [
    span(from),
    span(arrow, 'dim'),
    span(to),
    span(more + ' '.repeat(Math.max(0, columns - used)), 'dim'),
  ];
}

function timeText(iso: string, now: number, look: Look): string {
  const [date = '', time = ''] = dateTime(iso, look.zone).split(' ');
  return now - Date.parse(iso) < DAY ? time : ` ${date.slice(2)}`.slice(-TIME);
}

function verdictText(trace: Trace, look: Look): string {
  return clean([...new Set(trace.filter.flatMap(({ verdict }) => verdict ?? []))].join(','), look);
}

function verdictTone({ filter }: Trace): Tone | undefined {
  return filter.some(({ action }) => action === 'Blocked') ? 'blocked' : undefined;
}

function tookText({ filter }: Trace): string {
  const times = filter.flatMap(({ durationMs }) => durationMs ?? []);
  return times.length === 0 ? '' : duration(Math.max(...times));
}

/** Attempts and age of what waits. */
function waitText(trace: Trace, now: number, look: Look): string {
  const halted = stopsOf(trace).some(({ outcome }) => outcome === 'deferred');
  if (!trace.stuck && !halted && trace.state !== 'held') return '';
  const attempts = Math.max(
    0,
    ...trace.recipients.filter(({ state }) => state === 'deferred').map((one) => one.attempts),
  );
  const count = attempts > 0 ? `${sign('times', look)}${attempts} ` : trace.state === 'held' ? 'held ' : '';
  return count + age(now - Date.parse(trace.firstSeen));
}

function problemSpan(trace: Trace, look: Look): ReturnType<typeof span> {
  const open = trace.problems.filter(({ resolved }) => !resolved);
  const first = open.find(({ severity }) => severity === 'error') ?? open[0];
  if (first === undefined) return span(' '.repeat(PROBLEM));
  return span(fitted(clean(first.code, look), PROBLEM, look), first.severity === 'error' ? 'bad' : 'wait');
}
