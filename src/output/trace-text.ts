/** A trace as text: the path top to bottom, one line a hop. */
import type { ZoneOffset } from '../core/clock.js';
import type { Hop, Trace, TraceRecipient } from '../core/trace/trace.js';
import { firstFew } from './first-few.js';
import { isNarrow, narrowed, narrowedToCopy } from './narrow.js';
import { printable } from './printable.js';
import { clip, mark, outcomeOfState, paint, paintOutcome, type Style } from './style.js';
import { dateTime, duration, hopMillis, timeOfDay } from './times.js';
import { wrap } from './wrap.js';

export interface TextOptions extends Style {
  readonly zone: ZoneOffset;
  /** Columns; text that tells more than fits is cut, except failures. Where they are few, lines go on in others. */
  readonly columns: number;
}

export function traceText(trace: Trace, options: TextOptions): string {
  const lines = [...headLines(trace, options), ''];
  for (const hop of trace.hops) lines.push(hopLine(hop, options));
  if (trace.recipients.length > 0) {
    lines.push('', paint('  recipients', 'dim', options));
    for (const recipient of trace.recipients) lines.push(...recipientLines(recipient, options));
  }
  lines.push(...familyLines(trace, options));
  const shown = [...narrowed(lines, options.columns), ...problemLines(trace, options)];
  return `${shown.join('\n')}\n`;
}

function headLines(trace: Trace, options: TextOptions): string[] {
  const state = trace.state ?? 'unknown';
  const outcome = outcomeOfState(trace.state);
  const arrow = options.unicode ? '→' : '->';
  const name = trace.queueIds[0] ?? trace.filter[0]?.amavisId ?? 'no queue id';
  const to = firstFew(trace.recipients.map(({ address }) => printable(address)));
  const lines = [
    `${mark(outcome, options)} ${paint(printable(name), 'bold', options)}  ${paintOutcome(state, outcome, options)}  ` +
      `${dateTime(trace.firstSeen, options.zone)}  ${address(trace.sender)} ${arrow} ${to || 'unknown'}`,
  ];
  const facts: string[] = [];
  if (trace.messageId !== null) facts.push(`message-id <${printable(trace.messageId)}>`);
  if (trace.size !== null) facts.push(`size ${trace.size}`);
  if (trace.client !== null) facts.push(`from ${clientText(trace.client)}`);
  facts.push(`host ${printable(trace.host)}`);
  lines.push(`  ${paint(facts.join('  '), 'dim', options)}`);
  const notes: string[] = [];
  if (trace.stuck && trace.stuckSince !== null)
    notes.push(`stuck since ${dateTime(trace.stuckSince, options.zone)}`);
  const open = trace.state !== null && (outcome === 'pending' || outcome === 'deferred');
  if (open) notes.push('not at its end yet');
  else if (!trace.complete) notes.push('incomplete: the log does not show the whole path');
  if (notes.length > 0) lines.push(`  ${paint(notes.join('; '), trace.stuck ? 'bad' : 'wait', options)}`);
  return lines;
}

function clientText({ name, address: ip, helo, saslUsername }: NonNullable<Trace['client']>): string {
  const parts = [`${printable(name ?? 'unknown')}[${printable(ip ?? 'unknown')}]`];
  if (helo !== null) parts.push(`helo ${printable(helo)}`);
  if (saslUsername !== null) parts.push(`login ${printable(saslUsername)}`);
  return parts.join(' ');
}

function address(sender: string | null): string {
  if (sender === null) return 'unknown';
  return sender === '' ? '<>' : printable(sender);
}

function hopLine(hop: Hop, options: TextOptions): string {
  const port = hop.port === null ? '' : `:${hop.port}`;
  const id = hop.stage === 'filter' ? (hop.amavisId ?? hop.queueId ?? '') : (hop.queueId ?? '');
  const millis = hopMillis(hop);
  const spent = millis === null ? '' : duration(millis);
  const times = hop.attempts > 1 ? ` ${options.unicode ? '×' : 'x'}${hop.attempts}` : '';
  const head = [
    hop.stage.padEnd(8),
    `${hop.service ?? ''}${port}`.padEnd(13),
    printable(id).padEnd(15),
    timeOfDay(hop.from, options.zone),
    (spent + times).padStart(8),
  ].join('  ');
  const outcome = hop.outcome === 'ok' ? '' : `${hop.outcome}: `;
  const text = `${outcome}${printable(hop.detail ?? '')}`;
  const { columns } = options;
  // In a narrow terminal it has a line of its own.
  const room = isNarrow(columns) ? columns - 4 : Math.max(20, columns - head.length - 6);
  const shown = hop.outcome === 'ok' ? clip(text, room, options).trimEnd() : text;
  const line = `${head}  ${hop.outcome === 'ok' ? paint(shown, 'dim', options) : paintOutcome(shown, hop.outcome, options)}`;
  return `  ${mark(hop.outcome, options)} ${line}`.trimEnd();
}

function recipientLines(recipient: TraceRecipient, options: TextOptions): string[] {
  const outcome = outcomeOfState(recipient.state);
  const original = recipient.originalTo === null ? '' : ` (for ${printable(recipient.originalTo)})`;
  const parts = [paintOutcome(recipient.state ?? 'unknown', outcome, options)];
  if (recipient.relay !== null) parts.push(`relay ${printable(recipient.relay)}`);
  if (recipient.dsn !== null) parts.push(printable(recipient.dsn));
  if (recipient.attempts > 1) parts.push(`${recipient.attempts} attempts`);
  const lines = [
    `  ${mark(outcome, options)} ${printable(recipient.address)}${original}  ${parts.join('  ')}`,
  ];
  if (recipient.response !== null)
    lines.push(`      ${paint(printable(recipient.response), 'dim', options)}`);
  return lines;
}

function familyLines(trace: Trace, options: TextOptions): string[] {
  const lines: string[] = [];
  if (trace.parent !== null) {
    lines.push(
      `  ${paint(`${trace.parent.kind} of`, 'dim', options)} ${printable(trace.parent.queueId ?? trace.parent.id)}`,
    );
  }
  for (const child of trace.children) {
    lines.push(`  ${paint(`gave rise to ${child.kind}`, 'dim', options)} ${printable(child.queueId)}`);
  }
  return lines.length > 0 ? ['', ...lines] : [];
}

function problemLines(trace: Trace, options: TextOptions): string[] {
  return trace.problems.flatMap((problem) => {
    const outcome = problem.severity === 'error' && !problem.resolved ? 'failed' : 'deferred';
    const facts = [`at the ${problem.stage ?? 'unknown'} hop`];
    if (problem.count > 1) facts.push(`${problem.count} times`);
    if (problem.resolved) facts.push('overcome');
    const { columns } = options;
    const width = Math.max(20, columns - 13);
    const head = `  ${mark(outcome, options)} ${paint(problem.code, 'bold', options)} (${facts.join(', ')})  ${printable(problem.summary)}`;
    const fix = problem.fix.split('\n').map(printable);
    const see = [printable(problem.reference)];
    return [
      '',
      ...narrowed([head], columns),
      ...labelled('cause', wrap(printable(problem.cause), width)),
      ...labelled('fix', isNarrow(columns) ? narrowedToCopy(fix, width) : fix),
      ...labelled('see', isNarrow(columns) ? narrowed(see, width) : see),
    ];
  });
}

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `      ${(index === 0 ? label : '').padEnd(5)}  ${line}`);
}
