import type { Lab, Scenario } from '../scenario.js';

/** The reply that Postfix logs is `sent` for either. */
export const discarded = { recipients: 'blocked', problems: ['discarded-as-sent'] } as const;
export const bounced = { recipients: 'blocked', children: 1, problems: ['bounced-as-sent'] } as const;

/** Spam discarded, bounced, rejected and tagged, a virus, a banned attachment, a bad header: one of each. */
async function everyVerdict(lab: Lab): Promise<void> {
  await lab.send({ to: ['alice@example.com'], kind: 'spam' }, discarded);
  await lab.send({ to: ['dave@example.com'], kind: 'spam' }, bounced);
  await lab.send(
    { to: ['erin@example.com'], kind: 'spam' },
    { ...bounced, problems: ['reject-after-queue'] },
  );
  await lab.send({ to: ['frank@example.com'], kind: 'spam' }, 'delivered');
  await lab.send({ to: ['alice@example.com', 'bob@example.com'], kind: 'virus' }, discarded);
  await lab.send({ to: ['carol@example.com'], kind: 'banned' }, bounced);
  await lab.send({ to: ['bob@example.com'], kind: 'bad header' }, 'delivered');
  await lab.send({ to: ['alice@example.com'] }, 'delivered');
  await lab.settle();
}

/** One message, several fates: amavis reinjects in parts. By LMTP it answers for each recipient, by SMTP once. */
async function split(lab: Lab): Promise<void> {
  await lab.send(
    { to: ['alice@example.com', 'frank@example.com', 'bob@example.com'], kind: 'spam' },
    {
      recipients: {
        'alice@example.com': 'blocked',
        'frank@example.com': 'delivered',
        'bob@example.com': 'blocked',
      },
      problems: ['discarded-as-sent'],
    },
  );
  await lab.send(
    {
      to: ['alice@example.com', 'dave@example.com', 'erin@example.com', 'frank@example.com'],
      kind: 'spam',
    },
    {
      recipients: {
        'alice@example.com': 'blocked',
        'dave@example.com': 'blocked',
        'erin@example.com': 'blocked',
        'frank@example.com': 'delivered',
      },
      // One notification tells of both.
      children: 1,
      problems: ['discarded-as-sent', 'bounced-as-sent'],
    },
  );
  // Recipients inside and outside get different headers, hence two messages.
  await lab.send(
    { to: ['carol@example.com', 'x@relay.example.net'] },
    { recipients: { 'carol@example.com': 'delivered', 'x@relay.example.net': 'relayed' } },
  );
  await lab.settle();
}

async function noticed(lab: Lab): Promise<void> {
  await lab.send({ to: ['bob@example.com'], kind: 'virus' }, { ...discarded, children: 1 });
  await lab.settle();
}

/** An administrator releases a message from the quarantine. */
async function released(lab: Lab): Promise<void> {
  const { amavis } = lab.system;
  await lab.send({ to: ['bob@example.com'], kind: 'spam' }, { ...discarded, children: 1 });
  await lab.settle();
  const [file] = await amavis.quarantine();
  if (!file) throw new Error('nothing in the quarantine');
  await amavis.release(file.name);
  await lab.settle();
}

export const verdicts: readonly Scenario[] = [
  {
    name: 'verdicts',
    note: 'spam discarded, bounced, rejected and tagged; virus, banned, bad header',
    run: everyVerdict,
  },
  {
    name: 'verdicts_smtp',
    note: 'the same by an SMTP feed',
    postfix: { feed: 'smtp' },
    amavis: { recipientLines: true },
    run: everyVerdict,
  },
  { name: 'split_policy', note: 'per-recipient policies: amavis splits one message', run: split },
  {
    name: 'split_policy_smtp',
    note: 'the same by an SMTP feed, which gets one reply for all recipients',
    postfix: { feed: 'smtp' },
    run: split,
  },
  { name: 'release', note: 'a message is released from the quarantine', run: released },
  {
    name: 'admin_notice',
    note: 'amavis tells the administrator of a virus',
    amavis: { more: ["$virus_admin = 'root@example.com';"] },
    run: noticed,
  },
];
