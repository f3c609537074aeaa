/** amavis asked by a milter (amavisd-milter), before the queue has the message. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/core/trace/trace.js';
import { tracesOf } from '../../support/core.js';

const HEAD = 'Nov 23 10:01:02 mx';
const Q = '4A1B2C3D41';
const client = 'mx.outside.example[203.0.113.8]';
const received = [
  `${HEAD} postfix/smtpd[1001]: ${Q}: client=${client}`,
  `${HEAD} postfix/cleanup[1002]: ${Q}: message-id=<2@outside.example>`,
];
const asked = (words: string): string =>
  `${HEAD} amavis[500]: (00500-02) ${words}, AM.PDP-SOCK [203.0.113.8] [203.0.113.8] <eve@outside.example> -> <bob@example.com>, Queue-ID: ${Q}, Message-ID: <2@outside.example>, mail_id: BBBBBBBBBBBB, Hits: 1, size: 2000, 500 ms`;
const envelope = 'from=<eve@outside.example> to=<bob@example.com> proto=ESMTP helo=<mx.outside.example>';

function hops(trace: Trace | undefined): string[] | undefined {
  return trace?.hops.map(({ stage, port, outcome }) => `${stage}:${port ?? ''} ${outcome}`);
}

describe('a message that a milter lets amavis see', () => {
  it('is filtered between its arrival and the queue, at no port', () => {
    const [trace, ...others] = tracesOf([
      ...received,
      asked('Passed CLEAN {AcceptedInbound}'),
      `${HEAD} postfix/qmgr[900]: ${Q}: from=<eve@outside.example>, size=2300, nrcpt=1 (queue active)`,
      `${HEAD} postfix/lmtp[1003]: ${Q}: to=<bob@example.com>, relay=mx[private/dovecot-lmtp], delay=1, delays=0.9/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 <bob@example.com> XYZ Saved)`,
      `${HEAD} postfix/qmgr[900]: ${Q}: removed`,
    ]);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ state: 'delivered', complete: true });
    expect(hops(trace)).toEqual(['receive:25 ok', 'filter: ok', 'queue: ok', 'deliver: ok']);
  });

  it('is blocked where the milter passes the refusal on', () => {
    const [trace, ...others] = tracesOf([
      ...received,
      asked('Blocked SPAM {RejectedInbound,Quarantined}'),
      `${HEAD} postfix/cleanup[1002]: ${Q}: milter-reject: END-OF-MESSAGE from ${client}: 5.7.0 Reject, id=00500-02 - spam; ${envelope}`,
    ]);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ state: 'blocked', complete: true });
    expect(hops(trace)).toEqual(['receive:25 failed', 'filter: blocked']);
  });

  it('is blocked where the milter has it discarded', () => {
    const [trace, ...others] = tracesOf([
      ...received,
      asked('Blocked INFECTED (Eicar-Signature) {DiscardedInbound,Quarantined}'),
      `${HEAD} postfix/cleanup[1002]: ${Q}: milter-discard: END-OF-MESSAGE from ${client}: milter triggers DISCARD action; ${envelope}`,
    ]);
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ state: 'blocked', complete: true });
  });
});
