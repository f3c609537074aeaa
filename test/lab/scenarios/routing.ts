/** Mail that access maps, header checks and a second way through the filter lead past the usual one. */
import type { Lab, Scenario } from '../scenario.js';
import { bounced, discarded } from './verdicts.js';

/** Users hand in at 587, through a port and a policy of their own, while other mail arrives at 25. */
async function submitted(lab: Lab): Promise<void> {
  const from = 'alice@example.com';
  await Promise.all([
    lab.send({ to: ['bob@example.com', 'x@relay.example.net'], from }, bothWays, { port: 587 }),
    lab.send({ to: ['alice@example.com', 'carol@example.com'] }, 'delivered'),
    lab.send({ to: ['carol@example.com'], from, kind: 'spam' }, discarded, { port: 587 }),
    lab.send({ to: ['dave@example.com'], kind: 'spam' }, bounced),
  ]);
  await lab.settle();
}

const bothWays = { 'bob@example.com': 'delivered', 'x@relay.example.net': 'relayed' } as const;

/** One client's mail goes to the filter because an access map says so, another's past it; a header check redirects. */
async function rerouted(lab: Lab): Promise<void> {
  const refused = { 'team@example.com': 'delivered', 'nosuch@example.com': 'rejected' } as const;
  const lands = { 'team@example.com': ['~alice', '~bob', '~carol'] };
  // That mail goes past the filter is told once enough other mail is known to be filtered: also that of earlier scenarios.
  const past = { problems: null };
  for (const [from, more] of [
    ['127.0.0.3', {}],
    ['127.0.0.2', past],
  ] as const) {
    await lab.send({ to: Object.keys(refused) }, { recipients: refused, lands, ...more }, { from });
    await lab.send(
      { to: ['bob@example.com', 'x@relay.example.net'] },
      { recipients: bothWays, ...more },
      { from },
    );
  }
  await lab.send(
    { to: ['alice@example.com'], subject: 'lab redirect' },
    { recipients: 'delivered', lands: { 'alice@example.com': ['~carol'] }, ...past },
    { from: '127.0.0.3' },
  );
  await lab.settle();
}

export const routing: readonly Scenario[] = [
  {
    name: 'submission',
    note: '587 by 10026 and 10027, beside 25 by 10024 and 10025',
    postfix: {
      feeds: 1,
      services: [
        '587 inet n - n - - smtpd',
        '    -o syslog_name=postfix/submission',
        '    -o content_filter=amavissub:[127.0.0.1]:10026',
        'amavissub unix - - n - 1 smtp',
        '    -o smtp_send_xforward_command=yes',
        '    -o smtp_data_done_timeout=1200',
        '    -o disable_dns_lookups=yes',
        '127.0.0.1:10027 inet n - n - - smtpd',
        '    -o content_filter=',
        '    -o mynetworks=127.0.0.0/8',
        '    -o smtpd_recipient_restrictions=permit_mynetworks,reject',
        '    -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks',
      ],
    },
    amavis: {
      more: [
        '$inet_socket_port = [10024, 10026];',
        "$interface_policy{'10026'} = 'ORIGINATING';",
        "$policy_bank{'ORIGINATING'} = { originating => 1, forward_method => 'smtp:[127.0.0.1]:10027', notify_method => 'smtp:[127.0.0.1]:10027' };",
      ],
    },
    run: submitted,
  },
  {
    name: 'rerouted',
    note: 'FILTER for one client only, recipients refused after it, REDIRECT by a header check',
    postfix: {
      filter: null,
      main: {
        smtpd_client_restrictions:
          'check_client_access inline:{ {127.0.0.3 = FILTER amavisfeed:[127.0.0.1]:10024} }',
        header_checks: 'regexp:{ {/^Subject: lab redirect/ REDIRECT carol@example.com} }',
      },
    },
    run: rerouted,
  },
];
