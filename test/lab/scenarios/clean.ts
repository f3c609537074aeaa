import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeOf } from '../isolate.js';
import type { Lab, Scenario } from '../scenario.js';

const mailbox = { recipients: 'delivered', problems: [] } as const;

/** One and many recipients, a reused connection, an alias, .forward, an extension, sendmail(1). */
async function everyWay(lab: Lab): Promise<void> {
  await lab.send({ to: ['alice@example.com'] }, mailbox);
  await lab.send({ to: ['alice@example.com', 'bob@example.com', 'carol@example.com'] }, mailbox);
  const several = ['one', 'two', 'three', 'four'].map((subject) => ({ to: ['carol@example.com'], subject }));
  await lab.sendAll(several, mailbox, { from: '127.0.0.3' });
  await lab.send(
    { to: ['team@example.com'] },
    { ...mailbox, lands: { 'team@example.com': ['~alice', '~bob', '~carol'] } },
  );
  await lab.send({ to: ['alice+lists@example.com'] }, mailbox);
  await lab.sendmail({ to: ['bob@example.com'], from: 'alice@example.com' }, mailbox);
  await lab.sendmail({ to: ['carol@example.com'], messageId: null }, mailbox);
  writeFileSync(join(homeOf(lab.system.root, 'dave'), '.forward'), 'erin@example.com\n');
  await lab.send({ to: ['dave@example.com'] }, { ...mailbox, lands: { 'dave@example.com': ['~erin'] } });
  await lab.settle();
}

/** A virtual alias is expanded before the filter, which sees only those behind it. */
async function expanded(lab: Lab): Promise<void> {
  const lands = { 'office@example.com': ['~alice', '~bob'] };
  await lab.send({ to: ['office@example.com'] }, { ...mailbox, lands });
  await lab.send({ to: ['office@example.com', 'carol@example.com'] }, { ...mailbox, lands });
  await lab.settle();
}

export const clean: readonly Scenario[] = [
  { name: 'pass_lmtp', note: 'clean mail, LMTP feed, short queue ids', run: everyWay },
  { name: 'pass_smtp', note: 'clean mail, SMTP feed', postfix: { feed: 'smtp' }, run: everyWay },
  {
    name: 'virtual_alias',
    note: 'a virtual alias, expanded before the filter',
    postfix: {
      main: { virtual_alias_maps: 'inline:{ { office@example.com = alice@example.com, bob@example.com } }' },
    },
    check: ['delivery-mapping-twice'],
    run: expanded,
  },
];
