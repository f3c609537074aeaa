/** What the names of rotated logs tell of their order and their time. */
import { basename, dirname, join } from 'node:path';

/** A rotated log's name: of which log, and which one. */
interface Rotated {
  readonly log: string;
  /** `.1`, `.2`: the higher, the older; 0 is a log that was not rotated. */
  readonly number?: number;
  /** Milliseconds since 1970: the day in the name. */
  readonly day?: number;
}

const PACKED = /\.(?:gz|xz|bz2|zst)$/;
/** logrotate's and newsyslog's `mail.log.1`; what begins with a zero, as split(1) names pieces, goes up in time. */
const NUMBERED = /^(.+)\.(0|[1-9]\d{0,4})$/;
/** logrotate's `mail.log-20261123` and `mail-20261123.log`, rsyslog's `mail-2026-11-23.log`. */
const DATED = /^(.+?)[.-]((?:19|20)\d\d)([-_.]?)(\d\d)\3(\d\d)(?!\d)[0-9TZ_:+-]*(\.[A-Za-z]+)?$/;

export function rotatedName(path: string): Rotated {
  const name = basename(path).replace(PACKED, '');
  const of = (base: string): string => join(dirname(path), base);
  const numbered = NUMBERED.exec(name);
  if (numbered !== null) return { log: of(numbered[1] ?? ''), number: Number(numbered[2]) + 1 };
  const [, stem = '', year, , month, day, ending = ''] = DATED.exec(name) ?? [];
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (new Date(time).getUTCMonth() === Number(month) - 1) return { log: of(`${stem}${ending}`), day: time };
  return { log: of(name), number: 0 };
}

/** The logs of each rotation, oldest first; those whose order the names don't tell stand alone. */
export function rotations<L extends { readonly path: string }>(logs: readonly L[]): L[][] {
  const byLog = new Map<string, { readonly log: L; readonly name: Rotated }[]>();
  for (const log of logs) {
    const name = rotatedName(log.path);
    const same = byLog.get(name.log) ?? [];
    byLog.set(name.log, [...same, { log, name }]);
  }
  return [...byLog.values()].flatMap((same) => {
    const isDated = same.some(({ name }) => name.day !== undefined);
    const isNumbered = same.some(({ name }) => (name.number ?? 0) > 0);
    if (isDated && isNumbered) return same.map(({ log }) => [log]);
    const age = ({ number, day }: Rotated): number => (day === undefined ? (number ?? 0) : -day);
    const rank = ({ name }: { readonly name: Rotated }): number =>
      name.number === 0 ? Number.NEGATIVE_INFINITY : age(name);
    return [same.sort((a, b) => rank(b) - rank(a) || 0).map(({ log }) => log)];
  });
}
