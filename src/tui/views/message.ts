/** One message, opened: a head that stays, and a document to move through. */
import type { FilterRun, Hop, Problem, Trace, TraceRecipient } from '../../core/trace/trace.js';
import { glyph, outcomeOfState, type Tone, toneOf } from '../../output/style.js';
import { dateTime, duration, hopMillis, timeOfDay } from '../../output/times.js';
import { type Line, type Span, span, withRight } from '../line.js';
import { type Look, sign } from '../look.js';
import { clean, cut, cutAddress, fitted, padStart, widthOf, wrap } from '../text.js';
import { age } from './age.js';
import { delayLines } from './delays.js';
import { idOf, senderText } from './list.js';

export const MESSAGE_HEAD_ROWS = 3;

/** A row of the document and what can be done on it. */
export interface Row {
  readonly line: Line;
  /** The id that copying takes. */
  readonly id?: string | undefined;
  /** Enter goes to the message with this id. */
  readonly goes?: string | undefined;
}

export interface Document {
  readonly rows: readonly Row[];
  /** Where its parts begin. */
  readonly parts: readonly number[];
}

export function messageHead(trace: Trace, now: number, look: Look): readonly Line[] {
  const room = look.columns - 2;
  const outcome = outcomeOfState(trace.state);
  const state = trace.stuck ? `${trace.state ?? 'unknown'}, stuck` : (trace.state ?? 'unknown');
  const open = trace.stuck || trace.state === 'deferred' || trace.state === 'held';
  const waits = open ? `  for ${age(now - Date.parse(trace.firstSeen))}` : '';
  // Of one that is still under way nobody expects the end.
  const partly = !trace.complete && (trace.state === null || outcome !== 'pending') && !open;
  const facts = [
    partly ? 'the log does not show all of its path' : '',
    trace.messageId === null ? '' : `<${clean(trace.messageId, look)}>`,
    trace.size === null ? '' : `${trace.size} bytes`,
    trace.client === null ? '' : `from ${clientText(trace.client, look)}`,
    `host ${clean(trace.host, look)}`,
  ];
  const to = trace.recipients.map(({ address }) => clean(address, look));
  const title: Line = [
    span(`${glyph(outcome, look)} `, toneOf(outcome)),
    span(clean(idOf(trace), look), 'bold'),
    span('  '),
    span(state, trace.stuck ? 'bad' : toneOf(outcome)),
    span(waits, 'wait'),
  ];
  return [
    withRight(title, [span(dateTime(trace.firstSeen, look.zone), 'dim')], room, look),
    [
      span(
        cut(`${senderText(trace, look)} ${sign('arrow', look)} ${to.join(', ') || 'unknown'}`, room, look),
      ),
    ],
    [span(cut(facts.filter((fact) => fact !== '').join('  '), room, look), 'dim')],
  ].map((line) => [span(' '), ...line]);
}

function clientText({ name, address, saslUsername }: NonNullable<Trace['client']>, look: Look): string {
  const login = saslUsername === null ? '' : ` login ${saslUsername}`;
  return clean(`${name ?? 'unknown'}[${address ?? 'unknown'}]${login}`, look);
}

export function documentOf(trace: Trace, evidence: readonly string[], look: Look): Document {
  const sections: [title: string, rows: readonly Row[]][] = [
    ['PROBLEM', trace.problems.flatMap((problem) => problemRows(problem, look))],
    ['PATH', trace.hops.flatMap((hop) => hopRows(hop, trace, look))],
    ['RECIPIENTS', trace.recipients.flatMap((recipient) => recipientRows(recipient, look))],
    ['TIME', delayLines(trace, look).map((line) => ({ line }))],
    ['FILTER', trace.filter.flatMap((run) => runRows(run, look))],
    ['LINKS', trace.links.map(({ from, to, via, confidence }) => linkRow(from, to, via, confidence, look))],
    ['FAMILY', familyRows(trace, look)],
    ['LOG LINES', evidence.flatMap((line) => hanging([], [span(clean(line, look))], 4, look))],
  ];
  const rows: Row[] = [];
  const parts: number[] = [];
  for (const [title, section] of sections) {
    if (section.length === 0) continue;
    if (rows.length > 0) rows.push({ line: [] });
    parts.push(rows.length);
    rows.push({ line: [span(title, 'bold')] }, ...section);
  }
  return { rows, parts };
}

