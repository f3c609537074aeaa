/** Copies of recorded logs: at another time, on another host, with ids of their own or with the same ones again. */

/** Seconds since the year's beginning in an RFC 3164 head (November only, as all recordings are). */
function secondsOf(line: string): number {
  const [, day = '1', hours = '0', minutes = '0', seconds = '0'] =
    /^Nov +(\d+) (\d\d):(\d\d):(\d\d) /.exec(line) ?? [];
  return ((Number(day) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
}

export interface Copy {
  /** Seconds since the month's beginning, of the first line. */
  readonly start: number;
  readonly host: string;
  readonly lines: readonly string[];
}

/** How long the log goes on (seconds). */
export function lengthOf(lines: readonly string[]): number {
  const times = lines.map(secondsOf);
  return Math.max(...times) - Math.min(...times);
}

/** The log as it would have been written later or earlier, and elsewhere. */
export function moved({ start, host, lines }: Copy): string[] {
  const shift = start - Math.min(...lines.map(secondsOf));
  return lines.map((line) => {
    const total = secondsOf(line) + shift;
    const two = (n: number): string => String(n).padStart(2, '0');
    const day = String(Math.floor(total / 86_400)).padStart(2, ' ');
    const clock = [Math.floor(total / 3600) % 24, Math.floor(total / 60) % 60, total % 60].map(two).join(':');
    return line.replace(/^Nov +\d+ \S+ \S+/, `Nov ${day} ${clock} ${host}`);
  });
}

/** Several logs as one: by time, and lines of one second by turns. */
export function merged(logs: readonly (readonly string[])[]): string[] {
  return logs
    .flatMap((lines, log) => {
      let latest = 0;
      return lines.map((line, n) => {
        latest = Math.max(latest, secondsOf(line));
        return { line, at: latest, n, log };
      });
    })
    .sort((a, b) => a.at - b.at || a.n - b.n || a.log - b.log)
    .map(({ line }) => line);
}

const LONG_ID = /\b[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{3,}\b/g;
const SHORT_ID = /\b[0-9A-F]{10,12}\b/g;
const MAIL_ID = /(?:mail_id: |Checking: |release[^:]*: |\(rel-|\) (?:\(!+\))?)([A-Za-z0-9_+-]{12})\b/g;
const MESSAGE_ID = /(message-id=<|Message-ID: <|msgid=<)([^<>@]+)@/g;
const NOTICE = /^(?:VA|VS|VR|SS|SA|DSN)[A-Za-z0-9_+-]{12}$/;

/** The log with process ids and amavis ids that no other copy has (`n`: which copy this is). */
export function withOwnProcesses(lines: readonly string[], n: number): string[] {
  const processes = new Map<string, string>();
  const own = (pid: string): string => {
    const bare = String(Number(pid));
    const known = processes.get(bare) ?? String(10_000 + n * 1000 + processes.size);
    processes.set(bare, known);
    return known;
  };
  return lines.map((line) =>
    line
      .replace(
        /^(\S+ +\S+ \S+ \S+ [^\s[]+\[)(\d+)\]/,
        (_all, head: string, pid: string) => `${head}${own(pid)}]`,
      )
      .replace(/\b(\d{5})-(\d\d(?:-\d+)?)\b/g, (_all, pid: string, rest: string) => `${own(pid)}-${rest}`),
  );
}

/** The log with mail_ids that no other copy has; amavis gives each but once. */
export function withOwnMailIds(lines: readonly string[], n: number): string[] {
  const ids = new Set<string>();
  for (const line of lines) for (const [, id] of line.matchAll(MAIL_ID)) if (id !== undefined) ids.add(id);
  const table = [...ids].filter((id) => /[A-Z]/.test(id) && /[a-z]/.test(id));
  return lines.map((line) => {
    let text = line;
    for (const id of table) text = text.replaceAll(id, `${id.slice(0, 11)}${rotated(id.slice(11), n)}`);
    return text;
  });
}

/** The log with queue ids and message-ids that no other copy has. */
export function withOwnIds(lines: readonly string[], n: number): string[] {
  const short = (id: string): string =>
    ((Number.parseInt(id.slice(0, 4), 16) + n * 0x111) % 0x10000)
      .toString(16)
      .toUpperCase()
      .padStart(4, '0') + id.slice(4);
  const long = (id: string): string =>
    `${id.slice(0, 8)}${rotated(id.charAt(8), n, LONG_ALPHABET)}${id.slice(9)}`;
  return lines.map((line) =>
    line
      .replace(LONG_ID, long)
      .replace(SHORT_ID, short)
      .replace(MESSAGE_ID, (all, head: string, local: string) =>
        NOTICE.test(local) ? all : `${head}${local}.${n}@`,
      ),
  );
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const LONG_ALPHABET = '0123456789BCDFGHJKLMNPQRSTVWXYbcdfghjklmnpqrstvwxy';

function rotated(char: string, n: number, alphabet = ALPHABET): string {
  const at = alphabet.indexOf(char);
  return at < 0 ? (alphabet[n] ?? '0') : (alphabet[(at + n) % alphabet.length] ?? '0');
}
