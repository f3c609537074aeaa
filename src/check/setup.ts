import type { AmavisSettings, Method, Reading } from './amavis/settings.js';
import { type Endpoint, type InetEndpoint, isLoopback, parseEndpoint, reaches } from './endpoint.js';
import type { Place } from './place.js';
import { listensAt, serviceAddress } from './postfix/address.js';
import { activeServices, findService, type Instance, type Parameter, parameter } from './postfix/instance.js';
import type { Service } from './postfix/master-cf.js';
import type { FilterAction, TableUse } from './postfix/tables.js';

/** What was read, before anything is made of it. */
export interface Configuration {
  readonly instances: readonly PostfixFiles[];
  /** null: no amavisd.conf was found. */
  readonly amavis: AmavisSettings | null;
  /** Where amavisd.conf was looked for or found. */
  readonly amavisFiles: readonly string[];
  readonly running: Running | null;
}

export interface PostfixFiles {
  readonly instance: Instance;
  readonly filterActions: readonly FilterAction[];
  /** Tables that may hold FILTER actions and could not be read. */
  readonly unreadTables: readonly TableUse[];
}

/** What the running system says, with --live. Times are milliseconds since 1970. */
export interface Running {
  /** When Postfix last read its configuration, by instance directory: the start of its queue manager. */
  readonly reloaded: ReadonlyMap<string, number>;
  /** When a configuration file was last written. */
  readonly written: ReadonlyMap<string, number>;
  /** The TCP addresses that something listens on; empty where that can't be told. */
  readonly listening: readonly { readonly address: string; readonly port: number }[];
}

/** A value that names a filter, where it stands. */
interface Written {
  /** `content_filter`, `-o content_filter` or `FILTER` */
  readonly by: 'main' | 'option' | 'table';
  readonly value: string;
  readonly place: Place;
}

/** A way into the filter: content_filter in main.cf, for one service, or FILTER in a table. */
export interface Route extends Written {
  readonly instance: Instance;
  readonly transport: string;
  /** undefined: the value names no address. */
  readonly endpoint: Endpoint | undefined;
  /** undefined: master.cf has no such transport. */
  readonly service: Service | undefined;
}

/** A value of smtpd_milters. */
interface Milters {
  readonly value: string;
  readonly place: Place;
}

/** smtpd_proxy_filter of a service: filtering before the queue. */
export interface ProxyFilter {
  readonly instance: Instance;
  readonly service: Service;
  readonly value: string;
  readonly place: Place;
  readonly endpoint: Endpoint | undefined;
}

/** One of amavis' ways out, and who listens there. */
export interface WayOut {
  readonly kind: 'forward' | 'notify';
  /** `$forward_method` or `forward_method of policy bank 'X'` */
  readonly name: string;
  readonly bank: string | null;
  readonly method: Method;
  readonly place: Place | null;
  /** null: it goes to no address that can be told (`pipe:`, a socket, `*`). */
  readonly target: InetEndpoint | null;
  readonly listeners: readonly Listener[];
}

export interface Listener {
  readonly instance: Instance;
  readonly service: Service;
}

/**
 * How the two programs are wired: after the queue (content_filter), before it (smtpd_proxy_filter), by a milter, made
 * ready but not switched on, or not at all.
 */
export type Mode = 'after-queue' | 'before-queue' | 'milter' | 'ready' | 'none';

export interface Setup {
  readonly configuration: Configuration;
  readonly mode: Mode;
  readonly amavis: AmavisSettings | null;
  /** Ways to amavis over SMTP or LMTP. */
  readonly routes: readonly Route[];
  /** Values of content_filter and FILTER that lead to another filter. */
  readonly otherFilters: readonly Written[];
  /** The transports that carry mail to amavis, each once. */
  readonly feeds: readonly Listener[];
  readonly proxies: readonly ProxyFilter[];
  /** content_filter settings whose value can't be told from the files. */
  readonly unknownFilters: readonly Parameter[];
  /** smtpd_milters that name amavis. */
  readonly milters: readonly Milters[];
  /** Those that do not. */
  readonly otherMilters: readonly Milters[];
  readonly waysOut: readonly WayOut[];
  /** The services that take mail back from amavis. */
  readonly returns: readonly Listener[];
}

/** The guide's, and every package's. */
const USUAL_PORT = 10_024;

