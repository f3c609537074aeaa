/** Mail that passes a second filter of another kind, which answers with the words of the Postfix behind it. */
import { describe, expect, it } from 'vitest';
import { codesOf, diagnosed } from './helpers.js';

describe('an SMTP proxy between amavis and the mailbox', () => {
  const lines = [
    'Nov 23 20:39:15 mail postfix/smtpd[184]: 4FB5821E459: client=client.outside.example[127.0.0.2]',
    'Nov 23 20:39:15 mail postfix/cleanup[207]: 4FB5821E459: message-id=<TMWTQB69L00004@outside.example>',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 4FB5821E459: from=<bob@example.com>, size=482, nrcpt=2 (queue active)',
    'Nov 23 20:39:15 mail postfix/smtpd[214]: 72FA721E571: client=localhost[127.0.0.1]',
    'Nov 23 20:39:15 mail postfix/cleanup[207]: 72FA721E571: message-id=<TMWTQB69L00004@outside.example>',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 72FA721E571: from=<bob@example.com>, size=1018, nrcpt=1 (queue active)',
    'Nov 23 20:39:15 mail postfix/smtpd[214]: 7474521E561: client=localhost[127.0.0.1]',
    'Nov 23 20:39:15 mail postfix/last/smtpd[210]: 7482F21E5A2: client=localhost[127.0.0.1], orig_queue_id=72FA721E571, orig_client=localhost[127.0.0.1]',
    'Nov 23 20:39:15 mail postfix/cleanup[200]: 7474521E561: message-id=<TMWTQB69L00004@outside.example>',
    'Nov 23 20:39:15 mail postfix/cleanup[207]: 7482F21E5A2: message-id=<TMWTQB69L00004@outside.example>',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 7482F21E5A2: from=<bob@example.com>, size=1198, nrcpt=1 (queue active)',
    'Nov 23 20:39:15 mail postfix/smtp[215]: 72FA721E571: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10028, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 7482F21E5A2)',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 72FA721E571: removed',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 7474521E561: from=<bob@example.com>, size=879, nrcpt=1 (queue active)',
    'Nov 23 20:39:15 mail amavis[191]: (00191-03) Passed CLEAN {RelayedInbound,RelayedOpenRelay}, [127.0.0.2]:41923 <bob@example.com> -> <alice@example.com>,<x@reject.example.net>, Queue-ID: 4FB5821E459, Message-ID: <TMWTQB69L00004@outside.example>, mail_id: gqsg7DsWzzjL, Hits: 0, size: 482, queued_as: 72FA721E571/7474521E561, 80 ms',
    'Nov 23 20:39:15 mail postfix/lmtp[202]: 4FB5821E459: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.16, delays=0.05/0.02/0.01/0.08, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 72FA721E571)',
    'Nov 23 20:39:15 mail postfix/lmtp[202]: 4FB5821E459: to=<x@reject.example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.16, delays=0.05/0.02/0.01/0.08, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7474521E561)',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 4FB5821E459: removed',
    'Nov 23 20:39:15 mail postfix/last/smtpd[210]: 75DC721E3E2: client=localhost[127.0.0.1], orig_queue_id=7474521E561, orig_client=localhost[127.0.0.1]',
    'Nov 23 20:39:15 mail postfix/cleanup[207]: 75DC721E3E2: message-id=<TMWTQB69L00004@outside.example>',
    'Nov 23 20:39:15 mail postfix/local[217]: 7482F21E5A2: to=<alice@example.com>, relay=local, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 7482F21E5A2: removed',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 75DC721E3E2: from=<bob@example.com>, size=1062, nrcpt=1 (queue active)',
    'Nov 23 20:39:15 mail postfix/smtp[209]: 7474521E561: to=<x@reject.example.net>, relay=127.0.0.1[127.0.0.1]:10028, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 75DC721E3E2)',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 7474521E561: removed',
    'Nov 23 20:39:15 mail postfix/smtp[225]: 75DC721E3E2: to=<x@reject.example.net>, relay=127.0.0.1[127.0.0.1]:2603, delay=0.12, delays=0/0.01/0.11/0, dsn=5.1.1, status=bounced (host 127.0.0.1[127.0.0.1] said: 550 5.1.1 <x@reject.example.net>: user unknown here (in reply to RCPT TO command))',
    'Nov 23 20:39:15 mail postfix/qmgr[183]: 75DC721E3E2: removed',
  ];

  it('makes no second copy of what it passes on', () => {
    expect(codesOf(diagnosed(lines).traces)).toEqual(['next-hop-rejected']);
  });

  it('is no excuse for a blind copy that was made twice', () => {
    const [again = ''] = lines.filter((line) => line.includes('local['));
    const twice = [...lines, again.replace('local[217]', 'local[218]')];
    expect(codesOf(diagnosed(twice).traces)).toEqual(['next-hop-rejected', 'dup-always-bcc']);
  });
});
