/** What waits at the filter, as text and as JSON. */
import type { ZoneOffset } from '../core/clock.js';
import type { Disagreement } from '../core/problem/queue.js';
import type { StuckGroup, StuckMessage } from '../core/problem/stuck.js';
import { printable, printableJson } from './printable.js';
import { dateTime, duration } from './times.js';
import { indent, wrap } from './wrap.js';

const WIDTH = 96;
/** More messages of one group than these are counted only. */
const SHOWN = 20;
const LONGEST_REASON = 200;

export function stuckText(groups: readonly StuckGroup[], zone: ZoneOffset): string {
  if (groups.length === 0) return 'Nothing waits at the filter.';
  return groups.map((group) => groupText(group, zone)).join('\n\n');
}

/** Of mail that waits for something else than the filter. */
export function elsewhereText(count: number): string {
  return `${count} ${count === 1 ? 'message waits' : 'messages wait'} elsewhere: amavtrace search --state deferred`;
}

function groupText(group: StuckGroup, zone: ZoneOffset): string {
  const count = group.messages.length;
  const head = `${group.code ?? 'unexplained'} on ${group.host}: ${count} ${count === 1 ? 'message' : 'messages'}, the oldest ${duration(group.oldest * 1000)}`;
  const lines = [
    head,
    ...wrap(group.summary, WIDTH - 2).map(indent),
    'Cause',
    ...wrap(group.cause, WIDTH - 2).map(indent),
  ];
  lines.push('What to do', ...group.fix.split('\n').map(indent));
  if (group.reference !== null) lines.push(`See ${group.reference}`);
  lines.push(
    'Messages',
    ...group.messages
      .slice(0, SHOWN)
      .flatMap((message) => messageLines(message, zone))
      .map(indent),
  );
  if (count > SHOWN) lines.push(indent(`and ${count - SHOWN} more`));
  return lines.map(printable).join('\n');
}

function messageLines(message: StuckMessage, zone: ZoneOffset): string[] {
  const { age, attempts, nextAttempt, recipients } = message;
  const others = recipients.length > 1 ? ` and ${recipients.length - 1} more` : '';
  const parts = [
    message.queueId ?? message.id,
    duration(age * 1000),
    message.state ?? 'unknown',
    attempts === 1 ? '1 attempt' : `${attempts} attempts`,
  ];
  if (nextAttempt !== null) parts.push(`next not before ${dateTime(nextAttempt, zone)}`);
  const lines = [`${parts.join(', ')}: <${message.sender ?? '?'}> -> <${recipients[0] ?? '?'}>${others}`];
  if (message.reason !== null) lines.push(indent(shortened(message.reason)));
  return lines;
}

function shortened(reason: string): string {
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON - 3)}...` : reason;
}

export function disagreementText(disagreements: readonly Disagreement[]): string {
  if (disagreements.length === 0) return 'Log and queue agree.';
  const lines = disagreements.map(({ queueId, detail }) => indent(printable(`${queueId}: ${detail}`)));
  return ['Log and queue disagree', ...lines].join('\n');
}

/** One object a line: the groups, then where log and queue disagree. */
export function stuckJson(groups: readonly StuckGroup[], disagreements: readonly Disagreement[]): string[] {
  return [...groups, ...disagreements].map(printableJson);
}
