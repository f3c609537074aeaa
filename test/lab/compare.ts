/** Lays what amavtrace made of a log beside what truly happened. */
import type { Trace } from '../../src/core/trace/trace.js';
import type { Expected, ExpectedMessage } from './expected.js';

export interface Comparison {
  /** What differs, one sentence each. */
  readonly differences: readonly string[];
  readonly messages: number;
  /** Queue ids and mail_ids that had to be on the right trace. */
  readonly ids: number;
  readonly states: number;
}

export function compare(expected: Expected, traces: readonly Trace[]): Comparison {
  const differences: string[] = [];
  const taken = new Map<string, string>();
  let ids = 0;
  let states = 0;
  for (const message of expected.messages) {
    ids += message.queue_ids.length + message.mail_ids.length;
    states += Object.keys(message.recipients).length;
    const say = (difference: string) =>
      differences.push(`${expected.scenario} ${nameOf(message)}: ${difference}`);
    const found = traces.filter((trace) => isOf(message, trace));
    const [trace] = found;
    if (!trace || found.length > 1) {
      say(
        found.length === 0
          ? 'no trace of it'
          : `${found.length} traces of it: ${found.map(({ id }) => id).join(', ')}`,
      );
      continue;
    }
    const other = taken.get(trace.id);
    if (other !== undefined) say(`its trace is also that of ${other}`);
    taken.set(trace.id, nameOf(message));
    for (const difference of [
      ...compareIds(message, trace, expected),
      ...compareRecipients(message, trace),
      ...compareChildren(message, trace, traces),
      ...compareFindings(message, trace),
    ]) {
      say(difference);
    }
  }
  return { differences, messages: expected.messages.length, ids, states };
}

/**
 * Traces of nothing that was sent, nor of a bounce or notice: each is one sentence. Says nothing where it is not laid
 * down what bounces and notices there were.
 */
export function strays(expected: Expected, traces: readonly Trace[]): string[] {
  if (expected.messages.some(({ child_queue_ids }) => child_queue_ids === null)) return [];
  const others = new Set([
    ...(expected.notices ?? []),
    ...expected.messages.flatMap(({ child_queue_ids }) => child_queue_ids ?? []),
  ]);
  const strange = traces.filter(
    (trace) =>
      !expected.messages.some((message) => isOf(message, trace)) &&
      !trace.queueIds.some((id) => others.has(id)),
  );
  return strange.map(
    ({ id, state }) => `${expected.scenario}: ${id} (${state}) is the trace of nothing that was sent`,
  );
}

function nameOf(message: ExpectedMessage): string {
  return message.queue_id === null ? message.token : `${message.token} ${message.queue_id}`;
}

/** By the first queue id; a message that never had one by amavis' mail_id, or by who wrote to whom. */
function isOf(message: ExpectedMessage, trace: Trace): boolean {
  // An id can come again for another message.
  if (message.message_id !== null && trace.messageId !== null && trace.messageId !== message.message_id)
    return false;
  if (message.queue_id !== null) return trace.queueIds.includes(message.queue_id);
  if (message.mail_ids.length > 0) {
    return trace.filter.some(({ mailId }) => mailId !== null && message.mail_ids.includes(mailId));
  }
  const addressed = trace.recipients.map(({ address }) => address);
  return (
    trace.sender === message.sender &&
    Object.keys(message.recipients).every((name) => addressed.includes(name))
  );
}

function compareIds(message: ExpectedMessage, trace: Trace, expected: Expected): string[] {
  const differences: string[] = [];
  const missing = message.queue_ids.filter((id) => !trace.queueIds.includes(id));
  if (missing.length > 0) differences.push(`queue ids ${missing.join()} are not on its trace`);
  const others = new Set(
    expected.messages.flatMap((other) => [
      ...(other === message ? [] : other.queue_ids),
      ...(other.child_queue_ids ?? []),
    ]),
  );
  const foreign = trace.queueIds.filter((id) => others.has(id) && !message.queue_ids.includes(id));
  if (foreign.length > 0) differences.push(`queue ids ${foreign.join()} of other messages are on its trace`);
  const mailIds = trace.filter.flatMap(({ mailId }) => mailId ?? []);
  const unseen = message.mail_ids.filter((id) => !mailIds.includes(id));
  if (unseen.length > 0) differences.push(`mail_ids ${unseen.join()} are not on its trace`);
  const otherMailIds = expected.messages.flatMap((other) => (other === message ? [] : other.mail_ids));
  const joined = mailIds.filter((id) => otherMailIds.includes(id));
  if (joined.length > 0) differences.push(`mail_ids ${joined.join()} of other messages are on its trace`);
  return differences;
}

function compareRecipients(message: ExpectedMessage, trace: Trace): string[] {
  const differences: string[] = [];
  const known = new Set<string>();
  for (const [recipient, state] of Object.entries(message.recipients)) {
    const name = recipient.toLowerCase();
    const entries = trace.recipients.filter(
      ({ address, originalTo }) => address.toLowerCase() === name || originalTo?.toLowerCase() === name,
    );
    for (const { address } of entries) known.add(address);
    if (entries.length === 0) differences.push(`<${recipient}> is not among its recipients`);
    for (const entry of entries) {
      if (entry.state !== state)
        differences.push(`<${recipient}> is ${state}, not ${entry.state} (<${entry.address}>)`);
    }
  }
  const unknown = trace.recipients.filter(({ address }) => !known.has(address));
  if (unknown.length > 0)
    differences.push(`it was not for ${unknown.map(({ address }) => `<${address}>`).join()}`);
  const states = [...new Set(Object.values(message.recipients))];
  if (states.length === 1 && trace.state !== states[0])
    differences.push(`it is ${states[0]}, not ${trace.state}`);
  return differences;
}

function compareChildren(message: ExpectedMessage, trace: Trace, traces: readonly Trace[]): string[] {
  const differences: string[] = [];
  if (trace.children.length !== message.children) {
    const listed = trace.children.map(({ queueId, kind }) => `${kind} ${queueId}`).join();
    differences.push(`it has ${message.children} children, not ${trace.children.length} (${listed})`);
  }
  const ids = message.child_queue_ids;
  if (ids === null) return differences;
  const strange = trace.children.filter(({ queueId }) => !ids.includes(queueId));
  if (strange.length > 0)
    differences.push(`${strange.map(({ queueId }) => queueId).join()} is no child of it`);
  for (const child of traces) {
    if (child.parent?.id !== trace.id) continue;
    if (child.queueIds.some((id) => ids.includes(id))) continue;
    differences.push(`${child.id} says that it is a child of it`);
  }
  return differences;
}

function compareFindings(message: ExpectedMessage, trace: Trace): string[] {
  const differences: string[] = [];
  if (trace.sender !== message.sender)
    differences.push(`its sender is <${message.sender}>, not <${trace.sender}>`);
  for (const [mailId, verdict] of Object.entries(message.verdicts)) {
    const runs = trace.filter.filter((run) => run.mailId === mailId && run.verdict !== verdict);
    for (const run of runs) differences.push(`the filter found ${verdict}, not ${run.verdict} (${mailId})`);
  }
  const codes = trace.problems.map(({ code }) => code);
  const wanted = message.problems ?? codes;
  const missing = wanted.filter((code) => !codes.includes(code));
  if (missing.length > 0) differences.push(`it lacks the problem ${missing.join()}, has [${codes.join()}]`);
  const unwanted = codes.filter((code) => !wanted.includes(code));
  if (unwanted.length > 0) differences.push(`it has no problem ${unwanted.join()}`);
  return differences;
}
