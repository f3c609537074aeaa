import type { Mail } from '../mail.js';
import type { Lab, Scenario } from '../scenario.js';
import type { Outcome } from '../truth.js';
import { bounced, discarded } from './verdicts.js';

type Fate = readonly [Mail, Outcome];

/** What the nth message of the crowd is, and what becomes of it. */
function fate(at: number): Fate {
  switch (at % 12) {
    case 0:
      return [
        { to: ['alice@example.com', 'bob@example.com', 'x@relay.example.net'] },
        {
          recipients: {
            'alice@example.com': 'delivered',
            'bob@example.com': 'delivered',
            'x@relay.example.net': 'relayed',
          },
        },
      ];
    case 1:
      return [{ to: ['alice@example.com'], kind: 'spam' }, discarded];
    case 2:
      return [{ to: ['dave@example.com'], kind: 'spam' }, bounced];
    case 3:
      return [
        { to: ['frank@example.com', 'carol@example.com'], kind: 'spam' },
        {
          recipients: { 'frank@example.com': 'delivered', 'carol@example.com': 'blocked' },
          problems: ['discarded-as-sent'],
        },
      ];
    case 4:
      return [
        { to: ['x@reject.example.net'] },
        { recipients: 'bounced', children: 1, problems: ['next-hop-rejected'] },
      ];
    case 5:
      return [
        { to: ['x@temp.example.net', 'erin@example.com'] },
        {
          recipients: { 'x@temp.example.net': 'deferred', 'erin@example.com': 'delivered' },
          problems: ['next-hop-deferred'],
        },
      ];
    case 6:
      return [
        { to: ['team@example.com'] },
        { recipients: 'delivered', lands: { 'team@example.com': ['~alice', '~bob', '~carol'] } },
      ];
    case 7:
      return [{ to: ['carol@example.com'], kind: 'virus' }, discarded];
    default:
      return [
        { to: [`${['alice', 'bob', 'carol', 'erin'][at % 4]}+n${at}@example.com`], padding: (at % 5) * 700 },
        { recipients: 'delivered' },
      ];
  }
}

/** Several clients at once, each with many messages, over one connection a message. `more` is what else is known. */
async function send(lab: Lab, clients: number, each: number, more: Partial<Outcome> = {}): Promise<void> {
  const client = async (number: number): Promise<void> => {
    const from = `127.0.0.${number % 2 === 0 ? 2 : 3}`;
    for (let at = 0; at < each; at += 1) {
      const [mail, outcome] = fate(number * each + at);
      await lab.send(mail, { ...outcome, ...more }, { from });
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
}

const chance = { problems: null } as const;

async function crowd(lab: Lab): Promise<void> {
  await send(lab, 6, 40);
  await lab.settle();
}

/**
 * The same, while amavis goes away and comes back, and what waits for it is requeued. Which messages meet with which
 * problem is a matter of chance. It goes with nothing in hand: an amavis that ends after it gave a message back and
 * before it logs that leaves no line that says whose the copy is.
 */
async function storm(lab: Lab): Promise<void> {
  const { amavis, postfix } = lab.system;
  await send(lab, 5, 12, chance);
  await lab.settle();
  await amavis.stop();
  await send(lab, 5, 12, chance);
  const waiting = (await postfix.queue()).filter(({ queue }) => queue === 'deferred').slice(0, 5);
  for (const { queueId } of waiting) await postfix.super('-r', queueId);
  await amavis.start();
  await postfix.flush();
  await send(lab, 5, 12, chance);
  await lab.settle();
  await postfix.flush();
  await lab.settle();
}

export const crowds: readonly Scenario[] = [
  {
    name: 'crowd',
    note: 'six clients at once with forty messages each, of every kind',
    postfix: { feeds: 4 },
    amavis: { children: 4 },
    run: crowd,
  },
  {
    name: 'crowd_storm',
    note: 'five clients at once, amavisd stopped and started meanwhile, waiting mail requeued',
    postfix: { feeds: 4 },
    amavis: { children: 4 },
    run: storm,
  },
];
