import {
  type InetEndpoint,
  isEveryAddress,
  isLoopback,
  parseEndpoint,
  reaches,
  showEndpoint,
} from '../check/endpoint.js';
import { showPlace } from '../check/place.js';
import { serviceAddress } from '../check/postfix/address.js';
import { firstPass, type Setup } from '../check/setup.js';

/** The three ports of the chain. */
export interface Targets {
  readonly front: InetEndpoint;
  readonly filter: InetEndpoint;
  readonly reinject: InetEndpoint;
}

/** The guide's own ports, where neither an option nor the configuration says another. */
const GUIDE: Targets = { front: local(25), filter: local(10_024), reinject: local(10_025) };

/** `--filter` and `--reinject` first, then what is configured. Wherever something listens on all addresses: loopback. */
export function chooseTargets(
  named: { readonly filter: InetEndpoint | undefined; readonly reinject: InetEndpoint | undefined },
  setup: Setup | null,
): Targets {
  const ways = [...(setup?.routes ?? []), ...(setup?.proxies ?? [])].map(({ endpoint }) => endpoint);
  const route = ways.find((endpoint) => endpoint?.kind === 'inet');
  const listens = setup?.amavis?.listens.known === true ? setup.amavis.listens.value[0] : undefined;
  const back =
    setup?.waysOut.find(({ kind, target }) => kind === 'forward' && target !== null)?.target ?? undefined;
  return {
    front: frontDoor(setup) ?? GUIDE.front,
    filter: named.filter ?? reachable(route?.kind === 'inet' ? route : listens) ?? GUIDE.filter,
    reinject: named.reinject ?? reachable(back) ?? GUIDE.reinject,
  };
}

/** Port 25 of what takes mail in, else whatever takes mail in that goes to the filter. */
function frontDoor(setup: Setup | null): InetEndpoint | undefined {
  const doors = (setup === null ? [] : firstPass(setup)).flatMap(({ instance, service }) => {
    const address = serviceAddress(instance, service);
    const host = address?.hosts?.find(isLoopback) ?? address?.hosts?.[0];
    return address === undefined || host === undefined ? [] : [{ ...local(address.port), host }];
  });
  return reachable(doors.find(({ port }) => port === GUIDE.front.port) ?? doors[0]);
}

/** `127.0.0.1:10024`, `[::1]:10024`, `localhost:10024`; undefined where it is no host and port. */
export function parseTarget(text: string): InetEndpoint | undefined {
  const endpoint = /:\d+$/.test(text) ? parseEndpoint(text, 0) : undefined;
  return endpoint?.kind === 'inet' && endpoint.port > 0 ? endpoint : undefined;
}

/** Whether what was tested is what is configured, with the lines that say so. */
export function agreement(part: 'filter' | 'reinject', target: InetEndpoint, setup: Setup | null): string {
  if (setup === null) return 'unknown: no configuration could be read';
  const said = part === 'filter' ? filterSettings(setup) : returnSettings(setup);
  if (said.length === 0) return 'unknown: the configuration says nothing of it';
  const differ = said.filter(({ endpoints }) => !endpoints.some((one) => isSame(one, target)));
  const shown = said.map(({ text }) => text).join('; ');
  if (part === 'reinject' && isLoopback(target.host) && !isServed(setup)) {
    return `no: ${shown}; no service of master.cf listens there`;
  }
  return differ.length === 0 ? `yes: ${shown}` : `no, tested was ${showEndpoint(target)}: ${shown}`;
}

function isServed({ waysOut }: Setup): boolean {
  return waysOut.some(({ kind, listeners }) => kind === 'forward' && listeners.length > 0);
}

interface Said {
  readonly text: string;
  readonly endpoints: readonly InetEndpoint[];
}

function filterSettings({ amavis, routes, proxies }: Setup): Said[] {
  const listens = amavis?.listens.known === true && amavis.listens.value.length > 0 ? amavis.listens : null;
  const own =
    listens === null
      ? []
      : [
          {
            text: `amavis listens on ${listens.value.map((one) => showEndpoint(one)).join(', ')}${at(listens.place)}`,
            endpoints: listens.value,
          },
        ];
  const ways = [...routes, ...proxies].map(({ value, place, endpoint }) => ({
    text: `Postfix sends to ${value}${at(place)}`,
    endpoints: endpoint?.kind === 'inet' ? [endpoint] : [],
  }));
  return [...own, ...ways];
}

function returnSettings({ waysOut }: Setup): Said[] {
  return waysOut
    .filter(({ kind, bank }) => kind === 'forward' && bank === null)
    .flatMap(({ name, method, place, target, listeners }) => [
      { text: `${name} is '${method.text}'${at(place)}`, endpoints: target === null ? [] : [target] },
      ...listeners.map(({ service }) => ({
        text: `master.cf has "${service.name} ${service.type}"${at(service.place)}`,
        endpoints: target === null ? [] : [target],
      })),
    ]);
}

function at(place: Parameters<typeof showPlace>[0] | null): string {
  return place === null ? ' (built-in)' : ` (${showPlace(place)})`;
}

function isSame(configured: InetEndpoint, target: InetEndpoint): boolean {
  return configured.port === target.port && reaches(configured.host, target.host);
}

function reachable(endpoint: InetEndpoint | undefined): InetEndpoint | undefined {
  if (endpoint === undefined) return undefined;
  return isEveryAddress(endpoint.host) ? local(endpoint.port) : { ...endpoint, bracketed: false };
}

function local(port: number): InetEndpoint {
  return { kind: 'inet', host: '127.0.0.1', bracketed: false, port };
}
