/** RFC 5424 heads of rsyslog's own: the program is cut at its slash, so no line says which daemon wrote it. */
import { describe, expect, it } from 'vitest';
import { codesOf, diagnosed } from './helpers.js';

const head = (pid: number): string => `<22>1 2026-11-23T20:25:35.103921+00:00 mail postfix ${pid} - -  `;
const q = '3A38421E583';
const delivered = (text: string, status: string): string[] => [
  `${head(640)}${q}: uid=0 from=<root@example.com>`,
  `${head(641)}${q}: message-id=<M1@example.com>`,
  `${head(600)}${q}: from=<root@example.com>, size=408, nrcpt=1 (queue active)`,
  `${head(667)}${q}: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:2400, delay=0.09, delays=0/0/0/0.09, dsn=5.1.1, status=${status} (host 127.0.0.1[127.0.0.1] said: ${text})`,
];

describe('a refusal, where the head lost the daemon', () => {
  it.each([
    ["550 5.1.1 <alice@example.com> User doesn't exist: alice@example.com (in reply to RCPT TO command)"],
    [
      '552 5.2.2 <alice@example.com> Quota exceeded (mailbox for user is full) (in reply to end of DATA command)',
    ],
  ])('is the mailbox’s in Dovecot’s own words: %s', (text) => {
    expect(codesOf(diagnosed(delivered(text, 'bounced')).traces)).toEqual(['delivery-bounced']);
  });

  it('is put off by the mailbox in these', () => {
    const text = '451 4.3.0 <alice@example.com> Temporary internal error (in reply to end of DATA command)';
    expect(codesOf(diagnosed(delivered(text, 'deferred')).traces)).toEqual(['delivery-deferred']);
  });

  it('is another mail server’s in other words', () => {
    const text = '550 5.1.1 <alice@example.com>: user unknown here (in reply to RCPT TO command)';
    expect(codesOf(diagnosed(delivered(text, 'bounced')).traces)).toEqual(['next-hop-rejected']);
  });

  it('was postscreen’s where it names the client by address and port alone, smtpd’s otherwise', () => {
    const rest =
      '550 5.7.1 Service unavailable; client [203.0.113.5] blocked using zen.example.net; from=<eve@example.org>';
    const origins = [
      `${head(5021)}NOQUEUE: reject: RCPT from [203.0.113.5]:40022: ${rest}, to=<bob@example.com>, proto=ESMTP, helo=<203.0.113.5>`,
      `${head(5022)}NOQUEUE: reject: RCPT from unknown[203.0.113.5]: ${rest} to=<bob@example.com> proto=ESMTP helo=<203.0.113.5>`,
    ].map((line) => diagnosed([line]).traces.map(({ origin, hops }) => [origin, hops[0]?.service]));
    expect(origins).toEqual([[['postscreen', 'postscreen']], [['smtpd', 'smtpd']]]);
  });
});
