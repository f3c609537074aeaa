/** What truly happened, as `expected.json` beside a recorded log lays it down, against traces. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '../../src/core/trace/trace.js';
import { SAMPLES } from './cli.js';

interface ExpectedMessage {
  readonly queue_id: string | null;
  readonly message_id: string | null;
  readonly sender: string;
  readonly queue_ids: readonly string[] | null;
  readonly mail_ids: readonly string[];
  readonly recipients: Readonly<Record<string, string>>;
  readonly children: number;
  readonly problems: readonly string[] | null;
}

export interface Expected {
  readonly scenario: string;
  readonly messages: readonly ExpectedMessage[];
}

export function readExpected(scenario: string): Expected {
  return JSON.parse(readFileSync(join(SAMPLES, scenario, 'expected.json'), 'utf8')) as Expected;
}

/** Every way in which the traces differ from what happened. */
export function differences({ messages }: Expected, traces: readonly Trace[]): string[] {
  const wrong: string[] = [];
  const owner = new Map<Trace, string>();
  for (const message of messages) {
    const name = message.queue_id ?? message.message_id ?? message.sender;
    const trace = traces.find((candidate) => isTraceOf(candidate, message));
    if (trace === undefined) {
      wrong.push(`${name}: no trace`);
      continue;
    }
    const other = owner.get(trace);
    if (other !== undefined) wrong.push(`${name}: one trace with ${other}`);
    owner.set(trace, name);
    for (const id of message.queue_ids ?? []) {
      if (!trace.queueIds.includes(id))
        wrong.push(`${name}: its chain ${trace.queueIds.join(' ')} lacks ${id}`);
    }
    for (const id of message.mail_ids) {
      if (!trace.filter.some(({ mailId }) => mailId === id)) wrong.push(`${name}: lacks the mail_id ${id}`);
    }
    for (const [address, state] of Object.entries(message.recipients)) {
      const found = trace.recipients.filter((one) => one.address === address || one.originalTo === address);
      const states = found.map((one) => one.state);
      if (states.length === 0 || states.some((one) => one !== state)) {
        wrong.push(`${name}: ${address} is ${states.join(', ') || 'missing'}, not ${state}`);
      }
    }
    if (trace.children.length !== message.children) {
      wrong.push(`${name}: ${trace.children.length} children, not ${message.children}`);
    }
  }
  // No message's id may be in another's trace.
  for (const message of messages) {
    for (const id of message.queue_ids ?? []) {
      const holders = traces.filter(({ queueIds }) => queueIds.includes(id));
      if (holders.length !== 1) wrong.push(`${id} is in ${holders.length} traces`);
    }
  }
  return wrong;
}

function isTraceOf(trace: Trace, { queue_ids, queue_id, mail_ids, message_id }: ExpectedMessage): boolean {
  const ids = [...(queue_ids ?? []), ...(queue_id === null ? [] : [queue_id])];
  if (ids.length > 0) return ids.some((id) => trace.queueIds.includes(id));
  if (mail_ids.length > 0)
    return trace.filter.some(({ mailId }) => mailId !== null && mail_ids.includes(mailId));
  return trace.messageId !== null && trace.messageId === message_id;
}
