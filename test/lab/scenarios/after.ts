/** What happens after the filter, and what an administrator does to the queue. */
import { pause, until } from '../process.js';
import type { Lab, Scenario } from '../scenario.js';
import { idOf } from '../send.js';

async function nextHops(lab: Lab): Promise<void> {
  await lab.send({ to: ['x@relay.example.net'] }, 'relayed');
  await lab.send({ to: ['x@down.example.net'] }, { recipients: 'deferred', problems: ['next-hop-refused'] });
  await lab.send(
    { to: ['x@reject.example.net'] },
    { recipients: 'bounced', children: 1, problems: ['next-hop-rejected'] },
  );
  await lab.send({ to: ['x@temp.example.net'] }, { recipients: 'deferred', problems: ['next-hop-deferred'] });
  await lab.send(
    { to: ['alice@example.com', 'x@relay.example.net', 'y@relay.example.net', 'z@down.example.net'] },
    {
      recipients: {
        'alice@example.com': 'delivered',
        'x@relay.example.net': 'relayed',
        'y@relay.example.net': 'relayed',
        'z@down.example.net': 'deferred',
      },
      problems: ['next-hop-refused'],
    },
  );
  // An alias that leads outside.
  await lab.send(
    { to: ['away@example.com'] },
    { recipients: 'relayed', lands: { 'away@example.com': ['someone@relay.example.net'] } },
  );
  await lab.settle();
}

/** Header checks hold every message at its arrival; the administrator then decides. */
async function queueWork(lab: Lab): Promise<void> {
  const { postfix } = lab.system;
  const released = await lab.send(
    { to: ['alice@example.com'], subject: 'lab hold 1' },
    { recipients: 'delivered', problems: ['held'] },
  );
  const removed = await lab.send(
    { to: ['bob@example.com'], subject: 'lab hold 2' },
    { recipients: 'deleted', problems: ['held', 'deleted'] },
  );
  const requeued = await lab.send(
    { to: ['carol@example.com'], subject: 'lab hold 3' },
    { recipients: 'delivered', problems: ['held', 'requeued'] },
  );
  // With one recipient: of several, the log names only the last before the queue manager sees the message.
  await lab.send(
    { to: ['erin@example.com'], subject: 'lab hold 4' },
    { recipients: 'held', problems: ['held'] },
  );
  await until(async () => (await postfix.queue()).length === 4, 'four messages on hold');
  await postfix.super('-H', idOf(released));
  await postfix.super('-d', idOf(removed));
  // Requeued mail is checked again as it comes back in.
  await postfix.configure({});
  await postfix.super('-r', idOf(requeued));
  await postfix.flush();
  await lab.settle();
}

/** Requeued twice while the filter is down: three ids before the filter, and amavis names the first. */
async function requeueTwice(lab: Lab): Promise<void> {
  const { postfix, amavis } = lab.system;
  await amavis.stop();
  const sent = await lab.send({ to: ['carol@example.com', 'bob@example.com'] }, 'queued');
  await lab.settle();
  const ids: string[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const [waiting] = await postfix.queue();
    if (!waiting) throw new Error('the message is gone');
    ids.push(waiting.queueId);
    await postfix.super('-r', waiting.queueId);
    await postfix.flush();
    await until(
      async () =>
        (await postfix.queue()).some(
          ({ queueId, queue }) => queueId !== waiting.queueId && queue === 'deferred',
        ),
      'the new id to be deferred',
    );
  }
  await amavis.start();
  await postfix.flush();
  await lab.settle();
  lab.stories.splice(0);
  lab.expect(sent, { recipients: 'delivered', formerIds: ids, problems: ['filter-refused', 'requeued'] });
}

/** All that waits behind the filter is requeued, and so filtered again. */
async function requeueAll(lab: Lab): Promise<void> {
  const { postfix } = lab.system;
  await lab.send(
    { to: ['alice@example.com', 'x@temp.example.net'] },
    {
      recipients: { 'alice@example.com': 'delivered', 'x@temp.example.net': 'deferred' },
      problems: ['requeued', 'next-hop-deferred'],
    },
  );
  await lab.settle();
  await postfix.requeueAll();
  await postfix.flush();
  await lab.settle();
}

