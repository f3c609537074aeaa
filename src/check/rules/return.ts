import { isIP } from 'node:net';
import { type InetEndpoint, isLoopback, parseEndpoint, reaches, showEndpoint } from '../endpoint.js';
import { serviceAddress } from '../postfix/address.js';
import { findService, listOf, parameter } from '../postfix/instance.js';
import {
  assignment,
  columnFix,
  describe,
  type Fix,
  optionFix,
  type Rule,
  serviceName,
  type Verdict,
} from '../rule.js';
import {
  amavisAt,
  firstPass,
  type Listener,
  lookalikes,
  type Mode,
  type Setup,
  type WayOut,
} from '../setup.js';
import { returnService } from './templates.js';

const MODES: readonly Mode[] = ['after-queue', 'before-queue', 'ready'];

/** The way back as such: that it is there, ends there, and is open to amavis alone. Its options: return-options.ts. */
export const returnRules: readonly Rule[] = [
  {
    code: 'reinject-forward',
    problem: 'reinject-refused',
    part: 'reinjection',
    severity: 'error',
    modes: MODES,
    wanted: 'an smtpd service where $forward_method sends',
    why: 'Without it amavis can hand nothing back: "connect to … failed, Connection refused", and all mail is deferred.',
    judge: (setup) => judgeWays(setup, 'forward'),
  },
  {
    code: 'reinject-notify',
    problem: 'dsn-failed',
    part: 'reinjection',
    severity: 'error',
    modes: [...MODES, 'milter'],
    wanted: 'an smtpd service where $notify_method sends',
    why: 'Without it amavis can send no notice, and mail that calls for one fails ("delivery-notification FAILED").',
    judge: (setup) => judgeWays(setup, 'notify'),
  },
  {
    code: 'reinject-postscreen',
    part: 'reinjection',
    severity: 'error',
    modes: MODES,
    wanted: 'smtpd itself, no postscreen before it',
    why: 'postscreen greets late, may turn amavis away and knows no XFORWARD.',
    judge: (setup) => setup.returns.map(judgeCommand),
  },
  {
    code: 'reinject-loop',
    problem: 'filter-loop',
    part: 'reinjection',
    severity: 'error',
    modes: MODES,
    wanted: 'content_filter= (empty)',
    why: 'With the filter still on, what comes back is sent to it again, until "too many hops".',
    judge: (setup) => smtpds(setup).map((way) => judgeLoop(way, setup)),
  },
  {
    code: 'reinject-public',
    part: 'reinjection',
    severity: 'error',
    modes: MODES,
    wanted: 'bound to the loopback interface only',
    why: 'Whoever reaches this port hands in mail that is not filtered.',
    judge: (setup) => setup.returns.map((way) => judgeInterface(way, setup)),
  },
  {
    code: 'reinject-mynetworks',
    problem: 'reinject-rejected',
    part: 'reinjection',
    severity: 'warning',
    modes: MODES,
    wanted: 'mynetworks=127.0.0.0/8',
    why: 'permit_mynetworks must let amavis in and nobody else.',
    judge: (setup) => smtpds(setup).map((way) => judgeNetworks(way, setup)),
  },
  {
    code: 'reinject-size',
    problem: 'reinject-too-big',
    part: 'reinjection',
    severity: 'error',
    modes: MODES,
    wanted: 'message_size_limit not below that of the front',
    why: 'Mail that the front took in and that is too big for the way back is bounced.',
    judge: (setup) => smtpds(setup).flatMap((way) => judgeSize(way, setup)),
  },
];

/** The ways back that are smtpd: the options of another daemon are not theirs. */
export function smtpds(setup: Setup): Listener[] {
  return setup.returns.filter(({ service }) => service.command === 'smtpd');
}

function judgeWays(setup: Setup, kind: WayOut['kind']): Verdict[] {
  const reading = kind === 'forward' ? setup.amavis?.forward : setup.amavis?.notify;
  const name = kind === 'forward' ? '$forward_method' : '$notify_method';
  if (reading === undefined) {
    return [{ is: 'unknown', found: `${name} is unknown: no amavisd.conf was found`, place: null }];
  }
  if (!reading.known) {
    return [{ is: 'unknown', found: `${name} is unknown: ${reading.why}`, place: reading.place }];
  }
  const ways = setup.waysOut.filter((way) => way.kind === kind && isUsed(way.bank, setup));
  // A notice that goes where the mail goes needs no second complaint.
  const forwards =
    kind === 'notify' && setup.mode !== 'milter' ? setup.waysOut.filter((way) => way.kind === 'forward') : [];
  return ways
    .filter((way) => way.listeners.length > 0 || !forwards.some((other) => sameTarget(other, way)))
    .map((way) => judgeWay(way, setup));
}

