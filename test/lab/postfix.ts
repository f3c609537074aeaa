/** The lab's Postfix: wired to the filter as the integration guide says, with one thing or another set wrong on purpose. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { answers, attempt, execute, listens, pause, until } from './process.js';
import { sinkPorts } from './sink.js';

/** How Postfix is set up; everything left out is as the guide has it. */
export interface PostfixSetup {
  /** The client that hands over to amavis. */
  readonly feed?: 'lmtp' | 'smtp';
  /** How many of them at once. */
  readonly feeds?: number;
  /** Options of the feeding client in master.cf, beyond or instead of the guide's. */
  readonly feedOptions?: Readonly<Record<string, string>>;
  /** Where content_filter points; null: mail is not filtered after the queue. */
  readonly filter?: string | null;
  /** Options of the smtpd at 10025, beyond or instead of the guide's; null: there is none. */
  readonly reinject?: Readonly<Record<string, string>> | null;
  /** Options of the smtpd at 25. */
  readonly smtpd?: Readonly<Record<string, string>>;
  /** Further services, as lines of master.cf. */
  readonly services?: readonly string[];
  /** Parameters of main.cf. */
  readonly main?: Readonly<Record<string, string>>;
}

/** One message in the queue, from `postqueue -j`. */
export interface Queued {
  readonly queueId: string;
  /** deferred, hold, active, incoming, maildrop */
  readonly queue: string;
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly reason: string | null }[];
}

const usual = [
  'pickup    unix  n       -       n       60      1       pickup',
  'cleanup   unix  n       -       n       -       0       cleanup',
  'qmgr      unix  n       -       n       300     1       qmgr',
  'tlsmgr    unix  -       -       n       1000?   1       tlsmgr',
  'rewrite   unix  -       -       n       -       -       trivial-rewrite',
  'bounce    unix  -       -       n       -       0       bounce',
  'defer     unix  -       -       n       -       0       bounce',
  'trace     unix  -       -       n       -       0       bounce',
  'verify    unix  -       -       n       -       1       verify',
  'flush     unix  n       -       n       1000?   0       flush',
  'proxymap  unix  -       -       n       -       -       proxymap',
  'proxywrite unix -       -       n       -       1       proxymap',
  'smtp      unix  -       -       n       -       -       smtp',
  'relay     unix  -       -       n       -       -       smtp',
  'showq     unix  n       -       n       -       -       showq',
  'error     unix  -       -       n       -       -       error',
  'retry     unix  -       -       n       -       -       error',
  'discard   unix  -       -       n       -       -       discard',
  'local     unix  -       n       n       -       -       local',
  'virtual   unix  -       n       n       -       -       virtual',
  'lmtp      unix  -       -       n       -       -       lmtp',
  'anvil     unix  -       -       n       -       1       anvil',
  'scache    unix  -       -       n       -       1       scache',
];

/** The integration guide, section 2.3. */
const guideReinject = {
  content_filter: '',
  smtpd_delay_reject: 'no',
  smtpd_client_restrictions: 'permit_mynetworks,reject',
  smtpd_helo_restrictions: '',
  smtpd_sender_restrictions: '',
  smtpd_recipient_restrictions: 'permit_mynetworks,reject',
  smtpd_data_restrictions: 'reject_unauth_pipelining',
  smtpd_end_of_data_restrictions: '',
  smtpd_restriction_classes: '',
  mynetworks: '127.0.0.0/8',
  smtpd_error_sleep_time: '0',
  smtpd_soft_error_limit: '1001',
  smtpd_hard_error_limit: '1000',
  smtpd_client_connection_count_limit: '0',
  smtpd_client_connection_rate_limit: '0',
  receive_override_options: 'no_header_body_checks,no_unknown_recipient_checks,no_milters',
  local_header_rewrite_clients: '',
};

const aliases = [
  'postmaster: alice',
  'root: alice',
  'team: alice, bob, carol',
  'away: someone@relay.example.net',
];

const config = '/etc/postfix';

export class Postfix {
  readonly #root: string;
  #setup: PostfixSetup = {};
  #running = false;

  constructor(root: string) {
    this.#root = root;
  }

