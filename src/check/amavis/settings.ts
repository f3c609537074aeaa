import { isIP } from 'node:net';
import type { InetEndpoint } from '../endpoint.js';
import type { Place } from '../place.js';
import { BUILT_IN } from './built-in.js';
import type { AmavisProgram, Assigned, Gap } from './program.js';
import type { PerlValue } from './value.js';

/** A setting as far as the files tell it. */
export type Reading<T> =
  /** `place` is null when nothing sets it and it is amavis' built-in value. */
  | { readonly known: true; readonly value: T; readonly place: Place | null }
  | { readonly known: false; readonly why: string; readonly place: Place | null };

/** `smtp:[127.0.0.1]:10025`, as far as it names where mail goes. A `*` stands for the client's address or port + 1. */
export interface Method {
  readonly text: string;
  readonly protocol: string;
  readonly host: string | null;
  readonly port: string | null;
}

/** `$final_spam_destiny` and its siblings. */
interface Destiny {
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

/** What a policy bank changes. */
interface Bank {
  readonly name: string;
  readonly destinies: readonly Destiny[];
  readonly forward: Reading<readonly Method[]> | null;
  readonly notify: Reading<readonly Method[]> | null;
}

/** The settings of amavisd.conf that the rules ask for. */
export interface AmavisSettings {
  readonly files: readonly string[];
  readonly gaps: readonly Gap[];
  /** The TCP addresses that it listens on. */
  readonly listens: Reading<readonly InetEndpoint[]>;
  readonly forward: Reading<readonly Method[]>;
  readonly notify: Reading<readonly Method[]>;
  readonly maxServers: Reading<number>;
  /** Seconds. */
  readonly childTimeout: Reading<number>;
  readonly inetAcl: Reading<readonly string[]>;
  /** Bytes; null is no limit. */
  readonly sizeLimit: Reading<number | null>;
  /** Whether anything at all is said to be local: false means that all recipients are taken to be elsewhere. */
  readonly localDomains: Reading<boolean>;
  /** undef, may, encrypt …: whether amavis offers TLS to its clients. */
  readonly tlsIn: Reading<string | null>;
  readonly tlsOut: Reading<string | null>;
  readonly syslog: Reading<boolean | null>;
  readonly logLevel: Reading<number>;
  readonly logTemplate: Reading<'own' | 'built-in'>;
  readonly destinies: readonly Destiny[];
  /** Those whose value can't be told, by name. */
  readonly unknownDestinies: readonly { readonly name: string; readonly place: Place }[];
  readonly banks: readonly Bank[];
  /** `$interface_policy{'10026'}`: which bank a port has. */
  readonly interfaceBanks: ReadonlyMap<string, string>;
}

const DESTINIES = [
  'final_virus_destiny',
  'final_banned_destiny',
  'final_unchecked_destiny',
  'final_spam_destiny',
  'final_bad_header_destiny',
];

export function readSettings(program: AmavisProgram): AmavisSettings {
  const source = new Source(program);
  const destinies = DESTINIES.map((name) => ({ name: `$${name}`, assigned: source.assigned(`$${name}`) }));
  const banks = readBanks(source);
  return {
    files: program.files,
    gaps: program.gaps,
    listens: readListens(source),
    forward: readMethods(source, '$forward_method'),
    notify: readMethods(source, '$notify_method'),
    maxServers: source.number('$max_servers'),
    childTimeout: source.number('$child_timeout'),
    inetAcl: source.strings('@inet_acl'),
    sizeLimit: source.read('$smtpd_message_size_limit', (value) =>
      value.kind === 'undef' ? null : numberOf(value),
    ),
    localDomains: readLocalDomains(source),
    tlsIn: source.optionalString('$tls_security_level_in'),
    tlsOut: source.optionalString('$tls_security_level_out'),
    syslog: readSyslog(source),
    logLevel: source.number('$log_level'),
    logTemplate: readLogTemplate(source),
    destinies: destinies.flatMap(({ name, assigned }) =>
      assigned?.value.kind === 'scalar' ? [{ name, value: assigned.value.text, place: assigned.place }] : [],
    ),
    unknownDestinies: [
      ...destinies.flatMap(({ name, assigned }) =>
        assigned?.value.kind === 'unknown' ? [{ name, place: assigned.place }] : [],
      ),
      // By category of content, and by recipient: more than a single value.
      ...['%final_destiny_by_ccat', '%final_destiny_maps_by_ccat'].flatMap((name) => {
        const assigned = source.assigned(name);
        return assigned === undefined || program.gaps.length > 0 ? [] : [{ name, place: assigned.place }];
      }),
    ],
    banks,
    interfaceBanks: readInterfaceBanks(source),
  };
}

const UNDEF: PerlValue = { kind: 'undef' };

class Source {
  private readonly program: AmavisProgram;