function sameTarget(a: WayOut, b: WayOut): boolean {
  return a.target !== null && b.target !== null && showEndpoint(a.target) === showEndpoint(b.target);
}

/** Banks that no port has may never be in force; MYNETS is, by the client's address. */
export function isUsed(bank: string | null, { amavis }: Setup): boolean {
  if (bank === null || bank === 'MYNETS' || amavis === null) return true;
  const ports = amavis.listens.known ? amavis.listens.value.map(({ port }) => String(port)) : [];
  return ports.some((port) => amavis.interfaceBanks.get(port) === bank);
}

function judgeWay(way: WayOut, setup: Setup): Verdict {
  const { method, place, target, listeners } = way;
  const text = `${way.name} = '${method.text}'${place === null ? ' (not set, the built-in value)' : ''}`;
  if (target === null)
    return { is: 'unknown', found: `${text} names no SMTP server that can be looked for`, place };
  const [listener] = listeners;
  if (listener !== undefined) {
    return {
      is: 'fine',
      found: `${text}: ${serviceName(listener.service)} listens there`,
      place: listener.service.place,
    };
  }
  if (isIP(target.host) === 0 && !isLoopback(target.host)) {
    return {
      is: 'unknown',
      found: `${text}: whether ${target.host} is this machine can't be told from the files`,
      place,
    };
  }
  const isServed = setup.configuration.running?.listening.some(
    ({ address, port }) => port === target.port && reaches(address, target.host),
  );
  if (isServed === true) {
    return { is: 'unknown', found: `${text}: what listens there is not of master.cf`, place };
  }
  return {
    is: 'wrong',
    found: `${text}, and no service of master.cf listens there`,
    place,
    fix: knownWayBack(way, setup) ?? newWayBack(target, setup),
    // Another machine may well be meant.
    severity: isLoopback(target.host) ? 'error' : 'warning',
  };
}

function newWayBack(target: InetEndpoint, { configuration }: Setup): Fix {
  const file = configuration.instances[0]?.instance.masterFile ?? 'master.cf';
  return { line: returnService(target), in: file };
}

/** Where master.cf has one way back already, amavis is to use that; a policy bank may mean one of its own. */
function knownWayBack(way: WayOut, setup: Setup): Fix | undefined {
  const { amavis, waysOut, configuration } = setup;
  const ofName = waysOut.filter(({ name }) => name === way.name);
  const [listener, ...others] = lookalikes(configuration.instances.map(({ instance }) => instance));
  if (
    amavis === null ||
    way.bank !== null ||
    ofName.length > 1 ||
    listener === undefined ||
    others.length > 0
  )
    return undefined;
  const address = serviceAddress(listener.instance, listener.service);
  const [bound] = address?.hosts ?? [];
  if (address === undefined || bound === undefined || way.target === null) return undefined;
  const { host } = way.target;
  const isReached = address.hosts?.some((one) => reaches(one, host)) === true;
  const endpoint = { ...way.target, host: isReached ? host : bound, port: address.port };
  // Set before from the same value, the other does not follow by itself.
  const along = waysOut.filter((one) => one.bank === null && sameTarget(one, way));
  const names = [...new Set([way, ...along].map(({ name }) => name))];
  const value = `'${way.method.protocol || 'smtp'}:${showEndpoint(endpoint)}'`;
  return assignment(amavis, names.map((name) => `${name} = ${value};`).join('\n'));
}

function judgeCommand(way: Listener): Verdict {
  const { service } = way;
  const found = `${serviceName(service)} runs ${service.command}`;
  if (service.command === 'smtpd') return { is: 'fine', found, place: service.place };
  return { is: 'wrong', found, place: service.place, fix: columnFix(way, 7, 'smtpd') };
}

function judgeLoop(way: Listener, setup: Setup): Verdict {
  const { instance, service } = way;
  const filter = parameter(instance, 'content_filter', service);
  const place = filter.origin === 'option' ? filter.place : service.place;
  if (filter.value === null) {
    return { is: 'unknown', found: `content_filter = ${filter.raw} can't be told from the files`, place };
  }
  if (filter.value === '') return { is: 'fine', found: describe(filter), place };
  if (leadsElsewhere(filter.value, way, setup)) {
    return { is: 'fine', found: `${describe(filter)}: on to another filter, not back to this one`, place };
  }
  return {
    is: 'wrong',
    found: `${describe(filter)} holds for ${serviceName(service)} too`,
    place,
    fix: optionFix(way, 'content_filter', ''),
  };
}

