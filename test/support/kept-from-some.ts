/** As recorded: the filter before the queue keeps a spam from alice and passes it to frank; a second one tags it. */
export const KEPT_FROM_SOME = [
  'Nov 23 20:22:38 mail postfix/smtpd[327]: NOQUEUE: client=client.outside.example[127.0.0.2]',
  'Nov 23 20:22:38 mail postfix/afterproxy/smtpd[355]: 1DDCD21E4C7: client=localhost[127.0.0.1]',
  'Nov 23 20:22:38 mail postfix/cleanup[356]: 1DDCD21E4C7: message-id=<TMWTPPSR700013@outside.example>',
  'Nov 23 20:22:38 mail postfix/qmgr[326]: 1DDCD21E4C7: from=<sender@outside.example>, size=1189, nrcpt=1 (queue active)',
  'Nov 23 20:22:38 mail amavis[334]: (00334-02) Passed SPAM {DiscardedInbound,RelayedTaggedInbound,Quarantined}, TWO [127.0.0.2]:41381 <sender@outside.example> -> <frank@example.com>, quarantine: N/spam-NaGLPoStDLaY.gz, Message-ID: <TMWTPPSR700013@outside.example>, mail_id: NaGLPoStDLaY, Hits: 1000, size: 540, queued_as: 1DDCD21E4C7, 88 ms',
  'Nov 23 20:22:38 mail amavis[334]: (00334-02) Blocked SPAM {DiscardedInbound,RelayedTaggedInbound,Quarantined}, TWO [127.0.0.2]:41381 <sender@outside.example> -> <alice@example.com>, quarantine: N/spam-NaGLPoStDLaY.gz, Message-ID: <TMWTPPSR700013@outside.example>, mail_id: NaGLPoStDLaY, Hits: 1000, size: 540, 88 ms',
  'Nov 23 20:22:38 mail postfix/smtpd[327]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 from MTA(smtp:[127.0.0.1]:10027): 250 2.0.0 Ok: queued as 1DDCD21E4C7, but 1 DISCARD; from=<sender@outside.example> to=<frank@example.com> proto=ESMTP helo=<client.outside.example>',
  'Nov 23 20:22:38 mail postfix/smtpd[354]: 3357121E4C9: client=localhost[127.0.0.1]',
  'Nov 23 20:22:38 mail postfix/cleanup[348]: 3357121E4C9: message-id=<TMWTPPSR700013@outside.example>',
  'Nov 23 20:22:38 mail postfix/qmgr[326]: 3357121E4C9: from=<sender@outside.example>, size=1642, nrcpt=1 (queue active)',
  'Nov 23 20:22:38 mail postfix/local[357]: 3357121E4C9: to=<frank@example.com>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)',
  'Nov 23 20:22:38 mail postfix/qmgr[326]: 3357121E4C9: removed',
  'Nov 23 20:22:38 mail amavis[336]: (00336-03) Passed SPAM {RelayedTaggedInbound,Quarantined}, [127.0.0.1]:41684 <sender@outside.example> -> <frank@example.com>, quarantine: S/spam-SqL3dzZJ0Dti.gz, Queue-ID: 1DDCD21E4C7, Message-ID: <TMWTPPSR700013@outside.example>, mail_id: SqL3dzZJ0Dti, Hits: 1000, size: 1189, queued_as: 3357121E4C9, 90 ms',
  'Nov 23 20:22:38 mail postfix/lmtp[349]: 1DDCD21E4C7: to=<frank@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.09, delays=0/0/0/0.09, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 3357121E4C9)',
  'Nov 23 20:22:38 mail postfix/qmgr[326]: 1DDCD21E4C7: removed',
];
