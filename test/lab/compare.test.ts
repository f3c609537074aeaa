import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { compare, strays } from './compare.js';
import type { Expected, ExpectedMessage } from './expected.js';

const message: ExpectedMessage = {
  queue_id: '422E120C6F5',
  token: 'T1',
  message_id: 'T1@outside.example',
  sender: 'sender@outside.example',
  queue_ids: ['422E120C6F5', '8683920C5C5'],
  mail_ids: ['kTd81VriJGiq'],
  recipients: { 'alice@example.com': 'delivered' },
  children: 1,
  child_queue_ids: ['2A862162631'],
  verdicts: { kTd81VriJGiq: 'SPAM' },
  problems: ['filter-refused'],
};

const other: ExpectedMessage = {
  ...message,
  queue_id: '4428520C6F6',
  token: 'T2',
  message_id: 'T2@outside.example',
  queue_ids: ['4428520C6F6', '7DE3C20C5C5'],
  mail_ids: ['7W6m4wANVf3o'],
  children: 0,
  child_queue_ids: [],
  verdicts: {},
  problems: null,
};

function traceOf({ queue_ids, mail_ids, message_id, sender, recipients }: ExpectedMessage): Trace {
  const states = Object.entries(recipients);
  const trace: Partial<Trace> = {
    id: `mail/${queue_ids[0]}`,
    messageId: message_id,
    sender,
    state: 'delivered',
    queueIds: queue_ids,
    filter: mail_ids.map((mailId) => ({ mailId, verdict: 'SPAM' }) as Trace['filter'][number]),
    recipients: states.map(
      ([address, state]) => ({ address, originalTo: null, state }) as Trace['recipients'][number],
    ),
    parent: null,
    children: [],
    problems: [],
  };
  return trace as Trace;
}

const right: Trace = {
  ...traceOf(message),
  children: [{ queueId: '2A862162631', kind: 'bounce' }],
  problems: [{ code: 'filter-refused' } as Trace['problems'][number]],
};

function differences(
  trace: Trace,
  messages: readonly ExpectedMessage[] = [message],
  more: readonly Trace[] = [],
) {
  const expected: Expected = { scenario: 's', note: '', messages };
  return compare(expected, [trace, ...more]).differences;
}

describe('compare', () => {
  it('finds nothing wrong with a trace that says what happened', () => {
    expect(differences(right)).toEqual([]);
  });

  it('misses a message that has no trace', () => {
    expect(compare({ scenario: 's', note: '', messages: [message] }, []).differences).toEqual([
      's T1 422E120C6F5: no trace of it',
    ]);
  });

  it('sees a chain that was cut in two', () => {
    const head = { ...right, queueIds: ['422E120C6F5'] };
    const tail = { ...traceOf(message), id: 'mail/8683920C5C5', queueIds: ['8683920C5C5'] };
    expect(differences(head, [message], [tail])).toEqual([
      's T1 422E120C6F5: queue ids 8683920C5C5 are not on its trace',
    ]);
  });

  it('sees two messages joined', () => {
    const both = { ...right, queueIds: [...message.queue_ids, '7DE3C20C5C5'] };
    expect(differences(both, [message, other], [traceOf(other)])).toContain(
      's T1 422E120C6F5: queue ids 7DE3C20C5C5 of other messages are on its trace',
    );
  });

  it("sees a bounce taken for the message's own", () => {
    const both = { ...right, queueIds: [...message.queue_ids, '2A862162631'] };
    expect(differences(both)).toEqual([
      's T1 422E120C6F5: queue ids 2A862162631 of other messages are on its trace',
    ]);
  });

  it('sees a wrong state', () => {
    const [alice] = right.recipients;
    if (!alice) throw new Error('no recipient');
    const wrong: Trace = { ...right, state: 'blocked', recipients: [{ ...alice, state: 'blocked' }] };
    expect(differences(wrong)).toEqual([
      's T1 422E120C6F5: <alice@example.com> is delivered, not blocked (<alice@example.com>)',
      's T1 422E120C6F5: it is delivered, not blocked',
    ]);
  });

  it('takes the address behind an alias for the one that was written to', () => {
    const [alice] = right.recipients;
    if (!alice) throw new Error('no recipient');
    const aliased = {
      ...right,
      recipients: [{ ...alice, address: 'a@mail.example.com', originalTo: 'alice@example.com' }],
    };
    expect(differences(aliased)).toEqual([]);
  });

  it('sees a missing child, verdict and problem', () => {
    const [run] = right.filter;
    if (!run) throw new Error('no filter run');
    const wrong: Trace = { ...right, children: [], problems: [], filter: [{ ...run, verdict: 'CLEAN' }] };
    expect(differences(wrong)).toEqual([
      's T1 422E120C6F5: it has 1 children, not 0 ()',
      's T1 422E120C6F5: the filter found SPAM, not CLEAN (kTd81VriJGiq)',
      's T1 422E120C6F5: it lacks the problem filter-refused, has []',
    ]);
  });

  it('sees a trace of nothing that was sent, but takes a bounce for what it is', () => {
    const bounce: Trace = { ...traceOf(other), id: 'mail/bounce', queueIds: ['2A862162631'], sender: '' };
    const ghost: Trace = { ...traceOf(other), id: 'mail/06685-01', queueIds: [], filter: [], sender: null };
    expect(strays({ scenario: 's', note: '', messages: [message] }, [right, bounce, ghost])).toEqual([
      's: mail/06685-01 (delivered) is the trace of nothing that was sent',
    ]);
  });

  it('takes what Postfix wrote to its postmaster for what it is', () => {
    const notice: Trace = { ...traceOf(other), id: 'mail/notice', queueIds: ['AED6B20E528'], filter: [] };
    const expected: Expected = { scenario: 's', note: '', notices: ['AED6B20E528'], messages: [message] };
    expect(strays(expected, [right, notice])).toEqual([]);
  });
});
