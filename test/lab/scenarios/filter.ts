/** What goes wrong on the way into the filter. */
import { pause, until } from '../process.js';
import type { Lab, Scenario } from '../scenario.js';

async function downThenUp(lab: Lab): Promise<void> {
  const { amavis, postfix } = lab.system;
  await amavis.stop();
  const waited = { recipients: 'delivered', problems: ['filter-refused'] } as const;
  await lab.send({ to: ['alice@example.com'] }, waited);
  await lab.settle();
  await lab.send({ to: ['alice@example.com', 'bob@example.com'] }, waited);
  await lab.send({ to: ['carol@example.com'] }, waited);
  await lab.settle();
  await amavis.start();
  await postfix.flush();
  await lab.settle();
}

async function neverUp(lab: Lab): Promise<void> {
  const { amavis, postfix } = lab.system;
  await amavis.stop();
  await lab.send(
    { to: ['alice@example.com'] },
    { recipients: 'expired', children: 1, problems: ['filter-refused', 'expired'] },
  );
  await lab.send(
    { to: ['bob@example.com', 'carol@example.com'] },
    { recipients: 'expired', children: 1, problems: ['filter-refused', 'expired'] },
  );
  await lab.settle();
  await pause(3_000);
  await postfix.flush();
  await lab.settle();
  await amavis.start();
}

async function wrongPort(lab: Lab): Promise<void> {
  // As it starts, the log tells where it listens.
  await lab.system.amavis.stop();
  await lab.system.amavis.start();
  await lab.send({ to: ['alice@example.com'] }, { recipients: 'deferred', problems: ['filter-wrong-port'] });
  await lab.settle();
  await lab.send({ to: ['bob@example.com'] }, { recipients: 'deferred', problems: ['filter-wrong-port'] });
  await lab.settle();
}

/** A feed that can't work, whatever amavis does. */
function misled(recipients: 'deferred' | 'bounced', problem: string) {
  return async (lab: Lab): Promise<void> => {
    const children = recipients === 'bounced' ? 1 : 0;
    await lab.send({ to: ['alice@example.com'] }, { recipients, children, problems: [problem] });
    await lab.settle();
  };
}

async function tooBig(lab: Lab): Promise<void> {
  await lab.send(
    { to: ['alice@example.com'], padding: 100_000 },
    { recipients: 'bounced', children: 1, problems: ['feed-size-advertised'] },
  );
  await lab.send({ to: ['bob@example.com'] }, { recipients: 'delivered', problems: [] });
  await lab.settle();
}

/** The feed gives up while the filter is still at it: Postfix tries again, and both copies arrive. */
async function slow(lab: Lab): Promise<void> {
  const { amavis, postfix } = lab.system;
  await lab.send(
    { to: ['alice@example.com'], text: 'LAB-SLEEP-4' },
    { recipients: 'delivered', problems: ['filter-timeout', 'duplicate-delivery'] },
  );
  await lab.send({ to: ['bob@example.com'] }, { recipients: 'delivered', problems: [] });
  await lab.settle();
  await until(() => amavis.busy().length === 0, 'the first attempt to end');
  await lab.settle();
  // The second attempt gets the time that the first lacked.
  await postfix.configure({ feedOptions: { lmtp_data_done_timeout: '60' } });
  await postfix.flush();
  await lab.settle();
}

async function killed(lab: Lab): Promise<void> {
  const { amavis, postfix } = lab.system;
  await lab.send(
    { to: ['alice@example.com'], text: 'LAB-SLEEP-3' },
    { recipients: 'delivered', problems: ['feed-lost-eod'] },
  );
  await lab.send({ to: ['bob@example.com'] }, 'delivered');
  await amavis.killBusy();
  await lab.settle();
  await postfix.flush();
  await lab.settle();
}

/** Six feeds for two children: the third connection is accepted by the kernel and greeted by nobody. */
async function saturated(lab: Lab): Promise<void> {
  const { postfix } = lab.system;
  const busy = ['alice', 'bob', 'carol', 'dave'].map((user) => ({
    to: [`${user}@example.com`],
    text: 'LAB-SLEEP-3',
  }));
  const sent = await lab.sendAll(busy, 'delivered');
  await lab.settle();
  const waiting = (await postfix.queue()).map(({ queueId }) => queueId);
  lab.stories.splice(0);
  for (const message of sent) {
    const late = message.queueId !== null && waiting.includes(message.queueId);
    lab.expect(message, { recipients: 'delivered', problems: late ? ['filter-saturated'] : [] });
  }
  await postfix.flush();
  await lab.settle();
}

export const filter: readonly Scenario[] = [
  {
    name: 'filter_down',
    note: 'amavisd not running: refused, deferred; then started, delivered',
    run: downThenUp,
  },
  {
    name: 'filter_never_up',
    note: 'amavisd not running until the mail expires',
    postfix: { main: { maximal_queue_lifetime: '2s', bounce_queue_lifetime: '2s' } },
    run: neverUp,
  },
  {
    name: 'filter_wrong_port',
    note: 'content_filter points to a port where nobody listens',
    postfix: { filter: '[127.0.0.1]:10026' },
    amavis: { logLevel: 2 },
    check: ['front-address'],
    run: wrongPort,
  },
  {
    name: 'filter_transport_missing',
    note: 'content_filter names a service that master.cf lacks',
    postfix: { main: { content_filter: 'amavisd:[127.0.0.1]:10024' } },
    check: ['front-transport'],
    run: misled('deferred', 'transport-missing'),
  },
  {
    name: 'filter_is_postfix',
    note: 'content_filter points to Postfix itself',
    postfix: { feed: 'smtp', filter: '[127.0.0.1]:25' },
    check: ['front-address'],
    run: misled('bounced', 'loops-to-myself'),
  },
  {
    name: 'filter_lmtp_is_postfix',
    note: 'likewise, with an LMTP client, which a Postfix does not even greet',
    postfix: { filter: '[127.0.0.1]:25' },
    check: ['front-address'],
    run: misled('bounced', 'filter-is-postfix'),
  },
  {
    name: 'filter_no_such_host',
    note: 'content_filter names a host that nobody knows',
    postfix: { filter: '[amavis.example.com]:10024' },
    run: misled('bounced', 'filter-name'),
  },
  {
    name: 'filter_size',
    note: 'amavis takes smaller messages than Postfix does',
    amavis: { more: ['$smtpd_message_size_limit = 65536;'] },
    check: ['filter-size'],
    run: tooBig,
  },
  {
    name: 'filter_slow',
    note: "the filter is slower than the feed's timeout: the mail arrives twice",
    postfix: { feedOptions: { lmtp_data_done_timeout: '2' } },
    check: ['feed-timeout'],
    run: slow,
  },
  { name: 'filter_killed', note: 'an amavis child is killed with a message in hand', run: killed },
  {
    name: 'filter_saturated',
    note: 'more feeds than amavis has children',
    postfix: { feeds: 6, feedOptions: { lmtp_connect_timeout: '1', lmtp_lhlo_timeout: '1' } },
    check: ['feed-maxproc'],
    run: saturated,
  },
];
