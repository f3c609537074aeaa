import type { Place } from '../place.js';
import { DEFAULTS } from './defaults.js';
import { expand } from './expand.js';
import type { MainCf } from './main-cf.js';
import type { MasterCf, Service } from './master-cf.js';

/** One Postfix: a directory with its main.cf and master.cf. */
export interface Instance {
  /** `/etc/postfix` */
  readonly directory: string;
  readonly mainFile: string;
  readonly masterFile: string;
  readonly main: MainCf;
  readonly master: MasterCf;
}

/** What a parameter is for one service, after -o, main.cf and the built-in value are weighed. */
export interface Parameter {
  readonly name: string;
  /** Expanded; null where it can't be known from the files. */
  readonly value: string | null;
  /** As written, or the built-in value. */
  readonly raw: string;
  /** null: nobody set it, so it is Postfix' built-in value. */
  readonly place: Place | null;
  readonly origin: 'option' | 'main' | 'default';
}

/** The value of a parameter in main.cf, or for one service. */
export function parameter(instance: Instance, name: string, service?: Service): Parameter {
  const option = service?.options.get(name);
  const assigned = option ?? instance.main.settings.get(name);
  const raw = assigned?.value ?? DEFAULTS.get(name);
  if (raw === undefined) return { name, value: null, raw: '', place: null, origin: 'default' };
  const expanded = expand(raw, (wanted) => rawValue(instance, wanted, service));
  return {
    name,
    value: 'unknown' in expanded ? null : expanded.text.trim(),
    raw,
    place: assigned?.place ?? null,
    origin: option !== undefined ? 'option' : assigned !== undefined ? 'main' : 'default',
  };
}

function rawValue(instance: Instance, name: string, service: Service | undefined): string | undefined {
  if (name === 'service_name' && service !== undefined) return service.name;
  return (service?.options.get(name) ?? instance.main.settings.get(name))?.value ?? DEFAULTS.get(name);
}

/**
 * The services that count: of several with one name and type master(8) takes the last, and none that
 * master_service_disable names by its type (`inet`) or by name and type (`smtp/inet`).
 */
export function activeServices(instance: Instance): Service[] {
  const disabled = listOf(parameter(instance, 'master_service_disable').value ?? '');
  const services = instance.master.services.filter(
    ({ name, type }) =>
      !disabled.some((entry) => [type, `${name}/${type}`, `${name}.${type}`].includes(entry)),
  );
  const lastOf = ({ name, type }: Service): number =>
    services.findLastIndex((other) => other.name === name && other.type === type);
  return services.filter((service, index) => lastOf(service) === index);
}

/** The transport or daemon of that name which other parts of Postfix reach by a socket. */
export function findService(instance: Instance, name: string): Service | undefined {
  return activeServices(instance).find((service) => service.name === name && service.type === 'unix');
}

/** `a, b c` to a list, as Postfix splits it. */
export function listOf(value: string): string[] {
  return value.split(/[\s,]+/).filter((word) => word !== '');
}

/** `20m`, `1200`, `1200s` in seconds; undefined where it is no time. `unit` is what a bare number counts. */
export function secondsOf(value: string, unit: 's' | 'm' | 'h' | 'd' = 's'): number | undefined {
  const match = /^(\d+)\s*([smhdw]?)$/.exec(value);
  if (match === null) return undefined;
  const scale = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  return Number(match[1]) * scale[(match[2] || unit) as keyof typeof scale];
}
