import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';

/** A socket of this machine that listens; 0.0.0.0 and :: are all addresses. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  /** As /proc/PID/fd names it: `socket:[20557]`. */
  readonly inode: string;
}

const LISTEN = '0A';

/** What listens on this machine; null where there is no /proc to tell (Linux only). */
export function listeningSockets(): ListeningSocket[] | null {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => {
    try {
      return parseProcNetTcp(readFileSync(file, 'utf8'));
    } catch {
      return null;
    }
  });
  return tables[0] === null ? null : tables.flatMap((table) => table ?? []);
}

/** Reads Linux' /proc/net/tcp or tcp6 (proc(5)): addresses are hexadecimal words in the machine's byte order. */
export function parseProcNetTcp(text: string): ListeningSocket[] {
  return text.split('\n').flatMap((line) => {
    const match =
      /^\s*\d+:\s+([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})\s+[0-9A-F]+:[0-9A-F]+\s+([0-9A-F]{2})((?:\s+\S+){6})/.exec(
        line,
      );
    if (match === null || match[3] !== LISTEN) return [];
    const [, words = '', port = '', , more = ''] = match;
    const inode = more.trim().split(/\s+/)[5] ?? '';
    return [{ address: addressOf(words), port: Number.parseInt(port, 16), inode }];
  });
}

function addressOf(words: string): string {
  const bytes = [...words.matchAll(/.{8}/g)].flatMap(([word]) =>
    [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16)),
  );
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  const v4 = bytes.slice(12).join('.');
  if (mapped && isIPv4(v4)) return v4;
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  );
  // The URL parser writes IPv6 addresses in their one short form.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
