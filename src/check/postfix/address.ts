import { isEveryAddress, portOf, reaches } from '../endpoint.js';
import { type Instance, listOf, parameter } from './instance.js';
import type { Service } from './master-cf.js';

/** Where an inet service of master.cf listens: `127.0.0.1:10025`, `[::1]:10025`, `smtp`, `10025`. */
export interface ServiceAddress {
  /** The addresses it is bound to; '' is all of them. null: inet_interfaces can't be told from the files. */
  readonly hosts: readonly string[] | null;
  readonly port: number;
}

export function serviceAddress(instance: Instance, service: Service): ServiceAddress | undefined {
  if (service.type !== 'inet') return undefined;
  const match = /^(?:(?:\[(?<literal>[^\]]*)\]|(?<name>[^:]*)):)?(?<port>[\w-]+)$/.exec(service.name);
  const port = portOf(match?.groups?.port ?? '');
  if (port === undefined) return undefined;
  const host = match?.groups?.literal ?? match?.groups?.name;
  if (host !== undefined && host !== '') return { hosts: [host], port };
  return { hosts: interfaces(instance), port };
}

/** inet_interfaces as a list of addresses; `all` is ['']. */
export function interfaces(instance: Instance): readonly string[] | null {
  const value = parameter(instance, 'inet_interfaces').value;
  if (value === null) return null;
  return listOf(value).flatMap((word) => {
    if (word === 'all') return [''];
    if (word === 'loopback-only') return ['127.0.0.1', '::1'];
    return [word.replace(/^\[(.*)\]$/, '$1')];
  });
}

/** Whether a connection to host:port ends at this service; where its addresses can't be told, by the port alone. */
export function listensAt(instance: Instance, service: Service, host: string, port: number): boolean {
  const address = serviceAddress(instance, service);
  if (address?.port !== port) return false;
  return address.hosts === null || address.hosts.some((bound) => reaches(bound, host));
}

/** Whether two services can't both be bound. */
export function collide(a: ServiceAddress, b: ServiceAddress): boolean {
  if (a.port !== b.port || a.hosts === null || b.hosts === null) return false;
  const others = b.hosts;
  return a.hosts.some((host) =>
    others.some((other) => host === other || isEveryAddress(host) || isEveryAddress(other)),
  );
}
