import { allows } from '../amavis/acl.js';
import type { AmavisSettings } from '../amavis/settings.js';
import { isLoopback } from '../endpoint.js';
import { showPlace } from '../place.js';
import { parameter } from '../postfix/instance.js';
import { ALL_MODES, assignment, type Rule, type Verdict } from '../rule.js';
import { firstPass, type Mode, type Setup } from '../setup.js';
import { isUsed } from './return.js';

const TCP: readonly Mode[] = ['after-queue', 'before-queue', 'ready'];
const FILTERED: readonly Mode[] = ['after-queue', 'before-queue', 'milter', 'ready'];

export const filterRules: readonly Rule[] = [
  {
    code: 'filter-unread',
    part: 'filter',
    severity: 'info',
    modes: ALL_MODES.filter((mode) => mode !== 'none'),
    wanted: 'the whole of amavisd.conf can be read',
    why: "What could not be read may set anything anew, so amavis' settings count as unknown.",
    judge: judgeReading,
  },
  {
    code: 'filter-listen',
    problem: 'filter-refused',
    part: 'filter',
    severity: 'error',
    modes: TCP,
    wanted: '$inet_socket_port = 10024;',
    why: 'Without a port amavis listens on no TCP address at all.',
    judge: (setup) => withAmavis(setup, judgePort),
  },
  {
    code: 'filter-acl',
    problem: 'filter-acl',
    part: 'filter',
    severity: 'error',
    modes: TCP,
    wanted: '@inet_acl has the address that Postfix connects from',
    why: 'amavis closes connections from other addresses ("DENIED ACCESS from IP"), and mail is deferred.',
    judge: (setup) => withAmavis(setup, judgeAcl),
  },
  {
    code: 'filter-size',
    problem: 'feed-size-advertised',
    part: 'filter',
    severity: 'error',
    modes: TCP,
    wanted: '$smtpd_message_size_limit not below message_size_limit of Postfix',
    why: 'Mail that Postfix has accepted and that amavis finds too big is bounced.',
    judge: (setup) => withAmavis(setup, judgeSize),
  },
  {
    code: 'filter-reject',
    problem: 'reject-after-queue',
    part: 'filter',
    severity: 'warning',
    modes: ['after-queue', 'ready'],
    wanted: 'D_DISCARD, D_BOUNCE or D_PASS after the queue',
    why: 'D_REJECT makes Postfix send the bounce, to a sender who is forged as a rule (backscatter).',
    judge: (setup) => withAmavis(setup, judgeDestinies),
  },
  {
    code: 'filter-local-domains',
    problem: 'open-relay-policy',
    part: 'filter',
    severity: 'info',
    modes: FILTERED,
    wanted: '@local_domains_maps names your domains',
    why: 'Recipients that are not local get no spam headers, and amavis logs RelayedOpenRelay.',
    judge: (setup) => withAmavis(setup, judgeLocalDomains),
  },
  {
    code: 'filter-syslog',
    part: 'filter',
    severity: 'warning',
    modes: FILTERED,
    wanted: '$DO_SYSLOG = 1;',
    why: 'With a log of its own amavis says nothing in the mail log, and traces have no verdict.',
    judge: (setup) => withAmavis(setup, judgeSyslog),
  },
  {
    code: 'filter-log-level',
    part: 'filter',
    severity: 'info',
    modes: FILTERED,
    wanted: '$log_level from 0 to 4',
    why: 'At level 5 amavis logs every SMTP command; syslog may drop lines, and traces have gaps.',
    judge: (setup) => withAmavis(setup, judgeLogLevel),
  },
  {
    code: 'filter-template',
    part: 'filter',
    severity: 'info',
    modes: FILTERED,
    wanted: "amavis' own $log_templ",
    why: 'Lines by another template are only read with a pattern for them (--patterns DIR).',
    judge: (setup) => withAmavis(setup, judgeTemplate),
  },
];

type Judge = (amavis: AmavisSettings, setup: Setup) => readonly Verdict[];

