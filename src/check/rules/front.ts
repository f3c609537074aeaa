import { isIP } from 'node:net';
import { type Endpoint, type InetEndpoint, showEndpoint } from '../endpoint.js';
import { type Fix, type Rule, serviceName, type Verdict } from '../rule.js';
import { amavisAt, type ProxyFilter, type Route, type Setup } from '../setup.js';
import { feedService } from './templates.js';

export const frontRules: readonly Rule[] = [
  {
    code: 'front-setup',
    part: 'front',
    severity: 'info',
    modes: ['after-queue', 'before-queue', 'milter', 'ready', 'none'],
    wanted: 'mail is handed to amavis',
    why: 'What is wired how decides which of the other rules apply.',
    judge: (setup) => [...describeSetup(setup), ...describeOthers(setup), ...describeUnknown(setup)],
  },
  {
    code: 'front-transport',
    problem: 'transport-missing',
    part: 'front',
    severity: 'error',
    modes: ['after-queue'],
    wanted: 'content_filter names a transport of master.cf',
    why: 'Without it qmgr logs "connect to transport private/…: No such file or directory" and defers all mail.',
    judge: (setup) => setup.routes.map((route) => judgeTransport(route, setup)),
  },
  {
    code: 'front-address',
    problem: 'filter-wrong-port',
    part: 'front',
    severity: 'error',
    modes: ['after-queue', 'before-queue'],
    wanted: 'the filter is addressed where amavis listens',
    why: 'Mail that is sent to another port is deferred with "Connection refused", or filtered by something else.',
    judge: (setup) => [...setup.routes, ...setup.proxies].flatMap((way) => judgeAddress(way, setup)),
  },
  {
    code: 'front-literal',
    problem: 'filter-ipv6-first',
    part: 'front',
    severity: 'warning',
    modes: ['after-queue', 'before-queue'],
    wanted: 'the address in brackets, [127.0.0.1] rather than localhost',
    why: 'localhost may be ::1, where amavis need not listen; without brackets the name costs DNS lookups.',
    judge: (setup) => [...setup.routes, ...setup.proxies].flatMap(judgeLiteral),
  },
  {
    code: 'front-tables',
    part: 'front',
    severity: 'info',
    modes: ['after-queue', 'before-queue', 'milter', 'ready', 'none'],
    wanted: 'every table that may hold FILTER can be read',
    why: 'FILTER in an access or header_checks table overrides content_filter; these tables were not looked into.',
    judge: (setup) =>
      setup.configuration.instances
        .flatMap(({ unreadTables }) => unreadTables)
        .map((table) => ({
          is: 'unknown',
          found: `${table.type}:${table.name} in ${table.parameter} can't be read`,
          place: table.place,
        })),
  },
];

function describeSetup(setup: Setup): Verdict[] {
  const { routes, proxies, milters, feeds } = setup;
  switch (setup.mode) {
    case 'after-queue':
      return routes.map((route) => ({
        is: 'fine',
        found: `filtering after the queue by ${route.value}`,
        place: route.place,
      }));
    case 'before-queue':
      return proxies.map(({ service, value, place }) => ({
        is: 'fine',
        found: `filtering before the queue: smtpd_proxy_filter=${value} for ${serviceName(service)}`,
        place,
      }));
    case 'milter':
      return milters.map(({ value, place }) => ({
        is: 'fine',
        found: `filtering by a milter: ${value}`,
        place,
      }));
    case 'ready': {
      if (setup.unknownFilters.length > 0) return [];
      const feed = feeds[0];
      const to = setup.amavis?.listens.known === true ? setup.amavis.listens.value[0] : undefined;
      const line = `content_filter = ${feed?.service.name ?? 'amavisfeed'}:${nexthop(to)}`;
      return [
        {
          is: 'wrong',
          found: `the transport ${feed?.service.name} is there, and no content_filter uses it: mail is not filtered`,
          place: feed?.service.place ?? null,
          fix: feed === undefined ? null : { line, in: feed.instance.mainFile },
        },
      ];
    }
    case 'none':
      return setup.unknownFilters.length > 0 ? [] : describeNone(setup);
  }
}

function describeNone({ otherFilters, otherMilters }: Setup): Verdict[] {
  const milters = otherMilters.map(
    ({ value, place }): Verdict => ({
      is: 'unknown',
      found: `smtpd_milters = ${value}: whether amavis is behind it can't be told from its name`,
      place,
    }),
  );
  if (milters.length > 0 || otherFilters.length > 0) return milters;
  const found =
    'no content_filter, no FILTER, no smtpd_proxy_filter and no milter of amavis: mail is not filtered';
  return [{ is: 'wrong', found, place: null, fix: null }];
}

