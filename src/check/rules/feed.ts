import { isIP } from 'node:net';
import { allows } from '../amavis/acl.js';
import { isLoopback, showEndpoint } from '../endpoint.js';
import { optionRules } from '../option-rule.js';
import { interfaces } from '../postfix/address.js';
import { parameter, secondsOf } from '../postfix/instance.js';
import { columnFix, describe, optionFix, type Rule, type Verdict } from '../rule.js';
import { isMailClient, type Listener, type Mode, type Setup } from '../setup.js';
import { feedService } from './templates.js';

const MODES: readonly Mode[] = ['after-queue', 'ready'];
const STOCK = new Set(['smtp', 'lmtp', 'relay']);
/** Levels of smtp_tls_security_level that give up rather than send in the clear. */
const DEMANDING = new Set(['encrypt', 'dane-only', 'fingerprint', 'verify', 'secure']);

export const feedRules: readonly Rule[] = [
  {
    code: 'feed-client',
    part: 'feed',
    severity: 'error',
    modes: MODES,
    wanted: 'the transport is an lmtp or smtp client',
    why: 'amavis takes mail by SMTP or LMTP only, at the address that content_filter names.',
    judge: (setup) => setup.feeds.map((feed) => judgeClient(feed, setup)),
  },
  {
    code: 'feed-dedicated',
    part: 'feed',
    severity: 'warning',
    modes: MODES,
    wanted: 'a service of its own',
    why: 'The limits that the filter needs would hold for all mail that the stock service carries.',
    judge: (setup) =>
      setup.feeds.filter(({ service }) => isMailClient(service)).map((feed) => judgeDedicated(feed, setup)),
  },
  {
    code: 'feed-maxproc',
    problem: 'filter-saturated',
    part: 'feed',
    severity: 'warning',
    modes: MODES,
    wanted: 'maxproc not above $max_servers',
    why: 'A connection that finds every amavis child busy gets no greeting: mail is deferred and delivery slows down.',
    judge: judgeProcesses,
  },
  {
    code: 'feed-prefix',
    part: 'feed',
    severity: 'warning',
    modes: MODES,
    wanted: 'lmtp_ options for an lmtp client, smtp_ options for an smtp client',
    why: "An option with the other client's prefix has no effect.",
    judge: (setup) => dedicated(setup).flatMap(judgePrefixes),
  },
  {
    code: 'feed-timeout',
    problem: 'duplicate-delivery',
    part: 'feed',
    severity: 'warning',
    modes: MODES,
    wanted: 'data_done_timeout at least twice $child_timeout (1200 against 480)',
    why: 'Postfix that gives up while amavis still works sends the message again: it may arrive twice.',
    judge: (setup) => dedicated(setup).flatMap((feed) => judgeTimeout(feed, setup)),
  },
  ...optionRules(
    'feed',
    (setup) => dedicated(setup).filter((feed) => !isMisnamed(feed, 'send_xforward_command')),
    [
      {
        code: 'feed-xforward',
        problem: 'xforward-off',
        severity: 'warning',
        modes: MODES,
        parameter: ({ service }) => `${service.command}_send_xforward_command`,
        value: 'yes',
        why: 'Without it amavis sees every client as 127.0.0.1: no policy bank by client, no pen pals, no queue id in its log.',
      },
    ],
  ),
  ...optionRules('feed', dedicated, [
    {
      code: 'feed-dns',
      severity: 'info',
      modes: MODES,
      parameter: 'disable_dns_lookups',
      value: 'yes',
      why: 'The filter is at a fixed address, three DNS lookups for it are spent for nothing.',
      fits: (value, { instance, service }) =>
        value === 'yes' || parameter(instance, 'smtp_dns_support_level', service).value === 'disabled',
    },
    {
      code: 'feed-max-use',
      severity: 'info',
      modes: MODES,
      parameter: 'max_use',
      value: '20',
      why: 'The client need not live long; the guide retires it after 20 uses.',
      fits: (value) => Number(value) > 0 && Number(value) <= 20,
    },
  ]),
  {
    code: 'feed-tls',
    problem: 'feed-tls',
    part: 'feed',
    severity: 'error',
    modes: MODES,
    wanted: 'no TLS demanded on the way to amavis',
    why: 'amavis offers no TLS unless it is told to: mail is deferred with "TLS is required, but was not offered".',
    judge: (setup) => dedicated(setup).flatMap((feed) => judgeTls(feed, setup)),
  },
  {
    code: 'feed-bind',
    problem: 'filter-acl',
    part: 'feed',
    severity: 'error',
    modes: MODES,
    wanted: 'connections to amavis come from an address that @inet_acl allows',
    why: 'amavis closes connections from other addresses ("DENIED ACCESS from IP"), and mail is deferred.',
    judge: (setup) => dedicated(setup).flatMap((feed) => judgeSource(feed, setup)),
  },
];