  constructor(program: AmavisProgram) {
    this.program = program;
  }

  assigned(name: string): Assigned | undefined {
    const gap = this.program.gaps[0];
    const assigned = this.program.variables.get(name);
    // What was not read may set it anew, so nothing that was read is sure any more.
    if (gap !== undefined) return { value: { kind: 'unknown', why: gap.why }, place: gap.place };
    return assigned;
  }

  element(hash: string, key: string): Place | undefined {
    return this.program.elements.get(`${hash}{${key}}`);
  }

  /** `convert` gives undefined for a value that is no such thing. */
  read<T>(name: string, convert: (value: PerlValue) => T | undefined): Reading<T> {
    const { value, place } = this.assigned(name) ?? { value: BUILT_IN.get(name) ?? UNDEF, place: null };
    const unknown = value.kind === 'list' ? value.items.find((item) => item.kind === 'unknown') : value;
    if (unknown?.kind === 'unknown') return { known: false, why: unknown.why, place };
    const converted = convert(value);
    if (converted === undefined) return { known: false, why: 'it is no plain value', place };
    return { known: true, value: converted, place };
  }

  number(name: string): Reading<number> {
    return this.read(name, numberOf);
  }

  optionalString(name: string): Reading<string | null> {
    return this.read(name, (value) =>
      value.kind === 'undef' ? null : value.kind === 'scalar' ? value.text : undefined,
    );
  }