function problemRows(problem: Problem, look: Look): Row[] {
  const { code, severity, resolved, count, summary, cause, fix, reference } = problem;
  const tone: Tone = resolved ? 'dim' : severity === 'error' ? 'bad' : 'wait';
  const outcome = resolved ? 'ok' : severity === 'error' ? 'failed' : 'deferred';
  const title: Line = [
    span(`${glyph(outcome, look)} `, toneOf(outcome)),
    span(clean(code, look), tone),
    span(resolved ? '  overcome' : '', 'good'),
    span(count > 1 ? `  ${sign('times', look)}${count}` : '', 'dim'),
  ];
  const part = (label: string, text: string): Row[] =>
    text === ''
      ? []
      : hanging([span(fitted(label, 7, look), 'dim')], [span(paragraphs(text, look))], 9, look);
  return [
    { line: title },
    ...hanging([], [span(paragraphs(summary, look))], 2, look, 2),
    ...part('cause', cause),
    ...part('fix', fix),
    ...part('see', reference),
  ];
}

const STAGE = 9;
const SERVICE = 14;
const ID = 16;
const TOOK = 7;

function hopRows(hop: Hop, trace: Trace, look: Look): Row[] {
  const id = hop.stage === 'filter' ? (hop.amavisId ?? hop.queueId) : hop.queueId;
  const service = `${hop.service ?? ''}${hop.port === null ? '' : `:${hop.port}`}`;
  const time = hopTime(hop, trace, look);
  const millis = hopMillis(hop);
  const took = millis === null ? '' : duration(millis);
  const attempts = hop.attempts > 1 ? ` ${sign('times', look)}${hop.attempts}` : '';
  const lead: Line = [
    span(`${glyph(hop.outcome, look)} `, toneOf(hop.outcome)),
    span(hop.stage.padEnd(STAGE)),
    span(fitted(clean(service, look), SERVICE, look)),
    span(fitted(clean(id ?? '', look), ID, look), 'bold'),
    span(time, 'dim'),
    span(` ${padStart(took + attempts, TOOK)}`),
    span('  '),
  ];
  const at = lead.reduce((sum, { text }) => sum + widthOf(text), 0);
  const detail = clean(hop.detail ?? '', look);
  const room = look.columns - 3 - at;
  if (hop.outcome === 'ok' || detail === '') {
    const shown = detail === '' && hop.outcome === 'pending' ? 'no answer yet' : detail;
    const tone = hop.outcome === 'ok' ? 'dim' : toneOf(hop.outcome);
    return [{ line: [...lead, span(cut(shown, room, look), tone)], id: id ?? undefined }];
  }
  const why = `${hop.outcome}: ${detail}`;
  if (widthOf(why) <= room) return [{ line: [...lead, span(why, toneOf(hop.outcome))], id: id ?? undefined }];
  return [
    { line: [...lead, span(hop.outcome, toneOf(hop.outcome))], id: id ?? undefined },
    ...hanging([], [span(detail, toneOf(hop.outcome))], 4, look, 4),
  ];
}

/** The time of day; the date too in a trace that took more than one. */
function hopTime({ from }: Hop, { firstSeen, lastSeen }: Trace, look: Look): string {
  const day = (iso: string): string => dateTime(iso, look.zone).slice(0, 10);
  return day(firstSeen) === day(lastSeen) ? timeOfDay(from, look.zone) : dateTime(from, look.zone).slice(5);
}

