/**
 * A trace as one line for `grep`: time of its last line, ids, state, the hop it has reached, sender and recipients,
 * then what is only there sometimes, each with its name.
 */
import type { ZoneOffset } from '../core/clock.js';
import type { Trace } from '../core/trace/trace.js';
import { printable } from './printable.js';
import { dateTime } from './times.js';

const MAX_RECIPIENTS = 20;

export function traceLine(trace: Trace, zone: ZoneOffset): string {
  return `${dateTime(trace.lastSeen, zone)} ${traceNews(trace)}`;
}

/** The line without its time: as long as it stays the same there is nothing new to tell. */
export function traceNews(trace: Trace): string {
  const ids = trace.queueIds.length > 0 ? trace.queueIds : trace.filter.map(({ amavisId }) => amavisId);
  const hop = trace.hops.at(-1);
  const reached = hop === undefined ? '-' : [hop.stage, hop.port ?? hop.service].filter(Boolean).join(':');
  const to = trace.recipients.slice(0, MAX_RECIPIENTS).map(({ address }) => `<${address}>`);
  const more = trace.recipients.length - to.length;
  const parts = [
    [...new Set(ids)].join(',') || '-',
    trace.state ?? 'unknown',
    reached,
    `${trace.sender === null ? '?' : `<${trace.sender}>`} -> ${to.join(',') || '?'}${more > 0 ? ` and ${more} more` : ''}`,
  ];
  const named = (name: string, values: readonly string[]): void => {
    const all = [...new Set(values)];
    if (all.length > 0) parts.push(`${name}=${all.join(',')}`);
  };
  named(
    'verdict',
    trace.filter.flatMap(({ verdict }) => verdict ?? []),
  );
  named(
    'problem',
    trace.problems.filter(({ resolved }) => !resolved).map(({ code }) => code),
  );
  const attempts = Math.max(0, ...trace.recipients.map((recipient) => recipient.attempts));
  if (attempts > 1) parts.push(`attempts=${attempts}`);
  if (trace.stuck) parts.push('stuck');
  return printable(parts.join(' '));
}
