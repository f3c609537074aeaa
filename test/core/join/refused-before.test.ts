/** Whose recipient an smtpd refused before there was a queue id. */
import { describe, expect, it } from 'vitest';
import { tracesOf } from '../../support/core.js';

const CLIENT = 'client.outside.example[127.0.0.2]';
const smtpd = (text: string, pid = 1476): string => `Nov 23 14:54:08 mail postfix/smtpd[${pid}]: ${text}`;
const refused = (to: string, at = 'NOQUEUE'): string =>
  smtpd(
    `${at}: reject: RCPT from ${CLIENT}: 450 4.1.1 <${to}>: Recipient address rejected: User unknown in local recipient table; from=<sender@outside.example> to=<${to}> proto=ESMTP helo=<client.outside.example>`,
  );
const accepted = (q: string): string[] => [
  smtpd(`${q}: client=${CLIENT}`),
  `Nov 23 14:54:08 mail postfix/cleanup[1511]: ${q}: message-id=<${q}@outside.example>`,
];
const active = (q: string): string =>
  `Nov 23 14:54:08 mail postfix/qmgr[1475]: ${q}: from=<sender@outside.example>, size=558, nrcpt=1 (queue active)`;
const connect = smtpd(`connect from ${CLIENT}`);
const disconnect = (counts: string): string => smtpd(`disconnect from ${CLIENT} ${counts}`);

const told = (lines: readonly string[]): (string | null)[][] =>
  tracesOf(lines)
    .map(({ queueIds: [id = null], recipients }) => [id, ...recipients.map(({ address }) => address)])
    .sort();

describe('a recipient refused before there is a queue id', () => {
  it('is of the message of another session when the first was over', () => {
    const lines = [
      connect,
      refused('nosuch@example.com'),
      disconnect('ehlo=1 mail=1 rcpt=0/1 data=0/1 quit=1 commands=3/5'),
      connect,
      ...accepted('4CF1B22413C'),
      disconnect('ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5'),
      active('4CF1B22413C'),
    ];
    expect(told(lines)).toEqual([[null, 'nosuch@example.com'], ['4CF1B22413C']]);
  });

  it('is of the message whose first accepted one comes next, also when its session is over before qmgr has it', () => {
    const lines = [
      refused('nosuch@example.com'),
      ...accepted('4CF1B22413C'),
      disconnect('ehlo=1 mail=1 rcpt=1/2 data=1 quit=1 commands=5/6'),
      active('4CF1B22413C'),
    ];
    expect(told(lines)).toEqual([['4CF1B22413C', 'nosuch@example.com']]);
  });

  it('is not of the message before it in the same session', () => {
    const lines = [
      ...accepted('86CB722A553'),
      refused('nosuch@example.com'),
      active('86CB722A553'),
      ...accepted('90ECC22A55E'),
      active('90ECC22A55E'),
    ];
    expect(told(lines)).toEqual([['86CB722A553'], ['90ECC22A55E', 'nosuch@example.com']]);
  });

  it('is not of the message that another one was refused of before', () => {
    const lines = [
      refused('first@example.com'),
      ...accepted('86CB722A553'),
      active('86CB722A553'),
      refused('second@example.com'),
      ...accepted('90ECC22A55E'),
      active('90ECC22A55E'),
    ];
    expect(told(lines)).toEqual([
      ['86CB722A553', 'first@example.com'],
      ['90ECC22A55E', 'second@example.com'],
    ]);
  });

  it('of two sessions is of two messages', () => {
    const over = disconnect('ehlo=1 mail=1 rcpt=0/1 data=0/1 quit=1 commands=3/5');
    const lines = [refused('first@example.com'), over, refused('second@example.com'), over];
    expect(told(lines)).toEqual([
      [null, 'first@example.com'],
      [null, 'second@example.com'],
    ]);
    // Both in a second log, too.
    expect(tracesOf([...lines, ...lines])).toHaveLength(2);
  });
});