/** The feeds whose own options can be judged: on a stock service they would hold for other mail as well. */
function dedicated(setup: Setup): Listener[] {
  return setup.feeds.filter(({ service }) => isMailClient(service) && !STOCK.has(service.name));
}

function judgeClient({ instance, service }: Listener, setup: Setup): Verdict {
  const found = `${service.name} is a ${service.command} client`;
  if (isMailClient(service)) return { is: 'fine', found, place: service.place };
  return {
    is: 'wrong',
    found: `${service.name} runs ${service.command}`,
    place: service.place,
    fix: { line: feedService(service.name, servers(setup) ?? 2), in: instance.masterFile },
  };
}

function judgeDedicated({ instance, service }: Listener, setup: Setup): Verdict {
  if (!STOCK.has(service.name)) return { is: 'fine', found: service.name, place: service.place };
  return {
    is: 'wrong',
    found: `the filter is fed by the stock service ${service.name}`,
    place: setup.routes.find((route) => route.service === service)?.place ?? service.place,
    fix: { line: feedService('amavisfeed', servers(setup) ?? 2), in: instance.masterFile },
    wanted: 'a service of its own, and content_filter = amavisfeed:…',
  };
}

function judgeProcesses(setup: Setup): Verdict[] {
  const limits = dedicated(setup).map((feed) => ({ feed, limit: processLimit(feed, setup) }));
  const maximum = servers(setup);
  const verdicts = limits.map(({ feed, limit }): Verdict => {
    const { service } = feed;
    const text = `maxproc ${service.maxproc}${service.maxproc === '-' ? ` (default_process_limit, ${limit ?? 'unknown'})` : ''}`;
    if (maximum === undefined || limit === undefined) {
      const reading = setup.amavis?.maxServers;
      const why = reading === undefined ? 'no amavisd.conf was found' : reading.known ? '' : reading.why;
      return {
        is: 'unknown',
        found: `${text} against an unknown $max_servers: ${why}`,
        place: service.place,
      };
    }
    if (limit <= maximum)
      return { is: 'fine', found: `${text}, $max_servers ${maximum}`, place: service.place };
    const found = `${limit === Number.POSITIVE_INFINITY ? 'maxproc 0 (no limit)' : text}, $max_servers is ${maximum}`;
    return { is: 'wrong', found, place: service.place, fix: columnFix(feed, 6, String(maximum)) };
  });
  const total = limits.reduce((sum, { limit }) => sum + (limit ?? 0), 0);
  const last = limits.at(-1);
  if (
    maximum !== undefined &&
    last !== undefined &&
    total > maximum &&
    verdicts.every(({ is }) => is === 'fine')
  ) {
    const found = `the feeds together may open ${total} connections, $max_servers is ${maximum}`;
    const fix = { line: `$max_servers = ${total};`, in: setup.amavis?.files.at(-1) ?? 'amavisd.conf' };
    return [...verdicts, { is: 'wrong', found, place: last.feed.service.place, fix }];
  }
  return verdicts;
}

/** How many connections a feed may have open at once; undefined where a number can't be told. */
function processLimit({ instance, service }: Listener, setup: Setup): number | undefined {
  const written =
    service.maxproc === '-' ? parameter(instance, 'default_process_limit').value : service.maxproc;
  const processes = limitOf(written);
  const destinations = new Set(
    setup.routes.flatMap((route) =>
      route.service === service && route.endpoint !== undefined ? [showEndpoint(route.endpoint)] : [],
    ),
  );
  const concurrency = parameter(instance, `${service.name}_destination_concurrency_limit`);
  if (processes === undefined || concurrency.place === null || destinations.size !== 1) return processes;
  return Math.min(processes, limitOf(concurrency.value) ?? processes);
}

function limitOf(text: string | null): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined;
  return text === '0' ? Number.POSITIVE_INFINITY : Number(text);
}

/** The command's prefix, and the one that it does not read. */
function prefixes({ service }: Listener): { own: string; other: string } {
  return service.command === 'lmtp' ? { own: 'lmtp_', other: 'smtp_' } : { own: 'smtp_', other: 'lmtp_' };
}

/** Whether the option is there under the other client's name only: feed-prefix speaks of it. */
function isMisnamed(feed: Listener, name: string): boolean {
  const { own, other } = prefixes(feed);
  return feed.service.options.has(other + name) && !feed.service.options.has(own + name);
}

