/**
 * A large log for the bench: the recorded ones again and again, each time with fresh queue ids, amavis ids, mail_ids
 * and message-ids, at later times.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Scenarios in the proportion of an ordinary day: mostly clean mail, some spam, few faults. */
const MIX = [
  'pass_lmtp', 'pass_lmtp', 'pass_lmtp', 'verdicts', 'pass_lmtp', 'split_policy', 'pass_lmtp', 'next_hop', 'pass_lmtp', 'filter_down',
]; // biome-ignore format: a list

const HEAD = /^(\w{3} +\d+ )(\d\d):(\d\d):(\d\d)( .*)$/;
const QUEUE_ID = /\b[0-9A-F]{10,11}\b/g;
const AMAVIS_ID = /\b(\d{5})-(\d\d)(?=[-) \]])/g;
const MAIL_ID = /(mail_id: |(?:quarantine: \S*?(?:spam|badh|banned|virus)-)|\) \(!\)|<V[AS])([\w+-]{12})/g;
const TOKEN = /\bT00\d{8}\b/g;

export interface Made {
  readonly bytes: number;
  readonly lines: number;
}

/** Writes at least `size` bytes to the file. */
export function makeLog(file: string, size: number): Made {
  const sources = MIX.map((name) =>
    readFileSync(new URL(`../../samples/${name}/maillog`, import.meta.url), 'utf8')
      .split('\n')
      .filter(Boolean),
  );
  const out = openSync(file, 'w');
  let bytes = 0;
  let lines = 0;
  let now = Date.UTC(2026, 0, 1);
  for (let round = 0; bytes < size; round++) {
    const source = sources[round % sources.length] ?? [];
    const { text, seconds } = again(source, round, now);
    now += (seconds + 1) * 1000;
    bytes += writeSync(out, text);
    lines += source.length;
  }
  closeSync(out);
  return { bytes, lines };
}

function again(source: readonly string[], round: number, start: number): { text: string; seconds: number } {
  let first: number | undefined;
  let seconds = 0;
  const text = source.map((line) => {
    const [, , hours = '0', minutes = '0', secs = '0', rest = ''] = HEAD.exec(line) ?? [];
    const at = Number(hours) * 3600 + Number(minutes) * 60 + Number(secs);
    first ??= at;
    seconds = at - first;
    const date = new Date(start + seconds * 1000);
    const stamp = `${date.toUTCString().slice(8, 11)} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)}`;
    return `${stamp}${fresh(rest, round)}\n`;
  });
  return { text: text.join(''), seconds };
}

function fresh(text: string, round: number): string {
  return text
    .replace(QUEUE_ID, (id) =>
      ((Number.parseInt(id, 16) + round * 0x9e3779b1) % 0xfffffffffff)
        .toString(16)
        .toUpperCase()
        .padStart(11, '0')
        .slice(-11),
    )
    .replace(
      AMAVIS_ID,
      (_, pid: string, n: string) => `${String((Number(pid) + round * 7) % 99_999).padStart(5, '0')}-${n}`,
    )
    .replace(
      MAIL_ID,
      (_, before: string, id: string) => `${before}${round.toString(36).padStart(5, '0')}${id.slice(5)}`,
    )
    .replace(TOKEN, (token) => `${token}${round.toString(36)}`);
}
