/** The same mail in other set-ups: other ids, other names, other log levels, other mailboxes. */
import { dovecotPort } from '../dovecot.js';
import type { Lab, Scenario } from '../scenario.js';
import { bounced, discarded } from './verdicts.js';

async function fewOfAll(lab: Lab): Promise<void> {
  await lab.send({ to: ['alice@example.com', 'bob@example.com'] }, 'delivered');
  await lab.send({ to: ['alice@example.com'], kind: 'spam' }, discarded);
  await lab.send({ to: ['dave@example.com'], kind: 'spam' }, bounced);
  await lab.send(
    { to: ['frank@example.com', 'bob@example.com'], kind: 'spam' },
    {
      recipients: { 'frank@example.com': 'delivered', 'bob@example.com': 'blocked' },
      problems: ['discarded-as-sent'],
    },
  );
  await lab.send({ to: ['carol@example.com'], kind: 'virus' }, discarded);
  await lab.send({ to: ['carol@example.com'], kind: 'banned' }, bounced);
  await lab.send({ to: ['bob@example.com'], kind: 'bad header' }, 'delivered');
  await lab.sendmail({ to: ['erin@example.com'], from: 'alice@example.com' }, 'delivered');
  await lab.send(
    { to: ['x@reject.example.net'] },
    { recipients: 'bounced', children: 1, problems: ['next-hop-rejected'] },
  );
  await lab.settle();
}

/** Recipients in plenty: amavis' lines are cut in pieces. */
async function longLines(lab: Lab): Promise<void> {
  await fewOfAll(lab);
  const many = Array.from({ length: 40 }, (_, at) => `alice+list-${'y'.repeat(20)}-${at}@example.com`);
  await lab.send({ to: many }, 'delivered');
  await lab.settle();
}

/** Five mails with the same Message-ID at once, and one without any. */
async function sameMessageId(lab: Lab): Promise<void> {
  const same = Array.from({ length: 5 }, (_, at) => ({
    to: ['alice@example.com'],
    messageId: 'same@outside.example',
    subject: `the ${at}th`,
  }));
  await Promise.all(same.map((mail) => lab.send(mail, 'delivered')));
  await lab.send({ to: ['alice@example.com'], messageId: null }, 'delivered');
  await lab.settle();
}

export const variants: readonly Scenario[] = [
  { name: 'same_message_id', note: 'five mails with one Message-ID at once', run: sameMessageId },
  {
    name: 'long_ids',
    note: 'enable_long_queue_ids',
    postfix: { main: { enable_long_queue_ids: 'yes' } },
    run: fewOfAll,
  },
  {
    name: 'syslog_names',
    note: 'a syslog_name for each service',
    postfix: {
      feedOptions: { syslog_name: 'postfix/amavisfeed' },
      reinject: { syslog_name: 'postfix/reinject' },
      smtpd: { syslog_name: 'postfix/mx' },
    },
    run: fewOfAll,
  },
  {
    name: 'xforward_back',
    note: '10025 lets amavis tell the first queue id and client (smtpd_authorized_xforward_hosts)',
    postfix: { reinject: { smtpd_authorized_xforward_hosts: '127.0.0.0/8' } },
    run: fewOfAll,
  },
  {
    name: 'no_xforward',
    note: 'the feed does not say the queue id (lmtp_send_xforward_command=no)',
    postfix: { feedOptions: { lmtp_send_xforward_command: 'no' } },
    check: ['feed-xforward'],
    run: fewOfAll,
  },
  {
    name: 'dovecot',
    note: 'Dovecot LMTP as the mailbox',
    postfix: { main: { mailbox_transport: `lmtp:inet:127.0.0.1:${dovecotPort}` } },
    run: async (lab) => {
      await lab.system.dovecot.start();
      await fewOfAll(lab);
      await lab.system.dovecot.stop();
    },
  },
  {
    name: 'log_level_2',
    note: 'amavis at log level 2',
    amavis: { logLevel: 2, recipientLines: true },
    run: longLines,
  },
  {
    name: 'log_level_5',
    note: 'amavis at log level 5',
    amavis: { logLevel: 5, recipientLines: true },
    run: longLines,
  },
  {
    name: 'json_in_pieces',
    note: 'amavis reports in JSON, in short lines',
    amavis: { more: ["$log_templ = '[:report_json]';", '$logline_maxlen = 300;'] },
    run: longLines,
  },
];