function judgePrefixes(feed: Listener): Verdict[] {
  const { own, other } = prefixes(feed);
  const { service, instance } = feed;
  // smtp_dns_support_level has no lmtp_ twin in every version, and both clients read it.
  const wrong = [...service.options.values()].filter(
    ({ name }) => name.startsWith(other) && name !== 'smtp_dns_support_level',
  );
  if (wrong.length === 0) {
    return [
      {
        is: 'fine',
        found: `${service.name}: a ${service.command} client with ${own} options`,
        place: service.place,
      },
    ];
  }
  return wrong.map(({ name, value, place }) => ({
    is: 'wrong',
    found: `-o ${name}=${value} for a ${service.command} client`,
    place,
    fix: {
      line: `    -o ${own}${name.slice(other.length)}=${value}`,
      in: `${instance.masterFile}${place.line === null ? '' : `, in place of line ${place.line}`}`,
    },
  }));
}

function judgeTimeout(feed: Listener, setup: Setup): Verdict[] {
  if (isMisnamed(feed, 'data_done_timeout')) return [];
  const name = `${feed.service.command}_data_done_timeout`;
  const found = parameter(feed.instance, name, feed.service);
  const place = found.origin === 'default' ? feed.service.place : found.place;
  const seconds = found.value === null ? undefined : secondsOf(found.value);
  const child = setup.amavis?.childTimeout;
  if (child?.known !== true || seconds === undefined) {
    return [{ is: 'unknown', found: `${describe(found)} against an unknown $child_timeout`, place }];
  }
  const text = `${describe(found)}, $child_timeout is ${child.value}`;
  if (seconds >= 2 * child.value) return [{ is: 'fine', found: text, place }];
  const wanted = Math.max(1200, Math.ceil(2.5 * child.value));
  return [
    {
      is: 'wrong',
      found: text,
      place,
      fix: optionFix(feed, name, String(wanted)),
      severity: seconds <= child.value ? 'error' : 'warning',
    },
  ];
}

function judgeTls(feed: Listener, setup: Setup): Verdict[] {
  const { own } = prefixes(feed);
  const level = parameter(feed.instance, `${own}tls_security_level`, feed.service);
  const enforce = parameter(feed.instance, `${own}enforce_tls`, feed.service);
  const wrapper = parameter(feed.instance, `${own}tls_wrappermode`, feed.service);
  const offered = setup.amavis?.tlsIn;
  const place = (one: typeof level) => one.place ?? feed.service.place;
  if (wrapper.value === 'yes') {
    return [
      {
        is: 'wrong',
        found: describe(wrapper),
        place: place(wrapper),
        fix: optionFix(feed, wrapper.name, 'no'),
      },
    ];
  }
  const demands = DEMANDING.has(level.value ?? '') || (level.value === '' && enforce.value === 'yes');
  const which = enforce.value === 'yes' && level.value === '' ? enforce : level;
  if (!demands) return [{ is: 'fine', found: describe(level), place: place(level) }];
  if (offered?.known === true && offered.value !== null) {
    const found = `${describe(which)}, and amavis offers TLS ($tls_security_level_in = '${offered.value}')`;
    return [{ is: 'fine', found, place: place(which) }];
  }
  return [
    { is: 'wrong', found: describe(which), place: place(which), fix: optionFix(feed, level.name, 'none') },
  ];
}

function judgeSource(feed: Listener, setup: Setup): Verdict[] {
  const route = setup.routes.find(({ service }) => service === feed.service);
  // Only connections to this machine come from its loopback address.
  if (route?.endpoint?.kind === 'inet' && !isLoopback(route.endpoint.host)) return [];
  const name = `${feed.service.command}_bind_address`;
  const bind = parameter(feed.instance, name, feed.service);
  const only = interfaces(feed.instance);
  const single = only?.length === 1 ? only[0] : undefined;
  const inherited = single !== undefined && isIP(single) === 4 && !isLoopback(single) ? single : undefined;
  const source = bind.value === '' || bind.value === null ? inherited : bind.value;
  const place = bind.place ?? feed.service.place;
  if (source === undefined) return [{ is: 'fine', found: describe(bind), place }];
  const found = bind.value === '' ? `inet_interfaces = ${source} is the source address too` : describe(bind);
  if (isLoopback(source)) return [{ is: 'fine', found, place }];
  const acl = setup.amavis?.inetAcl;
  if (acl?.known === true && allows(acl.value, source))
    return [{ is: 'fine', found: `${found}, in @inet_acl`, place }];
  if (acl?.known === false)
    return [{ is: 'unknown', found: `${found}, and @inet_acl is unknown: ${acl.why}`, place }];
  return [{ is: 'wrong', found, place, fix: optionFix(feed, name, '127.0.0.1') }];
}

function servers(setup: Setup): number | undefined {
  const reading = setup.amavis?.maxServers;
  return reading?.known === true ? reading.value : undefined;
}
