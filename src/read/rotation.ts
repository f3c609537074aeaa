/** What the names of rotated logs tell of their order and their time. */
import { basename, dirname, join } from 'node:path';

/** A rotated log's name: of which log, and which one. */
interface Rotated {
  readonly log: string;
  /** `.1`, `.2`: the higher, the older; 0 is a log that was not rotated. */
  readonly number?: number;
  /** Milliseconds since 1970: the day in the name, or the middle of the month. */
  readonly day?: number;
}

const PACKED = /\.(?:gz|xz|bz2|zst)$/;
/** logrotate's and newsyslog's `mail.log.1`; what begins with a zero, as split(1) names pieces, goes up in time. */
const NUMBERED = /^(.+)\.(0|[1-9]\d{0,4})$/;
/** logrotate's `mail.log-20261123` and `mail-20261123.log`, rsyslog's `mail-2026-11-23.log` and `mail-2026-11.log`. */
const DATED =
  /^(.+?)[.-]((?:19|20)\d\d)(?:(\d\d)(\d\d)|([-_.])(\d\d)(?:\5(\d\d))?)(?!\d)[0-9TZ_:+-]*(\.[A-Za-z]+)?$/;

export function rotatedName(path: string): Rotated {
  const name = basename(path).replace(PACKED, '');
  const of = (base: string): string => join(dirname(path), base);
  const numbered = NUMBERED.exec(name);
  if (numbered !== null) return { log: of(numbered[1] ?? ''), number: Number(numbered[2]) + 1 };
  const dated = DATED.exec(name);
  if (dated !== null) {
    const [, stem = '', year, month1, day1, , month2, day2 = '15', ending = ''] = dated;
    const month = Number(month1 ?? month2) - 1;
    const time = Date.UTC(Number(year), month, Number(day1 ?? day2));
    if (new Date(time).getUTCMonth() === month) return { log: of(`${stem}${ending}`), day: time };
  }
  return { log: of(name), number: 0 };
}

/** The logs of each rotation, oldest first; those whose order the names don't tell stand alone. */
export function rotations<L extends { readonly path: string }>(logs: readonly L[]): L[][] {
  const byLog = new Map<string, Map<number, L[]>>();
  const mixed = new Map<string, Set<string>>();
  for (const log of logs) {
    const { log: base, number, day } = rotatedName(log.path);
    const ages = byLog.get(base) ?? new Map<number, L[]>();
    byLog.set(base, ages);
    const age = number === 0 ? Number.NEGATIVE_INFINITY : (number ?? -(day ?? 0));
    ages.set(age, [...(ages.get(age) ?? []), log]);
    if (number !== 0)
      mixed.set(base, (mixed.get(base) ?? new Set()).add(number === undefined ? 'day' : 'number'));
  }
  return [...byLog].flatMap(([base, ages]) => {
    const all = [...ages].sort(([a], [b]) => (a === b ? 0 : b - a)).map(([, same]) => same);
    if ((mixed.get(base)?.size ?? 0) > 1) return all.flat().map((log) => [log]);
    // The same one twice, packed and not.
    const twice = all.flatMap(([, ...others]) => others.map((log) => [log]));
    return [all.flatMap(([first]) => first ?? []), ...twice];
  });
}
