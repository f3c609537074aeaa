import type { Lab, Scenario } from '../scenario.js';
import { sendAll } from '../send.js';

/** Answered with success by the filter and put away. */
const unseen = { recipients: 'blocked', problems: ['quarantined-unseen'] } as const;

async function proxied(lab: Lab): Promise<void> {
  await lab.send({ to: ['alice@example.com'] }, 'delivered');
  await lab.send(
    { to: ['erin@example.com'], kind: 'spam', from: 'spammer@outside.example' },
    { recipients: 'blocked', problems: ['proxy-reject'] },
  );
  await lab.send({ to: ['carol@example.com', 'bob@example.com'] }, 'delivered', { from: '127.0.0.3' });
  await lab.send({ to: ['alice@example.com'], kind: 'virus', from: 'virus@outside.example' }, unseen);
  const refused = { 'alice@example.com': 'delivered', 'nosuchuser@example.com': 'rejected' } as const;
  await lab.send({ to: Object.keys(refused), from: 'partly@outside.example' }, { recipients: refused });
  await lab.settle();
}

async function proxyDown(lab: Lab): Promise<void> {
  const { amavis } = lab.system;
  await amavis.stop();
  await lab.send(
    { to: ['alice@example.com'], from: 'early@outside.example' },
    { recipients: 'rejected', problems: ['proxy-refused'] },
  );
  await amavis.start();
  await lab.send({ to: ['alice@example.com'] }, 'delivered');
  await lab.settle();
}

/** The guide's third test: a message straight into 10024. */
async function intoFilter(lab: Lab): Promise<void> {
  const [sent] = await sendAll([{ to: ['alice@example.com'] }], { port: 10024, from: '127.0.0.1' });
  if (!sent) throw new Error('nothing was sent');
  lab.expect(sent, 'delivered');
  await lab.send({ to: ['bob@example.com'], kind: 'spam' }, unseen, { port: 10024, from: '127.0.0.1' });
  await lab.settle();
}

/** And the second: straight into 10025, past the filter. */
async function pastFilter(lab: Lab): Promise<void> {
  await lab.send({ to: ['alice@example.com'] }, 'delivered', { port: 10025, from: '127.0.0.1' });
  await lab.settle();
}

const proxy = {
  smtpd_proxy_filter: '127.0.0.1:10024',
  content_filter: '',
  smtpd_proxy_options: 'speed_adjust',
};

export const beforeQueue: readonly Scenario[] = [
  {
    name: 'before_queue_proxy',
    note: 'smtpd_proxy_filter: amavis before the queue, 10025 makes the only queue id',
    postfix: { smtpd: proxy },
    run: proxied,
  },
  {
    name: 'before_queue_down',
    note: 'smtpd_proxy_filter with amavisd not running: refused at SMTP time',
    postfix: { smtpd: proxy },
    run: proxyDown,
  },
  { name: 'guide_test', note: "the guide's tests: straight into 10024", run: intoFilter },
  { name: 'guide_test_reinject', note: "the guide's tests: straight into 10025", run: pastFilter },
];