function withAmavis(setup: Setup, judge: Judge): readonly Verdict[] {
  return setup.amavis === null || setup.amavis.gaps.length > 0 ? [] : judge(setup.amavis, setup);
}

function judgeReading({ amavis, configuration }: Setup): Verdict[] {
  if (amavis === null) {
    const looked = configuration.amavisFiles.join(', ');
    return [
      { is: 'unknown', found: `no amavisd.conf at ${looked}; name it with --amavisd-conf`, place: null },
    ];
  }
  if (amavis.gaps.length === 0) {
    return [
      {
        is: 'fine',
        found: `read ${amavis.files.length} files, the last ${amavis.files.at(-1)}`,
        place: null,
      },
    ];
  }
  return amavis.gaps.map(({ place, why }) => ({ is: 'unknown', found: why, place }));
}

function judgePort(amavis: AmavisSettings, { routes }: Setup): Verdict[] {
  const { listens } = amavis;
  // A site that feeds amavis by a socket of the file system needs no port.
  if (routes.length > 0 && routes.every(({ endpoint }) => endpoint?.kind === 'unix')) return [];
  if (!listens.known) {
    return [
      {
        is: 'unknown',
        found: `$inet_socket_port or $inet_socket_bind: ${listens.why}`,
        place: listens.place,
      },
    ];
  }
  const ports = [...new Set(listens.value.map(({ port }) => port))].join(', ');
  if (ports !== '') return [{ is: 'fine', found: `$inet_socket_port: ${ports}`, place: listens.place }];
  return [
    {
      is: 'wrong',
      found: 'neither $inet_socket_port nor @listen_sockets has a TCP port',
      place: listens.place,
      fix: assignment(amavis, '$inet_socket_port = 10024;'),
    },
  ];
}

function judgeAcl(amavis: AmavisSettings, setup: Setup): Verdict[] {
  const { inetAcl } = amavis;
  if (!inetAcl.known) return [{ is: 'unknown', found: `@inet_acl: ${inetAcl.why}`, place: inetAcl.place }];
  const endpoints = [...setup.routes, ...setup.proxies].map(({ endpoint }) => endpoint);
  const hosts = endpoints.flatMap((endpoint) => (endpoint?.kind === 'inet' ? [endpoint.host] : []));
  // From another machine Postfix comes with an address of its own, which these files do not tell.
  if (hosts.length > 0 && !hosts.some(isLoopback)) return [];
  const source = hosts.includes('::1') ? '::1' : '127.0.0.1';
  const found = `@inet_acl = ${inetAcl.value.join(' ')}${inetAcl.place === null ? ' (built-in)' : ''}`;
  if (allows(inetAcl.value, source)) return [{ is: 'fine', found, place: inetAcl.place }];
  const shown = source === '::1' ? '[::1]' : source;
  const fix = assignment(amavis, `@inet_acl = qw( ${[shown, ...inetAcl.value].join(' ')} );`);
  return [{ is: 'wrong', found: `${found}, without ${shown}`, place: inetAcl.place, fix }];
}

function judgeSize(amavis: AmavisSettings, setup: Setup): Verdict[] {
  const { sizeLimit } = amavis;
  const name = '$smtpd_message_size_limit';
  if (!sizeLimit.known)
    return [{ is: 'unknown', found: `${name}: ${sizeLimit.why}`, place: sizeLimit.place }];
  if (sizeLimit.value === null || sizeLimit.value === 0) {
    return [{ is: 'fine', found: `${name} is not set: no limit`, place: sizeLimit.place }];
  }
  const limit = sizeLimit.value;
  return firstPass(setup).flatMap(({ instance, service }, index, all): Verdict[] => {
    const front = parameter(instance, 'message_size_limit', service).value;
    if (front === null || !/^\d+$/.test(front)) return [];
    const same = all.findIndex(
      (one) => parameter(one.instance, 'message_size_limit', one.service).value === front,
    );
    if (same !== index) return [];
    const found = `${name} = ${limit}, message_size_limit = ${front === '0' ? '0 (none)' : front}`;
    if (front !== '0' && limit >= Number(front)) return [{ is: 'fine', found, place: sizeLimit.place }];
    const line = front === '0' ? `${name} = undef;` : `${name} = ${front};`;
    return [{ is: 'wrong', found, place: sizeLimit.place, fix: assignment(amavis, line) }];
  });
}