  /** Puts a config folder of the lab's over /etc/postfix and starts with the guide's set-up. */
  async start(): Promise<void> {
    const folder = join(this.#root, 'postfix', 'config');
    mkdirSync(join(this.#root, 'postfix', 'data'), { recursive: true });
    mkdirSync(join(this.#root, 'postfix', 'queue'), { recursive: true });
    await execute('cp', ['-a', config, folder]);
    await execute('mount', ['--bind', folder, config]);
    await execute('chown', ['postfix:root', join(this.#root, 'postfix', 'data')]);
    writeFileSync(join(config, 'aliases'), `${aliases.join('\n')}\n`);
    this.#write({});
    await execute('postalias', [join(config, 'aliases')]);
    await execute('postfix', ['start']);
    this.#running = true;
    await until(() => answers(25, true), 'Postfix to answer at port 25');
  }

  async stop(): Promise<void> {
    if (this.#running) await attempt('postfix', ['abort']);
    this.#running = false;
  }

  get setup(): PostfixSetup {
    return this.#setup;
  }

  /** Makes it so; does nothing when it is so already. */
  async configure(setup: PostfixSetup): Promise<void> {
    if (isDeepStrictEqual(this.#setup, setup)) return;
    this.#write(setup);
    await execute('postfix', ['reload']);
    // The processes that had the old configuration are told to end, but not waited for.
    await pause(300);
    await until(
      () => answers(25, setup.smtpd?.smtpd_client_restrictions !== 'reject'),
      'Postfix to answer at port 25',
    );
    const listening = setup.reinject !== null;
    // A connection would leave lines in the log, and be the trace of nothing where 10025 refuses it.
    await until(() => listens(10025) === listening, `port 10025 to be ${listening ? 'open' : 'shut'}`);
  }

  #write(setup: PostfixSetup): void {
    const main = { ...this.#mainDefaults(setup), ...setup.main };
    const parameters = Object.entries(main).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(join(config, 'main.cf'), parameters.join(''));
    writeFileSync(join(config, 'master.cf'), `${this.#services(setup).join('\n')}\n`);
    this.#setup = setup;
  }

  #mainDefaults(setup: PostfixSetup): Record<string, string> {
    const filter = setup.filter === undefined ? '[127.0.0.1]:10024' : setup.filter;
    const hops = Object.entries(sinkPorts).map(
      ([domain, port]) => `{ ${domain} = relay:[127.0.0.1]:${port} }`,
    );
    return {
      compatibility_level: '3.6',
      queue_directory: join(this.#root, 'postfix', 'queue'),
      data_directory: join(this.#root, 'postfix', 'data'),
      command_directory: '/usr/sbin',
      daemon_directory: '/usr/lib/postfix/sbin',
      mail_owner: 'postfix',
      setgid_group: 'postdrop',
      myhostname: 'mail.example.com',
      mydomain: 'example.com',
      mydestination: 'example.com, mail.example.com, localhost',
      mynetworks: '127.0.0.0/8',
      inet_interfaces: '127.0.0.1',
      inet_protocols: 'ipv4',
      smtp_dns_support_level: 'disabled',
      relay_domains: Object.keys(sinkPorts).join(', '),
      transport_maps: `inline:{ ${hops.join(', ')} }`,
      alias_maps: `hash:${config}/aliases`,
      alias_database: `hash:${config}/aliases`,
      home_mailbox: 'Maildir/',
      recipient_delimiter: '+',
      biff: 'no',
      smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination',
      ...(filter === null ? {} : { content_filter: `amavisfeed:${filter}` }),
    };
  }

  #services(setup: PostfixSetup): string[] {
    const feed = setup.feed ?? 'lmtp';
    const guideFeed = {
      [`${feed}_data_done_timeout`]: '1200',
      [`${feed}_send_xforward_command`]: 'yes',
      disable_dns_lookups: 'yes',
      max_use: '20',
    };
    const services = [
      'smtp      inet  n       -       n       -       -       smtpd',
      ...options(setup.smtpd ?? {}),
      `amavisfeed unix -       -       n       -       ${setup.feeds ?? 2}       ${feed}`,
      ...options({ ...guideFeed, ...setup.feedOptions }),
    ];
    if (setup.reinject !== null) {
      services.push('127.0.0.1:10025 inet n    -       n       -       -       smtpd');
      services.push(...options({ ...guideReinject, ...setup.reinject }));
    }
    return [...services, ...(setup.services ?? []), ...usual];
  }

  /** What is in the queue now. */
  async queue(): Promise<Queued[]> {
    const listed = await execute('postqueue', ['-j']);
    return listed
      .split('\n')
      .filter((line) => line !== '')
      .map(readQueued);
  }

  /** Where a deferred message lies; the file's time is that of the next attempt. */
  deferredFile(queueId: string): string {
    return join(this.#root, 'postfix', 'queue', 'deferred', queueId.slice(0, 1), queueId);
  }

  /** The headers of a message in the queue. */
  async headers(queueId: string): Promise<string> {
    return (await attempt('postcat', ['-qh', queueId])).stdout;
  }

  async flush(): Promise<void> {
    await execute('postqueue', ['-f']);
  }

  /** postsuper with one of -h (hold), -H (release), -d (delete), -r (requeue). */
  async super(action: '-h' | '-H' | '-d' | '-r', queueId: string): Promise<void> {
    await execute('postsuper', [action, queueId]);
  }

  /** Requeues all there is. Unlike that of one, the log does not say which ids it took. */
  async requeueAll(): Promise<void> {
    await execute('postsuper', ['-r', 'ALL']);
  }

  /** sendmail(1), as a program on this machine would mail. */
  async sendmail(sender: string, recipients: readonly string[], message: string): Promise<void> {
    await execute('sendmail', ['-i', '-f', sender, '--', ...recipients], {
      input: message.replaceAll('\r\n', '\n'),
    });
  }

  /** Empties the queue, between scenarios. By id: of `-d ALL` the log says nothing but the number. */
  async empty(): Promise<void> {
    const ids = (await this.queue()).map(({ queueId }) => `${queueId}\n`);
    if (ids.length > 0) await execute('postsuper', ['-d', '-'], { input: ids.join('') });
  }
}

/** master.cf takes no space in a value unless it stands in braces. */
function options(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) =>
    value.includes(' ') ? `    -o { ${name} = ${value} }` : `    -o ${name}=${value}`,
  );
}

interface PostqueueEntry {
  readonly queue_id: string;
  readonly queue_name: string;
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly delay_reason?: string }[];
}

function readQueued(line: string): Queued {
  const entry = JSON.parse(line) as PostqueueEntry;
  return {
    queueId: entry.queue_id,
    queue: entry.queue_name,
    sender: entry.sender,
    recipients: entry.recipients.map(({ address, delay_reason }) => ({
      address,
      reason: delay_reason ?? null,
    })),
  };
}
