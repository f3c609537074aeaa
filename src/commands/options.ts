/** The options that commands share, read from what the command line gave. */
import { TZDate, tz } from '@date-fns/tz';
// One by one: the package's index is 300 files, a tenth of a second.
import { parseISO } from 'date-fns/parseISO';
import { startOfDay } from 'date-fns/startOfDay';
import { subDays } from 'date-fns/subDays';
import type { ZoneOffset } from '../core/clock.js';
import { MailPath, type PathOptions } from '../core/path.js';
import { zoneOffset } from '../read/zone.js';
import { UserError } from '../user-error.js';
import type { Options } from './command.js';

export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function texts(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.map(String) : [];
}

export function flag(options: Options, name: string): boolean {
  return options[name] === true;
}

/** Refuses options (as on the command line, `--json`) of which all but one would be ignored. */
export function oneOf(options: Options, ...names: readonly string[]): void {
  const [first, second] = names.filter((name) => flag(options, name.slice(2)));
  if (second !== undefined)
    throw new UserError(`${first} and ${second} are two forms of output`, 'Ask for one of them.');
}

/** A whole number that must not be negative. */
export function count(options: Options, name: string): number | undefined {
  const value = text(options, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new UserError(`--${name} wants a whole number, not "${value}"`);
  return Number(value);
}

export function year(options: Options): number | undefined {
  const value = count(options, 'year');
  if (value !== undefined && (value < 1970 || value > 9999)) {
    throw new UserError(`--year wants a year such as 2026, not "${value}"`);
  }
  return value;
}

/** The zone of --tz, else the machine's. */
export function zone(options: Options): ZoneOffset {
  return zoneOffset(text(options, 'tz'));
}

export function mailPath(options: Options): MailPath {
  return new MailPath(pathOptions(options));
}

export function pathOptions(options: Options): PathOptions {
  const filters = texts(options, 'filter').map((value) => endpoint('--filter', value));
  const reinjections = texts(options, 'reinject').map((value) => endpoint('--reinject', value));
  return { filters, reinjections };
}

function endpoint(option: string, value: string): string {
  const port = /^(?:\[[^\]\s]+\]|[^\s:[\]]*):(\d{1,5})$/.exec(value)?.[1];
  if (port !== undefined && Number(port) > 0 && Number(port) < 65_536) return value;
  throw new UserError(
    `${option} wants HOST:PORT, not "${value}"`,
    'For example 127.0.0.1:10024 or [::1]:10024.',
  );
}

/** --since and --until in microseconds since 1970. */
export function period(options: Options): {
  readonly since: number | undefined;
  readonly until: number | undefined;
} {
  const now = Date.now();
  const time = (name: string): number | undefined => {
    const value = text(options, name);
    return value === undefined ? undefined : instant(`--${name}`, value, options, now);
  };
  const since = time('since');
  const until = time('until');
  if (since !== undefined && until !== undefined && since > until)
    throw new UserError('--since is later than --until', 'No time lies between them: exchange them.');
  return { since, until };
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `30s`, `5m`, `2h`, `30d`, `1w` in seconds; a number alone is seconds. */
export function seconds(option: string, value: string): number {
  const found = /^(\d{1,9})([smhdw]?)$/.exec(value);
  if (found === null)
    throw new UserError(`${option} wants a time such as 30s, 5m, 2h or 30d, not "${value}"`);
  return Number(found[1]) * (UNITS[found[2] || 's'] ?? 1);
}

/** `2026-11-23`, `2026-11-23T10:00`, `-2h`, `2h`, `today`, `yesterday`, `now` to microseconds since 1970. */
export function instant(option: string, value: string, options: Options, now: number): number {
  if (/^-?\d+[smhdw]$/.test(value)) return (now - seconds(option, value.replace(/^-/, '')) * 1000) * 1000;
  const name = text(options, 'tz');
  const here = name === undefined ? new Date(now) : new TZDate(now, name);
  if (value === 'now') return now * 1000;
  if (value === 'today') return startOfDay(here).getTime() * 1000;
  if (value === 'yesterday') return startOfDay(subDays(here, 1)).getTime() * 1000;
  const time = parseISO(value, name === undefined ? {} : { in: tz(name) }).getTime();
  if (Number.isNaN(time)) {
    throw new UserError(
      `${option} wants a time, not "${value}"`,
      'For example 2026-11-23, 2026-11-23T10:00, -2h, today or yesterday.',
    );
  }
  return time * 1000;
}
