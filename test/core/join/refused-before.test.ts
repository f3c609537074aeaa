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
    // Before 3.0 Postfix doesn't say what was refused.
    for (const counts of [' ehlo=1 mail=1 rcpt=0/1 data=0/1 quit=1 commands=3/5', '']) {
      const over = smtpd(`disconnect from ${CLIENT}${counts}`);
      const lines = [refused('first@example.com'), over, refused('second@example.com'), over];
      expect(told(lines)).toEqual([
        [null, 'first@example.com'],
        [null, 'second@example.com'],
      ]);
      // Both in a second log, too.
      expect(tracesOf([...lines, ...lines])).toHaveLength(2);
    }
  });
});

describe('a recipient refused in the session of a message that is filtered before the queue', () => {
  const session = smtpd(`NOQUEUE: client=${CLIENT}`);
  const proxied = (q: string, to: string): string[] => [
    smtpd(`${q}: client=localhost[127.0.0.1]`, 1490),
    `Nov 23 14:54:08 mail postfix/cleanup[1511]: ${q}: message-id=<${q}@outside.example>`,
    active(q),
    smtpd(
      `proxy-accept: END-OF-MESSAGE: 250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${q}; from=<sender@outside.example> to=<${to}> proto=ESMTP helo=<client.outside.example>`,
    ),
    `Nov 23 14:54:08 mail postfix/local[1512]: ${q}: to=<${to}>, relay=local, delay=0.01, delays=0.01/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)`,
  ];

  it('is of that message, whether it was refused before or after the first that was not', () => {
    const refusal = refused('nosuch@example.com');
    for (const lines of [
      [session, refusal, ...proxied('D271B242516', 'alice@example.com')],
      [refusal, session, ...proxied('D271B242516', 'alice@example.com')],
    ]) {
      expect(told(lines)).toEqual([['D271B242516', 'alice@example.com', 'nosuch@example.com']]);
      expect(told([...lines, ...lines])).toEqual(told(lines));
    }
  });

  it('is not of the message before it, or of the session before', () => {
    const lines = [
      session,
      ...proxied('D271B242516', 'alice@example.com'),
      refused('second@example.com'),
      session,
      ...proxied('E7FA1242504', 'bob@example.com'),
      refused('third@example.com'),
      disconnect('ehlo=1 mail=3 rcpt=2/4 data=2 quit=1 commands=8/10'),
      session,
      ...proxied('F7FA1242504', 'carol@example.com'),
    ];
    expect(told(lines)).toEqual([
      [null, 'third@example.com'],
      ['D271B242516', 'alice@example.com'],
      ['E7FA1242504', 'bob@example.com', 'second@example.com'],
      ['F7FA1242504', 'carol@example.com'],
    ]);
  });
});

describe('a session that was refused before its sender was known', () => {
  const put = (stage: string, rest: string): string =>
    smtpd(
      `NOQUEUE: milter-reject: ${stage} from ${CLIENT}: 451 4.7.1 Service unavailable - try again later; ${rest}`,
    );
  const session = [
    put('CONNECT', 'proto=SMTP'),
    put('EHLO', 'proto=SMTP helo=<client.outside.example>'),
    put('MAIL', 'from=<sender@outside.example> proto=ESMTP helo=<client.outside.example>'),
  ];
  const over = disconnect('ehlo=0/1 mail=0/1 quit=1 commands=1/3');

  it('is one message with what was refused when the client said it', () => {
    const traces = tracesOf([...session, over]);
    expect(traces).toHaveLength(1);
    expect(traces[0]).toMatchObject({ sender: 'sender@outside.example', state: 'rejected' });
    expect(tracesOf([...session, over, ...session, over])).toHaveLength(1);
  });

  it('is not one with the session after it', () => {
    expect(tracesOf([...session.slice(0, 2), over, ...session.slice(2), over])).toHaveLength(2);
  });
});

describe('mail that the way back refused before the queue', () => {
  const HEAD = 'Nov 23 17:31:32 mail';
  const states = (lines: readonly string[]) =>
    tracesOf(lines).map(({ state, stuck, recipients }) => [state, stuck, recipients[0]?.state]);

  it('is the client’s to try again: nothing waits here', () => {
    const lines = [
      `${HEAD} postfix/smtpd[260]: NOQUEUE: client=${CLIENT}`,
      `${HEAD} amavis[267]: (00267-01) Blocked MTA-BLOCKED {TempFailedInbound}, [127.0.0.2]:35149 <sender@outside.example> -> <alice@example.com>, Message-ID: <TMWTJLRDN00014@outside.example>, mail_id: ibsZXQK2G7Lz, Hits: 0, size: 476, 102 ms`,
      `${HEAD} postfix/smtpd[260]: proxy-reject: END-OF-MESSAGE: 451 4.5.0 id=00267-01 - Temporary MTA failure on relaying, From MTA() during fwd-connect (All attempts (1) failed connecting to smtp:[127.0.0.1]:10025): id=00267-01; from=<sender@outside.example> to=<alice@example.com> proto=ESMTP helo=<client.outside.example>`,
    ];
    expect(states(lines)).toEqual([['rejected', false, 'rejected']]);
  });

  it('for one recipient only is bounced by the filter', () => {
    const [trace] = tracesOf([
      `${HEAD} amavis[266]: (00266-02) Blocked MTA-BLOCKED {BouncedInbound,RelayedInbound}, [127.0.0.2]:42879 <sender@outside.example> -> <bob@example.com>, Message-ID: <TMWTJLRGQ00015@outside.example>, mail_id: YBhDfrtKfmbU, Hits: 0, size: 469, 192 ms`,
    ]);
    expect(trace?.recipients).toMatchObject([{ address: 'bob@example.com', state: 'bounced' }]);
  });
});