/** Deferred after the filter, held, put back, and deleted. */
async function afterFilter(lab: Lab): Promise<void> {
  const { postfix } = lab.system;
  await lab.send(
    { to: ['x@temp.example.net'] },
    { recipients: 'held', problems: ['next-hop-deferred', 'held'] },
  );
  const gone = await lab.send(
    { to: ['y@temp.example.net'] },
    { recipients: 'deleted', problems: ['next-hop-deferred', 'deleted'] },
  );
  await lab.settle();
  for (const queued of await postfix.queue()) {
    const headers = await postfix.headers(queued.queueId);
    await postfix.super(headers.includes(gone.token) ? '-d' : '-h', queued.queueId);
  }
  await lab.settle();
}

async function delayed(lab: Lab): Promise<void> {
  const { postfix } = lab.system;
  await lab.send(
    { to: ['x@temp.example.net'] },
    { recipients: 'expired', children: 2, problems: ['next-hop-deferred', 'expired'] },
  );
  await lab.settle();
  await pause(1_500);
  await postfix.flush();
  await lab.settle();
  await pause(4_000);
  await postfix.flush();
  await lab.settle();
}

/** What Postfix refuses at once: it has no queue id, or only some of its recipients. */
async function refusedAtOnce(lab: Lab): Promise<void> {
  await lab.send({ to: ['nosuchuser@example.com'], from: 'first@outside.example' }, 'rejected');
  await lab.send({ to: ['x@elsewhere.example'], from: 'second@outside.example' }, 'rejected', {
    from: '127.0.0.3',
  });
  await lab.send(
    { to: ['alice@example.com', 'nosuchuser@example.com'] },
    { recipients: { 'alice@example.com': 'delivered', 'nosuchuser@example.com': 'rejected' } },
  );
  await lab.settle();
}

/** One sender's messages by one smtpd, within a second or two: whole sessions refused, and others not. */
async function refusedThenNot(lab: Lab): Promise<void> {
  for (const [refused, accepted] of [
    ['nosuchuser@example.com', 'alice@example.com'],
    ['nobodyhere@example.com', 'bob@example.com'],
  ] as const) {
    await lab.send({ to: [refused] }, 'rejected');
    await lab.send({ to: [accepted] }, 'delivered');
  }
  await lab.send(
    { to: ['noone@example.com', 'carol@example.com'] },
    { recipients: { 'noone@example.com': 'rejected', 'carol@example.com': 'delivered' } },
  );
  await lab.settle();
}

export const after: readonly Scenario[] = [
  {
    name: 'next_hop',
    note: 'after the filter: relayed, refused, rejected, tempfailed by the next hop',
    run: nextHops,
  },
  {
    name: 'hold_requeue_delete',
    note: 'held by a header check; released, requeued (new id), deleted',
    postfix: { main: { header_checks: 'regexp:{ {/^Subject: lab hold/ HOLD lab hold} }' } },
    run: queueWork,
  },
  { name: 'requeue_twice', note: 'requeued twice while the filter is down', run: requeueTwice },
  {
    name: 'requeue_all',
    note: 'all that waits behind the filter is requeued at once',
    run: requeueAll,
  },
  { name: 'held_after_filter', note: 'deferred by the next hop, then held or deleted', run: afterFilter },
  {
    name: 'delay_notice',
    note: 'a delay notice, then expiry at the next hop',
    postfix: {
      main: { delay_warning_time: '1s', maximal_queue_lifetime: '4s', bounce_queue_lifetime: '4s' },
    },
    run: delayed,
  },
  {
    name: 'rejected',
    note: 'unknown recipients and relaying, refused at RCPT',
    postfix: { main: { mynetworks: '127.0.0.1/32' } },
    run: refusedAtOnce,
  },
  {
    name: 'refused_then_not',
    note: 'sessions that were refused and sessions that were not, of one sender in a row',
    run: refusedThenNot,
  },
];
