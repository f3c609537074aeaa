/**
 * The live queue as `postqueue -j` tells it (one JSON object a line, postqueue(1)), and where it and the log disagree.
 */
import type { Trace } from '../trace/trace.js';

export interface QueuedMessage {
  readonly queueId: string;
  /** incoming, active, deferred, hold, maildrop, corrupt */
  readonly queueName: string;
  /** Seconds since 1970. */
  readonly arrival: number;
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly reason: string | null }[];
}

/** Where log and queue tell different things of one queue id. */
export interface Disagreement {
  readonly kind: 'gone' | 'unknown' | 'finished';
  readonly queueId: string;
  /** The trace; null where the log does not know the id. */
  readonly id: string | null;
  readonly queueName: string | null;
  readonly detail: string;
}

/** Throws SyntaxError when the text is not what postqueue -j writes. */
export function parseQueue(text: string): QueuedMessage[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => toMessage(JSON.parse(line) as unknown));
}

function toMessage(value: unknown): QueuedMessage {
  const raw = object(value);
  const recipients = Array.isArray(raw['recipients']) ? raw['recipients'].map(object) : [];
  const arrival = raw['arrival_time'];
  return {
    queueId: text(raw['queue_id']),
    queueName: text(raw['queue_name']),
    arrival: typeof arrival === 'number' ? arrival : 0,
    sender: text(raw['sender']),
    recipients: recipients.map((recipient) => ({
      address: text(recipient['address']),
      reason: typeof recipient['delay_reason'] === 'string' ? recipient['delay_reason'] : null,
    })),
  };
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw new SyntaxError('postqueue -j wrote something that is no object');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/**
 * What one knows and the other does not. `open` are the traces that the log leaves open, `find` looks a queue id up
 * among all of them.
 */
export function compareWithQueue(
  queue: readonly QueuedMessage[],
  open: Iterable<Trace>,
  find: (queueId: string) => Trace | undefined,
): Disagreement[] {
  const queued = new Map(queue.map((message) => [message.queueId, message]));
  const found: Disagreement[] = [];
  for (const trace of open) {
    for (const queueId of openQueueIds(trace)) {
      if (queued.has(queueId)) continue;
      const detail = 'open in the log, but no longer in the queue: the log lacks its end';
      found.push({ kind: 'gone', queueId, id: trace.id, queueName: null, detail });
    }
  }
  for (const { queueId, queueName, recipients } of queue) {
    const trace = find(queueId);
    const reason = recipients.find((recipient) => recipient.reason !== null)?.reason;
    const says = reason === undefined ? '' : ` (${reason})`;
    if (trace === undefined) {
      const detail = `in the ${queueName} queue, but not in the log${says}`;
      found.push({ kind: 'unknown', queueId, id: null, queueName, detail });
    } else if (!openQueueIds(trace).has(queueId) && trace.complete) {
      const detail = `in the ${queueName} queue, but finished in the log${says}`;
      found.push({ kind: 'finished', queueId, id: trace.id, queueName, detail });
    }
  }
  return found;
}

const OPEN: ReadonlySet<string | null> = new Set(['deferred', 'held', 'filtering', 'queued']);

function openQueueIds(trace: Trace): Set<string> {
  const ids = new Set<string>();
  for (const { state, queueId } of trace.recipients)
    if (OPEN.has(state) && queueId !== null) ids.add(queueId);
  const last = trace.queueIds.at(-1);
  if (trace.recipients.length === 0 && OPEN.has(trace.state) && last !== undefined) ids.add(last);
  return ids;
}
