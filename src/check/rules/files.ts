import { isEveryAddress, showEndpoint } from '../endpoint.js';
import { type Place, showPlace } from '../place.js';
import { collide, type ServiceAddress, serviceAddress } from '../postfix/address.js';
import { activeServices, type Instance } from '../postfix/instance.js';
import type { Service } from '../postfix/master-cf.js';
import { ALL_MODES, type Rule, serviceName, type Verdict } from '../rule.js';
import type { Setup } from '../setup.js';

const MANY_LINES = 10;

/** The kernel tells when it started in whole seconds, cut (btime in proc(5)), and all else counts from there. */
const CUT_MS = 1010;

export const fileRules: readonly Rule[] = [
  {
    code: 'file-option-space',
    problem: 'transport-crash',
    part: 'files',
    severity: 'error',
    modes: ALL_MODES,
    wanted: 'no whitespace around = and in the value, or -o { name = value }',
    why: 'Postfix splits at whitespace: the daemon does not start ("bad command startup"), or its value is cut.',
    judge: (setup) => instances(setup).flatMap(judgeSpaces),
  },
  {
    code: 'file-duplicate-service',
    part: 'files',
    severity: 'warning',
    modes: ALL_MODES,
    wanted: 'every service once',
    why: 'Postfix uses the last one and ignores the others.',
    judge: (setup) => instances(setup).flatMap(judgeDuplicates),
  },
  {
    code: 'file-port-taken',
    problem: 'reinject-bind',
    part: 'files',
    severity: 'error',
    modes: ALL_MODES,
    wanted: 'every port once',
    why: 'The one that starts later fails: "fatal: bind … Address already in use".',
    judge: judgePorts,
  },
  {
    code: 'file-unreadable-line',
    part: 'files',
    severity: 'warning',
    modes: ALL_MODES,
    wanted: 'every line of main.cf and master.cf can be read',
    why: 'Postfix warns of such a line or stops at it.',
    judge: (setup) => instances(setup).flatMap(judgeLines),
  },
  {
    code: 'file-not-reloaded',
    part: 'files',
    severity: 'warning',
    modes: ALL_MODES,
    wanted: 'Postfix has been reloaded since its files were changed',
    why: 'Until then it works by the old settings.',
    judge: judgeReload,
  },
];

function instances(setup: Setup): Instance[] {
  return setup.configuration.instances.map(({ instance }) => instance);
}

function judgeSpaces(instance: Instance): Verdict[] {
  const spaced = instance.master.services.flatMap((service) => service.spaced);
  if (spaced.length === 0) return [{ is: 'fine', found: 'no whitespace in -o options', place: null }];
  return spaced.map(({ name, value, written, place }) => ({
    is: 'wrong',
    found: `-o ${written}`,
    place,
    fix: { line: `    -o ${withoutSpace(name, value)}`, in: inPlace(place) },
  }));
}

/** Lists may stand between commas as well; other values need the braces of Postfix 3.0. */
function withoutSpace(name: string, value: string): string {
  const isList = /(?:_restrictions|_options|_maps|_hosts|_clients|_classes|^mynetworks)$/.test(name);
  if (isList)
    return `${name}=${value
      .split(/[\s,]+/)
      .filter(Boolean)
      .join(',')}`;
  return /\s/.test(value) ? `{ ${name} = ${value} }` : `${name}=${value}`;
}

function judgeDuplicates(instance: Instance): Verdict[] {
  const active = new Set(activeServices(instance));
  const ignored = instance.master.services.filter((service) => !active.has(service));
  if (ignored.length === 0)
    return [{ is: 'fine', found: `${instance.masterFile}: no service twice`, place: null }];
  return ignored.map((service) => {
    const winner = [...active].find(({ name, type }) => name === service.name && type === service.type);
    return {
      is: 'wrong',
      found: `${serviceName(service)} again at ${winner === undefined ? 'another line' : showPlace(winner.place)}`,
      place: service.place,
      fix: commentedOut(service),
    };
  });
}

interface Occupant {
  readonly what: string;
  readonly address: ServiceAddress;
  readonly place: Place | null;
  readonly service: Service | null;
}

function judgePorts(setup: Setup): Verdict[] {
  const services = instances(setup).flatMap((instance) =>
    activeServices(instance).flatMap((service): Occupant[] => {
      const address = serviceAddress(instance, service);
      return address === undefined
        ? []
        : [{ what: serviceName(service), address, place: service.place, service }];
    }),
  );
  const listens = setup.amavis?.listens;
  const amavis = listens?.known === true ? listens.value : [];
  const filter = amavis.map(
    (endpoint): Occupant => ({
      what: `amavis on ${isEveryAddress(endpoint.host) ? endpoint.port : showEndpoint(endpoint)}`,
      address: { hosts: [endpoint.host], port: endpoint.port },
      place: listens?.place ?? null,
      service: null,
    }),
  );
  const occupants = [...services, ...filter];
  const seen = new Set<string>();
  const verdicts = occupants.flatMap((one, index): Verdict[] => {
    const earlier = occupants.slice(0, index).find((other) => collide(one.address, other.address));
    if (earlier === undefined) return [];
    // amavis on 127.0.0.1 and [::1] is one complaint.
    const key = `${earlier.what} ${one.service === null ? 'amavis' : one.what} ${one.address.port}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const found = `${one.what} wants port ${one.address.port}, as does ${earlier.what}`;
    const at = earlier.place === null ? found : `${found} at ${showPlace(earlier.place)}`;
    return [
      {
        is: 'wrong',
        found: at,
        place: one.place,
        fix: one.service === null ? null : commentedOut(one.service),
      },
    ];
  });
  return verdicts.length > 0 ? verdicts : [{ is: 'fine', found: 'no port twice', place: null }];
}

function judgeLines(instance: Instance): Verdict[] {
  const lines = [...instance.main.unreadable, ...instance.master.unreadable];
  if (lines.length === 0)
    return [{ is: 'fine', found: `${instance.directory}: all lines read`, place: null }];
  const [first, ...more] = lines;
  const found = 'neither "name = value" nor a service';
  // A file of something else has as many such lines as it has lines.
  if (first !== undefined && more.length >= MANY_LINES) {
    return [{ is: 'wrong', found: `${lines.length} lines are ${found}`, place: first, fix: null }];
  }
  return lines.map((place) => ({ is: 'wrong', found, place, fix: null }));
}

function judgeReload({ configuration }: Setup): Verdict[] {
  const { running } = configuration;
  if (running === null) return [];
  return configuration.instances.flatMap(({ instance }) => {
    const reloaded = running.reloaded.get(instance.directory);
    if (reloaded === undefined) return [];
    return [instance.mainFile, instance.masterFile].flatMap((file): Verdict[] => {
      const written = running.written.get(file);
      if (written === undefined) return [];
      const place = { file, line: null };
      if (written <= reloaded + CUT_MS)
        return [{ is: 'fine', found: `${file}: read since it was written`, place }];
      const found = `${file} was written ${iso(written)}, Postfix read it ${iso(reloaded)}`;
      return [{ is: 'wrong', found, place, fix: { line: 'postfix reload', in: 'a root shell' } }];
    });
  });
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function commentedOut(service: Service) {
  const { line } = service.place;
  const indent = service.options.size > 0 ? ', with its -o lines' : '';
  return {
    line: `#${service.columns.join(' ')}`,
    in: `${inPlace(service.place)}${line === null ? '' : indent}`,
  };
}

function inPlace({ file, line }: Place): string {
  return line === null ? file : `${file}, in place of line ${line}`;
}