function recipientRows(recipient: TraceRecipient, look: Look): Row[] {
  const { address, originalTo, state, dsn, relay, attempts, response, queueId } = recipient;
  const outcome = outcomeOfState(state);
  const facts = [
    dsn,
    relay === null ? null : `relay ${relay}`,
    attempts > 1 ? `${attempts} attempts` : null,
    originalTo === null ? null : `sent to ${originalTo}`,
  ];
  const shown = cutAddress(clean(address, look), Math.floor(look.columns / 2), look);
  const line: Line = [
    span(`${glyph(outcome, look)} `, toneOf(outcome)),
    span(shown),
    span(`  ${state ?? 'unknown'}`, toneOf(outcome)),
    span(`  ${clean(facts.filter((fact) => fact !== null).join('  '), look)}`, 'dim'),
  ];
  const id = queueId ?? undefined;
  const said = response === null ? [] : hanging([], [span(clean(response, look), 'dim')], 4, look, 4);
  return [{ line, id }, ...said.map((row) => ({ ...row, id }))];
}

function runRows(run: FilterRun, look: Look): Row[] {
  const { amavisId, mailId, action, verdict, detail, actions, hits, tests, quarantine, durationMs } = run;
  const blocked = action === 'Blocked';
  const outcome = action === null ? 'pending' : blocked ? 'blocked' : 'ok';
  const line: Line = [
    span(`${glyph(outcome, look)} `, toneOf(outcome)),
    span(clean(amavisId, look), 'bold'),
    span(
      `  ${clean([action ?? 'no verdict yet', verdict, detail].filter((part) => part !== null).join(' '), look)}`,
      toneOf(outcome),
    ),
    span(hits === null ? '' : `  hits ${hits}`),
    span(durationMs === null ? '' : `  ${durationMs} ms`, 'dim'),
    span(mailId === null ? '' : `  mail_id ${clean(mailId, look)}`, 'dim'),
  ];
  const more: [string, string][] = [
    ['actions', actions.join(', ')],
    ['quarantine', quarantine ?? ''],
    ['tests', tests.join(', ')],
  ];
  return [
    { line, id: mailId ?? amavisId },
    ...more
      .filter(([, text]) => text !== '')
      .flatMap(([label, text]) =>
        hanging([span(`${label}  `, 'dim')], [span(clean(text, look))], 6, look, 4),
      ),
  ];
}

function linkRow(from: string, to: string, via: readonly string[], confidence: string, look: Look): Row {
  const ids = `${clean(from, look)} ${sign('step', look)} ${clean(to, look)}`;
  return {
    line: [
      span('  '),
      span(fitted(ids, 36, look)),
      span(`  ${confidence}`, confidence === 'certain' ? 'good' : 'wait'),
      span(`  by ${clean(via.join(', '), look)}`, 'dim'),
    ],
    id: to,
  };
}

function familyRows({ parent, children }: Trace, look: Look): Row[] {
  const row = (what: string, queueId: string, goes: string): Row => ({
    line: [span(what, 'dim'), span(clean(queueId, look), 'bold'), span('  Enter goes there', 'dim')],
    id: queueId,
    goes,
  });
  return [
    ...(parent === null
      ? []
      : [row(`${sign('up', look)} ${parent.kind} of `, parent.queueId ?? parent.id, parent.id)]),
    ...children.map(({ queueId, kind }) => row(`${sign('down', look)} ${kind} `, queueId, queueId)),
  ];
}

/** The catalogue's texts have lines of their own: commands to type, one below the other. */
function paragraphs(text: string, look: Look): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => clean(line, look))
    .join('\n');
}

/** Text wrapped, its first line after a lead, the others indented. */
function hanging(
  lead: readonly Span[],
  [text]: readonly [Span],
  indent: number,
  look: Look,
  first = 2,
): Row[] {
  const room = look.columns - 3 - indent;
  const parts = text.text.split('\n').flatMap((line) => wrap(line, Math.max(20, room)));
  return parts.map((part, index) => ({
    line:
      index === 0
        ? [span(' '.repeat(lead.length === 0 ? first : 2)), ...lead, span(part, text.tone)]
        : [span(' '.repeat(lead.length === 0 ? Math.max(first, indent) : indent)), span(part, text.tone)],
  }));
}