function judgeDestinies(amavis: AmavisSettings, setup: Setup): Verdict[] {
  const rejects = amavis.destinies.filter(({ value }) => value === 'D_REJECT');
  const wrong = rejects.map(
    ({ name, value, place }): Verdict => ({
      is: 'wrong',
      found: `${name} = ${value}`,
      place,
      fix: assignment(amavis, `${name} = ${instead(name)};`),
    }),
  );
  const ofBanks = amavis.banks.filter(({ name }) => isUsed(name, setup));
  for (const { name, value, place } of ofBanks.flatMap(({ destinies }) => destinies)) {
    if (value !== 'D_REJECT') continue;
    const [key = ''] = name.split(' ');
    const fix = { line: `  ${key} => ${instead(key)},`, in: `${showPlace(place)}, in place of ${key}` };
    wrong.push({ is: 'wrong', found: `${name} is ${value}`, place, fix });
  }
  const unknown = amavis.unknownDestinies.map(
    ({ name, place }): Verdict => ({
      is: 'unknown',
      found: `${name}: what it comes to can't be told from the files`,
      place,
    }),
  );
  if (wrong.length + unknown.length > 0) return [...wrong, ...unknown];
  return [{ is: 'fine', found: 'no $final_…_destiny is D_REJECT', place: null }];
}

function instead(destiny: string): string {
  return destiny.includes('final_bad_header_destiny') ? 'D_PASS' : 'D_DISCARD';
}

function judgeLocalDomains(amavis: AmavisSettings): Verdict[] {
  const { localDomains } = amavis;
  if (localDomains.known && localDomains.value) {
    return [{ is: 'fine', found: 'local domains are set', place: localDomains.place }];
  }
  const place = localDomains.place;
  if (!localDomains.known)
    return [{ is: 'unknown', found: `@local_domains_maps: ${localDomains.why}`, place }];
  const fix = assignment(
    amavis,
    '@local_domains_maps = ( [".example.com"] );  # your domains, each with a dot before it',
  );
  return [{ is: 'wrong', found: 'no domain is said to be local', place, fix }];
}

function judgeSyslog(amavis: AmavisSettings): Verdict[] {
  const { syslog } = amavis;
  if (!syslog.known) return [{ is: 'unknown', found: `$DO_SYSLOG: ${syslog.why}`, place: syslog.place }];
  if (syslog.value === null) return [{ is: 'fine', found: '$DO_SYSLOG is not set', place: null }];
  if (syslog.value) return [{ is: 'fine', found: '$DO_SYSLOG = 1', place: syslog.place }];
  return [
    {
      is: 'wrong',
      found: '$DO_SYSLOG = 0',
      place: syslog.place,
      fix: assignment(amavis, '$DO_SYSLOG = 1;'),
    },
  ];
}

function judgeLogLevel(amavis: AmavisSettings): Verdict[] {
  const { logLevel } = amavis;
  if (!logLevel.known)
    return [{ is: 'unknown', found: `$log_level: ${logLevel.why}`, place: logLevel.place }];
  const found = `$log_level = ${logLevel.value}`;
  if (logLevel.value < 5) return [{ is: 'fine', found, place: logLevel.place }];
  return [
    {
      is: 'wrong',
      found,
      place: logLevel.place,
      fix: assignment(amavis, '$log_level = 1;'),
    },
  ];
}

function judgeTemplate(amavis: AmavisSettings): Verdict[] {
  const { logTemplate } = amavis;
  const place = logTemplate.place;
  if (!logTemplate.known) return [{ is: 'unknown', found: `$log_templ: ${logTemplate.why}`, place }];
  if (logTemplate.value === 'built-in') return [{ is: 'fine', found: "amavis' own $log_templ", place }];
  return [{ is: 'wrong', found: "$log_templ is the site's own", place, fix: null }];
}