export function understand(configuration: Configuration): Setup {
  const { amavis } = configuration;
  const instances = configuration.instances.map(({ instance }) => instance);
  const ways = configuration.instances.flatMap(findWays);
  const routes = leadingToAmavis(
    ways.flatMap(({ route }) => route ?? []),
    amavis,
  );
  const otherFilters = ways.flatMap(({ written, route }) =>
    route !== undefined && routes.includes(route) ? [] : [written],
  );
  const proxies = instances.flatMap(findProxies);
  const allMilters = instances.flatMap(findMilters);
  const milters = allMilters.filter(({ value }) => isNamedAfterAmavis(value));
  const otherMilters = allMilters.filter(({ value }) => !isNamedAfterAmavis(value));
  const waysOut = amavis === null ? [] : findWaysOut(amavis, instances);
  const returns = distinct(
    amavis?.forward.known === true
      ? waysOut.filter(leadsBack).flatMap(({ listeners }) => listeners)
      : lookalikes(instances),
  );
  const ready = instances.flatMap(unusedFeeds);
  const mode: Mode =
    routes.length > 0
      ? 'after-queue'
      : proxies.length > 0
        ? 'before-queue'
        : milters.length > 0
          ? 'milter'
          : ready.length > 0
            ? 'ready'
            : 'none';
  const routed = routes.flatMap(({ instance, service }) =>
    service === undefined ? [] : [{ instance, service }],
  );
  const feeds = mode === 'after-queue' ? distinct(routed) : mode === 'ready' ? ready : [];
  const unknownFilters = instances.flatMap(findUnknownFilters);
  return {
    configuration,
    mode,
    amavis,
    routes,
    otherFilters,
    feeds,
    proxies,
    unknownFilters,
    milters,
    otherMilters,
    waysOut,
    returns,
  };
}

/** A notice may also be handed to the front door, as any mail; that is no way back. */
function leadsBack({ kind, target }: WayOut): boolean {
  return kind === 'forward' || target?.port !== 25;
}

/** The address of a way in, as Postfix reads a next hop: without a port, the client's own default. */
function splitFilter(value: string, command: string | undefined): Pick<Route, 'transport' | 'endpoint'> {
  const colon = value.indexOf(':');
  const transport = colon < 0 ? value : value.slice(0, colon);
  const nexthop = colon < 0 ? '' : value.slice(colon + 1);
  return { transport, endpoint: parseEndpoint(nexthop, command === 'lmtp' ? 24 : 25) };
}

/** A filter that is named, and the route that it is if it is fed by SMTP or LMTP. */
interface Way {
  readonly written: Written;
  readonly route: Route | undefined;
}

function findWays({ instance, filterActions }: PostfixFiles): Way[] {
  const global = parameter(instance, 'content_filter');
  const written: Written[] = [];
  if (global.value !== null && global.place !== null)
    written.push({ by: 'main', value: global.value, place: global.place });
  for (const service of activeServices(instance)) {
    const { value, place, origin } = parameter(instance, 'content_filter', service);
    if (origin === 'option' && value !== null && place !== null) written.push({ by: 'option', value, place });
  }
  for (const action of filterActions) written.push({ by: 'table', value: action.value, place: action.place });
  return written
    .filter(({ value }) => value !== '')
    .map((way) => {
      const service = findService(instance, splitFilter(way.value, undefined).transport);
      // A filter behind pipe(8) or another daemon is none that this tool knows, unless it is named after amavis.
      const other = service !== undefined && !isMailClient(service) && !isNamedAfterAmavis(service.name);
      const route = { ...way, instance, service, ...splitFilter(way.value, service?.command) };
      return { written: way, route: other ? undefined : route };
    });
}

/**
 * A site may have more than one filter. amavis is the one that is named so, or is where amavis listens. When none is,
 * and there is an amavis, one that was to lead there may lead astray: then all are looked at.
 */
function leadingToAmavis(routes: readonly Route[], amavis: AmavisSettings | null): readonly Route[] {
  const sure = routes.filter(
    ({ transport, endpoint }) =>
      isNamedAfterAmavis(transport) || (endpoint?.kind === 'inet' && isPortOfAmavis(endpoint, amavis)),
  );
  return sure.length > 0 || amavis === null ? sure : routes;
}

function isPortOfAmavis(endpoint: InetEndpoint, amavis: AmavisSettings | null): boolean {
  if (amavis?.listens.known !== true) return endpoint.port === USUAL_PORT;
  return amavisAt(amavis, endpoint) !== undefined;
}

function isNamedAfterAmavis(name: string): boolean {
  return /amavis/i.test(name);
}

function findUnknownFilters(instance: Instance): Parameter[] {
  const services = activeServices(instance).filter((service) => service.options.has('content_filter'));
  return [undefined, ...services]
    .map((service) => parameter(instance, 'content_filter', service))
    .filter(({ value }) => value === null);
}

export function isMailClient(service: Service): boolean {
  return service.command === 'smtp' || service.command === 'lmtp';
}