  strings(name: string): Reading<readonly string[]> {
    return this.read(name, stringsOf);
  }
}

function numberOf(value: PerlValue): number | undefined {
  const number = value.kind === 'scalar' && value.text.trim() !== '' ? Number(value.text) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** A scalar, a list of scalars, or undef, which is no string at all. */
function stringsOf(value: PerlValue): readonly string[] | undefined {
  if (value.kind === 'undef') return [];
  if (value.kind === 'scalar') return value.text === '' ? [] : [value.text];
  if (value.kind !== 'list') return undefined;
  const texts = value.items.map((item) => (item.kind === 'scalar' ? item.text : undefined));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

/**
 * amavisd joins $inet_socket_port to @listen_sockets; an entry without a host is bound to every address of
 * $inet_socket_bind, where undef, '' and '*' are all addresses of the machine.
 */
function readListens(source: Source): Reading<readonly InetEndpoint[]> {
  const ports = source.strings('$inet_socket_port');
  const sockets = source.strings('@listen_sockets');
  const binds = source.read<readonly string[]>('$inet_socket_bind', (value) => {
    const hosts = stringsOf(value);
    return hosts === undefined || hosts.length > 0 ? hosts : [''];
  });
  for (const reading of [ports, sockets, binds]) if (!reading.known) return reading;
  if (!ports.known || !sockets.known || !binds.known)
    return { known: false, why: 'it is computed', place: null };
  const endpoints: InetEndpoint[] = [];
  for (const entry of [...sockets.value, ...ports.value]) {
    if (entry.startsWith('/') || /^unix:|[/|]unix$/i.test(entry)) continue;
    const text = entry.replace(/^inet6?:/, '').replace(/\/(?:tcp|ssleay|ssl)$/i, '');
    const match = /^(?:(?<host>\[[^\]]*\]|[^/|:]*):)?(?<port>\d+)$/.exec(text);
    if (match?.groups?.port === undefined)
      return { known: false, why: `${entry} is no port`, place: ports.place };
    const hosts = match.groups.host === undefined ? binds.value : [match.groups.host];
    for (const host of hosts) endpoints.push(inet(host, Number(match.groups.port)));
  }
  return { known: true, value: endpoints, place: ports.place ?? sockets.place };
}

function inet(host: string, port: number): InetEndpoint {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return { kind: 'inet', host: bare === '*' ? '' : bare, bracketed: isIP(bare) === 6, port };
}

function readMethods(source: Source, name: string): Reading<readonly Method[]> {
  return source.read(name, methodsOf);
}

function methodsOf(value: PerlValue): readonly Method[] | undefined {
  return stringsOf(value)?.map(parseMethod);
}

/** `smtp:[127.0.0.1]:10025`, `esmtp:*:10025`, `lmtp:/path`, `pipe:…`: protocol, host and port, amavisd's way. */
function parseMethod(text: string): Method {
  const match =
    /^(?<protocol>[a-z][a-z0-9.+-]*)?:(?:\[(?<literal>[^\]]*)\]|(?<name>[^:/\s]*)):(?<port>\*|\d+)/i.exec(
      text,
    );
  const protocol = match?.groups?.protocol ?? /^[a-z][a-z0-9.+-]*(?=:)/i.exec(text)?.[0] ?? '';
  return {
    text,
    protocol: protocol.toLowerCase(),
    host: match?.groups?.literal ?? match?.groups?.name ?? null,
    port: match?.groups?.port ?? null,
  };
}

function readBanks(source: Source): Bank[] {
  const banks = source.assigned('%policy_bank');
  if (banks?.value.kind !== 'hash') return [];
  return [...banks.value.entries].flatMap(([name, bank]) => {
    if (bank.kind !== 'hash') return [];
    const place = source.element('%policy_bank', name) ?? banks.place;
    const methods = (key: string): Reading<readonly Method[]> | null => {
      const value = bank.entries.get(key);
      if (value === undefined) return null;
      if (value.kind === 'unknown') return { known: false, why: value.why, place };
      const read = methodsOf(value);
      if (read === undefined) return { known: false, why: 'it is no plain value', place };
      return { known: true, value: read, place };
    };
    const destinies = DESTINIES.flatMap((key): Destiny[] => {
      const value = bank.entries.get(key);
      if (value?.kind !== 'scalar') return [];
      return [{ name: `${key} of policy bank '${name}'`, value: value.text, place }];
    });
    return [{ name, destinies, forward: methods('forward_method'), notify: methods('notify_method') }];
  });
}

function readInterfaceBanks(source: Source): ReadonlyMap<string, string> {
  const policies = source.assigned('%interface_policy')?.value;
  if (policies?.kind !== 'hash') return new Map();
  return new Map(
    [...policies.entries].flatMap(([port, bank]) => (bank.kind === 'scalar' ? [[port, bank.text]] : [])),
  );
}

function readLocalDomains(source: Source): Reading<boolean> {
  // Then local is what the database says is.
  for (const name of ['@lookup_sql_dsn', '$enable_ldap', '$default_ldap']) {
    const assigned = source.assigned(name);
    if (assigned === undefined || isFalse(assigned.value)) continue;
    return { known: false, why: `${name} is set, a database may tell them`, place: assigned.place };
  }
  const names = ['@local_domains_maps', '@local_domains_acl', '%local_domains', '$local_domains_re'];
  for (const name of names) {
    const assigned = source.assigned(name);
    if (assigned === undefined) continue;
    const { value, place } = assigned;
    const empty = value.kind === 'undef' || (value.kind === 'list' && value.items.length === 0);
    const onlyReferences = value.kind === 'list' && value.items.every((item) => item.kind === 'reference');
    if (!empty && !onlyReferences) return { known: true, value: true, place };
  }
  return { known: true, value: false, place: null };
}

function isFalse(value: PerlValue): boolean {
  if (value.kind === 'list') return value.items.length === 0;
  return value.kind === 'undef' || (value.kind === 'scalar' && ['', '0'].includes(value.text));
}

/** `$do_syslog` is the same variable under its newer name. */
function readSyslog(source: Source): Reading<boolean | null> {
  const name = ['$DO_SYSLOG', '$do_syslog'].find((one) => source.assigned(one) !== undefined);
  if (name === undefined) return { known: true, value: null, place: null };
  return source.read(name, (value) =>
    value.kind === 'undef' || value.kind === 'scalar' ? !isFalse(value) : undefined,
  );
}

function readLogTemplate(source: Source): Reading<'own' | 'built-in'> {
  const assigned = source.assigned('$log_templ');
  if (assigned === undefined) return { known: true, value: 'built-in', place: null };
  const { value, place } = assigned;
  // `$log_templ = $log_short_templ` and `$log_verbose_templ` choose between amavis' own two.
  const chosen = value.kind === 'unknown' && /\$log_(?:short|verbose)_templ$/.test(value.why);
  if (chosen) return { known: true, value: 'built-in', place };
  if (value.kind === 'unknown') return { known: false, why: value.why, place };
  return { known: true, value: 'own', place };
}
