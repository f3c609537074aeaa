/** `postsuper -r` of what the filter has at that moment. */
import { expect, it } from 'vitest';
import { codesOf, diagnosed } from './helpers.js';

const lines = [
  'Nov 24 00:06:38 mail postfix/smtpd[2001]: 9BB0122841C: client=client.outside.example[127.0.0.2]',
  'Nov 24 00:06:38 mail postfix/cleanup[2017]: 9BB0122841C: message-id=<TMWTXPVL100072@outside.example>',
  'Nov 24 00:06:38 mail postfix/qmgr[2000]: 9BB0122841C: from=<sender@outside.example>, size=497, nrcpt=2 (queue active)',
  'Nov 24 00:06:38 mail postfix/postsuper[2023]: 9BB0122841C: requeued',
  'Nov 24 00:06:42 mail postfix/smtpd[2085]: B777E2281DD: client=localhost[127.0.0.1]',
  'Nov 24 00:06:42 mail postfix/cleanup[2017]: B777E2281DD: message-id=<TMWTXPVL100072@outside.example>',
  'Nov 24 00:06:42 mail amavis[2008]: (02008-01) Passed CLEAN {RelayedInbound}, [127.0.0.2]:43379 <sender@outside.example> -> <alice@example.com>,<bob@example.com>, Queue-ID: 9BB0122841C, Message-ID: <TMWTXPVL100072@outside.example>, mail_id: UZSXYyQYf_0W, Hits: 0, size: 497, queued_as: B777E2281DD, 4106 ms',
  'Nov 24 00:06:42 mail postfix/qmgr[2000]: B777E2281DD: from=<sender@outside.example>, size=1009, nrcpt=2 (queue active)',
  'Nov 24 00:06:42 mail postfix/lmtp[2019]: 9BB0122841C: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=4.1, delays=0.01/0.01/0/4.1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as B777E2281DD)',
  'Nov 24 00:06:42 mail postfix/lmtp[2019]: 9BB0122841C: to=<bob@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=4.1, delays=0.01/0.01/0/4.1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as B777E2281DD)',
  'Nov 24 00:06:42 mail postfix/qmgr[2000]: warning: qmgr_active_done_3_generic: remove 9BB0122841C from active: No such file or directory',
  'Nov 24 00:06:42 mail postfix/local[2087]: B777E2281DD: to=<bob@example.com>, relay=local, delay=0.02, delays=0.01/0.01/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 24 00:06:42 mail postfix/local[2086]: B777E2281DD: to=<alice@example.com>, relay=local, delay=0.02, delays=0.01/0.01/0/0.01, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 24 00:06:42 mail postfix/qmgr[2000]: B777E2281DD: removed',
  'Nov 24 00:07:37 mail postfix/pickup[1999]: 0E1CA2281DA: uid=102 from=<sender@outside.example> orig_id=9BB0122841C',
  'Nov 24 00:07:37 mail postfix/cleanup[2017]: 0E1CA2281DA: message-id=<TMWTXPVL100072@outside.example>',
  'Nov 24 00:07:37 mail postfix/pickup[1999]: warning: maildrop/9BB0122841C: error writing 0E1CA2281DA: no recipients specified',
];

it('comes to nothing when all recipients are served meanwhile, and no daemon is to blame', () => {
  const { traces } = diagnosed(lines);
  expect(traces).toMatchObject([{ state: 'delivered', complete: true, stuck: false }]);
  expect(codesOf(traces)).toEqual(['requeued']);
});
