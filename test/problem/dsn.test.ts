/** Whether amavis' notice to the sender went out. */
import { describe, expect, it } from 'vitest';
import { diagnosed } from './helpers.js';

describe('a notice to the sender that amavis gives up', () => {
  const lines = [
    'Nov 23 21:03:28 mail postfix/smtpd[271]: 46DD6240B38: client=client.outside.example[127.0.0.2]',
    'Nov 23 21:03:28 mail postfix/cleanup[288]: 46DD6240B38: message-id=<TMWTR6BDM00013@outside.example>',
    'Nov 23 21:03:28 mail postfix/qmgr[270]: 46DD6240B38: from=<sender@outside.example>, size=699, nrcpt=1 (queue active)',
    'Nov 23 21:03:28 mail amavis[279]: (00279-02) (!!)Upgrading socket to TLS failed (in ssl_upgrade): SSL connect attempt failed error:0A000086:SSL routines::certificate verify failed\\n',
    'Nov 23 21:03:28 mail amavis[279]: (00279-02) (!)1ZkGdDyC0Kvt(TBpa5HrxtxPr) SEND from <> -> <sender@outside.example>,  451 4.5.0 From MTA() during fwd-connect (Error upgrading output socket to TLS: SSL connect attempt failed error:0A000086:SSL routines::certificate verify failed at /usr/share/perl5/Amavis/IO/RW.pm line 512.): id=00279-02',
    'Nov 23 21:03:28 mail amavis[279]: (00279-02) (!!)TROUBLE in check_mail: delivery-notification FAILED: temporarily unable to send DSN to <sender@outside.example>: 451 4.5.0 From MTA() during fwd-connect (Error upgrading output socket to TLS: SSL connect attempt failed error:0A000086:SSL routines::certificate verify failed at /usr/share/perl5/Amavis/IO/RW.pm line 512.): id=00279-02 at /usr/share/perl5/Amavis.pm line 3567.',
    'Nov 23 21:03:28 mail amavis[279]: (00279-02) (!)PRESERVING EVIDENCE in /var/lib/amavis/tmp/amavis-20261123T210328-00279-FM2vVRRw',
    'Nov 23 21:03:28 mail postfix/lmtp[289]: 46DD6240B38: to=<dave@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.52, delays=0.05/0.19/0.15/0.12, dsn=2.5.0, status=sent (250 2.5.0 Ok <dave@example.com>, DSN suppressed_2 (554 5.7.0 Bounce, id=00279-02 - BANNED: application/octet-stream,setup.exe))',
    'Nov 23 21:03:28 mail postfix/qmgr[270]: 46DD6240B38: removed',
  ];

  it('is not made good by the end of the message', () => {
    const [trace] = diagnosed(lines).traces;
    expect(trace?.state).toBe('blocked');
    expect(trace?.problems.find(({ code }) => code === 'dsn-failed')).toMatchObject({ resolved: false });
  });
});
