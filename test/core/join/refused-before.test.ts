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

describe('clients that postscreen talks to', () => {
  const lines = [
    'Nov 23 20:22:23 mail postfix/postscreen[279]: CONNECT from [127.0.0.66]:42887 to [127.0.0.1]:2525',
    'Nov 23 20:22:23 mail postfix/postscreen[279]: DENYLISTED [127.0.0.66]:42887',
    'Nov 23 20:22:25 mail postfix/postscreen[279]: NOQUEUE: reject: RCPT from [127.0.0.66]:42887: 550 5.3.2 Service currently unavailable; from=<sender@outside.example>, to=<bob@example.com>, proto=ESMTP, helo=<client.outside.example>',
    'Nov 23 20:22:25 mail postfix/postscreen[279]: DISCONNECT [127.0.0.66]:42887',
    'Nov 23 20:22:25 mail postfix/postscreen[279]: CONNECT from [127.0.0.66]:34601 to [127.0.0.1]:2525',
    'Nov 23 20:22:25 mail postfix/postscreen[279]: DENYLISTED [127.0.0.66]:34601',
    'Nov 23 20:22:27 mail postfix/tlsproxy[294]: CONNECT from [127.0.0.66]:34601',
    'Nov 23 20:22:27 mail postfix/tlsproxy[294]: Anonymous TLS connection established from [127.0.0.66]:34601: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256',
    'Nov 23 20:22:27 mail postfix/postscreen[279]: NOQUEUE: reject: RCPT from [127.0.0.66]:34601: 550 5.3.2 Service currently unavailable; from=<sender@outside.example>, to=<carol@example.com>, proto=ESMTP, helo=<client.outside.example>',
    'Nov 23 20:22:27 mail postfix/postscreen[279]: DISCONNECT [127.0.0.66]:34601',
    'Nov 23 20:22:27 mail postfix/tlsproxy[294]: DISCONNECT [127.0.0.66]:34601',
  ];

  it('are told apart by their ports, whatever their address', () => {
    expect(tracesOf(lines).map(({ recipients }) => recipients.map(({ address }) => address))).toEqual([
      ['bob@example.com'],
      ['carol@example.com'],
    ]);
  });

  it('are refused one message each, however many recipients it has', () => {
    const more = lines
      .map((line) => line.replace('to=<bob@', 'to=<dave@'))
      .filter((line) => line.includes('dave@'));
    const [first] = tracesOf([...lines.slice(0, 3), ...more]);
    expect(first?.recipients.map(({ address }) => address)).toEqual(['bob@example.com', 'dave@example.com']);
  });
});

describe('a log whose heads lost the daemon', () => {
  const lines = [
    '<20>1 2026-11-23T21:03:18.127831+00:00 mail postfix 207 - -  warning: client.outside.example[127.0.0.2]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=alice',
    '<22>1 2026-11-23T21:03:18.128716+00:00 mail postfix 207 - -  NOQUEUE: reject: RCPT from client.outside.example[127.0.0.2]: 554 5.7.1 <client.outside.example[127.0.0.2]>: Client host rejected: Access denied; from=<alice@example.com> to=<bob@example.com> proto=ESMTP helo=<client.outside.example>',
    '<22>1 2026-11-23T21:03:18.129081+00:00 mail postfix 207 - -  disconnect from client.outside.example[127.0.0.2] ehlo=2 starttls=1 auth=0/1 mail=1 rcpt=0/1 quit=1 commands=5/7',
    '<22>1 2026-11-23T21:03:18.130126+00:00 mail postfix 207 - -  connect from client.outside.example[127.0.0.2]',
    '<22>1 2026-11-23T21:03:18.178272+00:00 mail postfix 207 - -  NOQUEUE: reject: RCPT from client.outside.example[127.0.0.2]: 554 5.7.1 <client.outside.example[127.0.0.2]>: Client host rejected: Access denied; from=<alice@example.com> to=<bob@example.com> proto=ESMTP helo=<client.outside.example>',
    '<22>1 2026-11-23T21:03:18.178629+00:00 mail postfix 207 - -  disconnect from client.outside.example[127.0.0.2] ehlo=2 starttls=1 mail=1 rcpt=0/1 quit=1 commands=5/6',
    '<22>1 2026-11-23T21:03:18.179471+00:00 mail postfix 207 - -  connect from client.outside.example[127.0.0.2]',
    '<22>1 2026-11-23T21:03:18.180137+00:00 mail postfix 207 - -  disconnect from client.outside.example[127.0.0.2] ehlo=1 auth=0/1 mail=0/1 rcpt=0/1 quit=1 commands=2/5',
    '<22>1 2026-11-23T21:03:18.180637+00:00 mail postfix 207 - -  connect from client.outside.example[127.0.0.2]',
    '<22>1 2026-11-23T21:03:22.234969+00:00 mail postfix 207 - -  39588240B13: client=client.outside.example[127.0.0.2], sasl_method=PLAIN, sasl_username=alice',
  ];

  it('tells all the same that a session was over before the next message came', () => {
    expect(tracesOf(lines).map(({ queueIds, state }) => [queueIds[0], state])).toEqual([
      ['39588240B13', null],
      [undefined, 'rejected'],
    ]);
  });
});
