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