function findProxies(instance: Instance): ProxyFilter[] {
  return activeServices(instance).flatMap((service) => {
    // Behind postscreen it is a service of type pass.
    if (!['inet', 'pass'].includes(service.type) || service.command !== 'smtpd') return [];
    const { value, place } = parameter(instance, 'smtpd_proxy_filter', service);
    if (value === null || value === '' || place === null) return [];
    const endpoint = /^\d+$/.test(value) ? parseEndpoint(`127.0.0.1:${value}`, 25) : parseEndpoint(value, 25);
    return [{ instance, service, value, place, endpoint }];
  });
}

function findMilters(instance: Instance): Milters[] {
  const services: (Service | undefined)[] = [undefined, ...activeServices(instance)];
  return services.flatMap((service) => {
    if (service !== undefined && !service.options.has('smtpd_milters')) return [];
    const { value, place } = parameter(instance, 'smtpd_milters', service);
    return value !== null && value !== '' && place !== null ? [{ value, place }] : [];
  });
}

/** A transport that is named after amavis and that nothing uses yet: the guide's own order of work. */
function unusedFeeds(instance: Instance): Listener[] {
  return activeServices(instance)
    .filter((service) => service.type === 'unix' && isMailClient(service) && isNamedAfterAmavis(service.name))
    .map((service) => ({ instance, service }));
}

function findWaysOut(amavis: AmavisSettings, instances: readonly Instance[]): WayOut[] {
  const ways = (
    kind: WayOut['kind'],
    name: string,
    bank: string | null,
    reading: Reading<readonly Method[]> | null,
  ): WayOut[] =>
    reading?.known === true
      ? reading.value.map((method) => {
          const target = targetOf(method, amavis);
          const listeners = target === null ? [] : listenersAt(instances, target);
          return { kind, name, bank, method, place: reading.place, target, listeners };
        })
      : [];
  return [
    ...ways('forward', '$forward_method', null, amavis.forward),
    ...ways('notify', '$notify_method', null, amavis.notify),
    ...amavis.banks.flatMap((bank) => [
      ...ways('forward', `forward_method of policy bank '${bank.name}'`, bank.name, bank.forward),
      ...ways('notify', `notify_method of policy bank '${bank.name}'`, bank.name, bank.notify),
    ]),
  ];
}

/** `*` as a host is the client's address, as a port the one that the mail came in at, plus one. */
function targetOf(method: Method, amavis: AmavisSettings): InetEndpoint | null {
  if (!/^e?smtps?$/.test(method.protocol) && method.protocol !== '') return null;
  const listened = amavis.listens.known
    ? new Set(amavis.listens.value.map(({ port }) => port))
    : new Set<number>();
  const [only] = listened;
  const star = listened.size === 1 && only !== undefined ? only + 1 : undefined;
  const port = method.port === '*' ? star : method.port === null ? undefined : Number(method.port);
  if (method.host === null || port === undefined) return null;
  return { kind: 'inet', host: method.host === '*' ? '127.0.0.1' : method.host, bracketed: true, port };
}

function listenersAt(instances: readonly Instance[], target: InetEndpoint): Listener[] {
  return instances.flatMap((instance) =>
    activeServices(instance)
      .filter((service) => listensAt(instance, service, target.host, target.port))
      .map((service) => ({ instance, service })),
  );
}

/** What looks like a way back, whatever amavis says: a loopback smtpd that switches content_filter off. */
export function lookalikes(instances: readonly Instance[]): Listener[] {
  return instances.flatMap((instance) =>
    activeServices(instance)
      .filter((service) => {
        const hosts = service.command === 'smtpd' ? serviceAddress(instance, service)?.hosts : undefined;
        return service.options.get('content_filter')?.value === '' && hosts?.every(isLoopback) === true;
      })
      .map((service) => ({ instance, service })),
  );
}

/** The services whose mail goes through the filter: those that have a content_filter, without the ways back. */
export function firstPass(setup: Setup): Listener[] {
  return setup.configuration.instances.flatMap(({ instance, filterActions }) =>
    activeServices(instance)
      .filter((service) => service.command === 'smtpd' || service.command === 'pickup')
      .filter((service) => !setup.returns.some((way) => way.service === service))
      .filter(
        (service) => parameter(instance, 'content_filter', service).value !== '' || filterActions.length > 0,
      )
      .map((service) => ({ instance, service })),
  );
}

/** The ports that amavis listens on and that `endpoint` reaches. */
export function amavisAt(amavis: AmavisSettings, endpoint: InetEndpoint): InetEndpoint | undefined {
  if (!amavis.listens.known) return undefined;
  return amavis.listens.value.find(
    ({ host, port }) => port === endpoint.port && reaches(host, endpoint.host),
  );
}

function distinct(listeners: readonly Listener[]): Listener[] {
  return listeners.filter(
    ({ service }, index) => listeners.findIndex((other) => other.service === service) === index,
  );
}
