/** Messages that had a queue id and never got into the queue. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/core/trace/trace.js';
import { tracesOf } from '../../support/core.js';

const client = 'scm.outside.example[192.0.2.79]';
const smtpd = (text: string): string => `Aug  4 00:00:12 mail postfix/smtpd[3199]: ${text}`;
const received = [
  smtpd(`89EF32091D: client=${client}`),
  'Aug  4 00:00:12 mail postfix/cleanup[3201]: 89EF32091D: message-id=<1@outside.example>',
];

function only(lines: readonly string[]): Trace | undefined {
  const [trace, ...others] = tracesOf(lines);
  expect(others).toEqual([]);
  return trace;
}

describe('a message', () => {
  it('is refused where smtpd_data_restrictions refuse it', () => {
    const refusal = `89EF32091D: reject: DATA from ${client}: 421 4.7.1 <DATA>: Data command rejected: too many mails; from=<eve@outside.example> proto=ESMTP helo=<x>`;
    expect(only([...received.slice(0, 1), smtpd(refusal)])).toMatchObject({
      state: 'rejected',
      complete: true,
      sender: 'eve@outside.example',
    });
  });

  it('is not refused when the client tries again and is heard', () => {
    const refusal = `89EF32091D: reject: DATA from ${client}: 450 4.7.1 <DATA>: Data command rejected: not yet; from=<eve@outside.example> proto=ESMTP helo=<x>`;
    const active =
      'Aug  4 00:00:13 mail postfix/qmgr[3202]: 89EF32091D: from=<eve@outside.example>, size=389, nrcpt=1 (queue active)';
    expect(only([received[0] ?? '', smtpd(refusal), received[1] ?? '', active])).toMatchObject({
      state: 'queued',
    });
  });

  it('is deleted where an access table says DISCARD', () => {
    const discard = `89EF32091D: discard: DATA from ${client}: <DATA>: Data command Recipient list contains a blacklisted address; from=<eve@outside.example> proto=SMTP helo=<x>`;
    expect(only([...received, smtpd(discard)])).toMatchObject({
      state: 'deleted',
      complete: true,
      sender: 'eve@outside.example',
    });
  });
});

describe('a client that goes away', () => {
  const disconnect = `disconnect from ${client} ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4`;

  it.each([
    `lost connection after DATA (1234 bytes) from ${client}`,
    `timeout after DATA (0 bytes) from ${client}`,
  ])('while it sends leaves nothing behind: %s', (line) => {
    expect(only([...received, smtpd(line), smtpd(disconnect)])).toMatchObject({
      state: 'rejected',
      complete: true,
      queueIds: ['89EF32091D'],
    });
  });

  it('before it sends anything leaves nothing behind', () => {
    const line = `lost connection after RCPT from ${client}`;
    expect(only([...received.slice(0, 1), smtpd(line)])).toMatchObject({ state: 'rejected' });
  });

  it('takes back nothing that it had sent before', () => {
    const line = `lost connection after RCPT from ${client}`;
    expect(only([...received, smtpd(line)])).toMatchObject({ state: null });
  });

  it('is not held against a message that the queue has', () => {
    const active =
      'Aug  4 00:00:12 mail postfix/qmgr[3202]: 89EF32091D: from=<eve@outside.example>, size=389, nrcpt=1 (queue active)';
    const line = `lost connection after DATA (12 bytes) from ${client}`;
    expect(only([...received, active, smtpd(line)])).toMatchObject({ state: 'queued' });
  });

  it('is not another client of the same process', () => {
    const line = 'lost connection after DATA (12 bytes) from unknown[203.0.113.5]';
    expect(only([...received, smtpd(line)])).toMatchObject({ state: null });
  });
});

describe('an action of an access table before the message has its id', () => {
  const from = 'from=<eve@outside.example> to=<alice@example.com> proto=ESMTP helo=<x>';
  const hold = `NOQUEUE: hold: RCPT from ${client}: <eve@outside.example>: Sender address triggers HOLD action; ${from}`;
  const discard = `NOQUEUE: discard: RCPT from ${client}: <eve@outside.example>: Sender address triggers DISCARD action; ${from}`;

  it('holds it', () => {
    expect(only([smtpd(hold), ...received])).toMatchObject({
      state: 'held',
      recipients: [{ address: 'alice@example.com', state: 'held' }],
    });
  });

  it('discards it', () => {
    expect(only([smtpd(discard), ...received])).toMatchObject({
      state: 'deleted',
      complete: true,
      recipients: [{ address: 'alice@example.com', state: 'deleted' }],
    });
  });

  it('has nothing to do with the next client', () => {
    const next = smtpd('89EF32091D: client=unknown[203.0.113.5]');
    expect(only([smtpd(hold), next])).toMatchObject({ state: null });
  });

  it('holds twenty thousand recipients that a client tried', () => {
    const [trace, ...others] = tracesOf(
      Array.from(
        { length: 20_000 },
        (_, n) =>
          `Nov 23 00:25:29 mail postfix/smtpd[77]: NOQUEUE: reject: RCPT from bad.example[192.0.2.9]: 550 5.1.1 <u${n}@example.com>: Recipient address rejected: User unknown in virtual mailbox table; from=<a@bad.example> to=<u${n}@example.com> proto=ESMTP helo=<bad.example>`,
      ),
    );
    expect(others).toEqual([]);
    expect(trace?.state).toBe('rejected');
    expect(trace?.recipients).toHaveLength(20_000);
  });
});
