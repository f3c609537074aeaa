/** A trace as one line of a list. */
import type { ZoneOffset } from '../core/clock.js';
import type { Trace } from '../core/trace/trace.js';
import { firstFew } from './first-few.js';
import { printable } from './printable.js';
import { mark, outcomeOfState, paint, paintOutcome, type Style } from './style.js';
import { dateTime } from './times.js';

export function traceRow(trace: Trace, options: Style & { readonly zone: ZoneOffset }): string {
  const outcome = outcomeOfState(trace.state);
  const arrow = options.unicode ? '→' : '->';
  const id = trace.queueIds[0] ?? trace.filter[0]?.amavisId ?? '-';
  const to = firstFew(trace.recipients.map(({ address }) => printable(address)));
  const sender = trace.sender === null ? 'unknown' : trace.sender === '' ? '<>' : printable(trace.sender);
  const verdicts = [...new Set(trace.filter.flatMap(({ verdict }) => verdict ?? []))].join(',');
  const problems = trace.problems.filter(({ resolved }) => !resolved).map(({ code }) => code);
  return [
    mark(outcome, options),
    dateTime(trace.firstSeen, options.zone),
    printable(id).padEnd(15),
    paintOutcome((trace.state ?? 'unknown').padEnd(9), outcome, options),
    printable(verdicts).padEnd(10),
    `${sender} ${arrow} ${to || 'unknown'}`,
    problems.length > 0 ? paint(problems.join(' '), 'bad', options) : '',
  ]
    .join('  ')
    .trimEnd();
}