/** Two passes on purpose: a second filter, or another port of amavis that hands back to another service. */
function leadsElsewhere(value: string, way: Listener, { amavis, waysOut }: Setup): boolean {
  const transport = findService(way.instance, value.split(':')[0] ?? '');
  const endpoint = parseEndpoint(value.slice(value.indexOf(':') + 1), 25);
  if (transport === undefined || endpoint?.kind !== 'inet' || amavis?.listens.known !== true) return false;
  const port = amavisAt(amavis, endpoint)?.port;
  if (port === undefined) return true;
  const bank = amavis.interfaceBanks.get(String(port)) ?? null;
  const ofBank = waysOut.filter((out) => out.kind === 'forward' && out.bank === bank);
  const outs =
    ofBank.length > 0 ? ofBank : waysOut.filter((out) => out.kind === 'forward' && out.bank === null);
  return (
    outs.length > 0 && outs.every((out) => out.listeners.every(({ service }) => service !== way.service))
  );
}

function judgeInterface(way: Listener, setup: Setup): Verdict {
  const { instance, service } = way;
  const address = serviceAddress(instance, service);
  const hosts = address?.hosts;
  const place = service.place;
  if (address === undefined || hosts === null || hosts === undefined) {
    return {
      is: 'unknown',
      found: `${serviceName(service)}: inet_interfaces can't be told from the files`,
      place,
    };
  }
  const shown = hosts.map((host) => (host === '' ? 'all addresses' : host)).join(', ');
  const found = `${serviceName(service)} listens on ${shown}`;
  if (hosts.every(isLoopback)) return { is: 'fine', found, place };
  // amavis on another machine has to reach it; then mynetworks and the firewall must keep others out.
  const remote = setup.waysOut.some(
    ({ target, listeners }) =>
      listeners.some((listener) => listener.service === service) &&
      target !== null &&
      !isLoopback(target.host),
  );
  return {
    is: 'wrong',
    found,
    place,
    fix: remote ? null : columnFix(way, 0, `127.0.0.1:${address.port}`),
    severity: remote ? 'warning' : 'error',
  };
}

function judgeNetworks(way: Listener, setup: Setup): Verdict {
  const { instance, service } = way;
  const networks = parameter(instance, 'mynetworks', service);
  const place = networks.origin === 'default' ? service.place : networks.place;
  const fix = optionFix(way, 'mynetworks', '127.0.0.0/8');
  const target = setup.waysOut.find(({ listeners }) =>
    listeners.some((one) => one.service === service),
  )?.target;
  const remote = target !== null && target !== undefined && !isLoopback(target.host);
  if (networks.origin === 'default') return { is: 'wrong', found: describe(networks), place, fix };
  if (networks.value === null) {
    return { is: 'unknown', found: `mynetworks = ${networks.raw} can't be told from the files`, place };
  }
  const found = describe(networks);
  const entries = listOf(networks.value);
  if (entries.some((entry) => !/^!?[[\]\da-f.:]+(?:\/\d+)?$/i.test(entry))) {
    return { is: 'unknown', found: `${found}: tables were not looked into`, place };
  }
  if (remote) return { is: 'fine', found: `${found}, for an amavis on another machine`, place };
  const open = entries.filter((entry) => !isLoopbackNetwork(entry));
  if (open.length === 0 && entries.length > 0) return { is: 'fine', found, place };
  // Without loopback in it amavis itself is refused.
  return { is: 'wrong', found, place, fix, severity: open.length === entries.length ? 'error' : 'warning' };
}

function isLoopbackNetwork(entry: string): boolean {
  return (
    /^127\.[\d.]+(?:\/(?:[89]|[12]\d|3[0-2]))?$/.test(entry) ||
    /^\[?::(?:1|ffff:127\.0\.0\.[01])\]?(?:\/1[02]\d)?$/.test(entry)
  );
}

function judgeSize(way: Listener, setup: Setup): Verdict[] {
  const own = parameter(way.instance, 'message_size_limit', way.service);
  const place = own.origin === 'default' ? way.service.place : own.place;
  const fronts = firstPass(setup).map(({ instance, service }) =>
    parameter(instance, 'message_size_limit', service),
  );
  const proxied = setup.proxies.map(({ instance, service }) =>
    parameter(instance, 'message_size_limit', service),
  );
  const limits = [...fronts, ...proxied].map(({ value }) => bytesOf(value));
  if (limits.length === 0) return [];
  const limit = bytesOf(own.value);
  if (limit === undefined || limits.some((one) => one === undefined)) {
    return [{ is: 'unknown', found: `${describe(own)}: can't be compared with the front's`, place }];
  }
  const front = Math.max(...limits.map((one) => one ?? 0));
  const shown = front === Number.POSITIVE_INFINITY ? '0' : String(front);
  const found = `${describe(own)}, the front's is ${shown}`;
  if (limit >= front) return [{ is: 'fine', found, place }];
  return [{ is: 'wrong', found, place, fix: optionFix(way, 'message_size_limit', shown) }];
}

function bytesOf(value: string | null): number | undefined {
  if (value === null || !/^\d+$/.test(value)) return undefined;
  return value === '0' ? Number.POSITIVE_INFINITY : Number(value);
}