/** Filters that are not amavis are named, so that it is seen that they are not judged. */
function describeOthers({ otherFilters, mode }: Setup): Verdict[] {
  return otherFilters.map(({ value, place }) => ({
    is: mode === 'none' ? 'unknown' : 'fine',
    found: `${value} leads to something else than amavis`,
    place,
  }));
}

function describeUnknown({ unknownFilters }: Setup): Verdict[] {
  return unknownFilters.map((filter) => ({
    is: 'unknown',
    found: `content_filter = ${filter.raw}: can't be told from the files`,
    place: filter.place,
  }));
}

function judgeTransport(route: Route, setup: Setup): Verdict {
  const { service, transport, place, value } = route;
  if (service !== undefined) {
    return { is: 'fine', found: `${value}: ${transport} is a ${service.command} client`, place };
  }
  const servers = setup.amavis?.maxServers;
  return {
    is: 'wrong',
    found: `${value}: there is no service "${transport} unix" in master.cf`,
    place,
    fix: {
      line: feedService(transport, servers?.known === true ? servers.value : 2),
      in: route.instance.masterFile,
    },
  };
}

function judgeAddress(way: Route | ProxyFilter, setup: Setup): Verdict[] {
  const { value, place, endpoint } = way;
  const listens = setup.amavis?.listens;
  if (endpoint === undefined) {
    const to = listens?.known === true ? listens.value[0] : undefined;
    return [{ is: 'wrong', found: `${value} names no address and port`, place, fix: routeFix(way, to) }];
  }
  if (setup.amavis === null) {
    return [{ is: 'unknown', found: `${value}: no amavisd.conf was found to compare with`, place }];
  }
  if (endpoint.kind === 'unix') {
    return [{ is: 'unknown', found: `${value}: sockets of the file system are not compared`, place }];
  }
  if (listens?.known !== true) {
    const why = listens === undefined ? '' : `, ${listens.why}`;
    return [{ is: 'unknown', found: `${value}: where amavis listens is unknown${why}`, place }];
  }
  // With no port at all it is amavis that has to be told; filter-listen does.
  if (listens.value.length === 0) return [];
  if (amavisAt(setup.amavis, endpoint) !== undefined) {
    return [{ is: 'fine', found: `${value}: amavis listens there`, place }];
  }
  if (isIP(endpoint.host) === 0 && endpoint.host.toLowerCase() !== 'localhost') {
    const found = `${value}: whether ${endpoint.host} is where amavis listens can't be told from the files`;
    return [{ is: 'unknown', found, place }];
  }
  const where = listens.value.map((one) => showEndpoint(one)).join(' and ');
  return [
    {
      is: 'wrong',
      found: `${value}, and amavis listens on ${where}`,
      place,
      fix: routeFix(way, listens.value[0]),
    },
  ];
}

function judgeLiteral(way: Route | ProxyFilter): Verdict[] {
  const { value, place, endpoint } = way;
  if (endpoint?.kind !== 'inet') return [];
  const isName = isIP(endpoint.host) === 0;
  // smtpd connects to a proxy without looking for MX records, so brackets make no difference there.
  const bracketed = endpoint.bracketed || !('transport' in way);
  if (bracketed && endpoint.host.toLowerCase() !== 'localhost') return [{ is: 'fine', found: value, place }];
  const host = isName && endpoint.host.toLowerCase() === 'localhost' ? '127.0.0.1' : endpoint.host;
  return [{ is: 'wrong', found: value, place, fix: routeFix(way, { ...endpoint, host }) }];
}

/** The line that names the filter, with another address in it. */
function routeFix(way: Route | ProxyFilter, to: InetEndpoint | undefined): Fix {
  const { instance, place } = way;
  const line = place.line === null ? place.file : `${place.file}, in place of line ${place.line}`;
  if (!('transport' in way)) {
    const under = `under ${serviceName(way.service)}`;
    return { line: `    -o smtpd_proxy_filter=${nexthop(to)}`, in: `${instance.masterFile}, ${under}` };
  }
  const value = `${way.transport}:${nexthop(to)}`;
  if (way.by === 'main') return { line: `content_filter = ${value}`, in: line };
  return { line: way.by === 'option' ? `    -o content_filter=${value}` : `FILTER ${value}`, in: line };
}

function nexthop(to: InetEndpoint | undefined): string {
  const host = to === undefined || to.host === '' || to.host === '0.0.0.0' ? '127.0.0.1' : to.host;
  const endpoint: Endpoint = { kind: 'inet', host, bracketed: true, port: to?.port ?? 10_024 };
  return showEndpoint(endpoint);
}
