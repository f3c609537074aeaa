import { createHash } from 'node:crypto';

/** A generation is known again by this many of its first bytes. */
export const HEAD = 256;

/** The fingerprint of an empty file. */
export const EMPTY = '0:';

/**
 * "LENGTH:HASH" of the first bytes. A file that holds but a fragment of a line has "=LENGTH:HASH": other files
 * may begin with it too, so only a file that is just that matches.
 */
export function fingerprintOf(head: Buffer): string {
  if (head.length === 0) return EMPTY;
  return `${hasLine(head) ? '' : '='}${head.length}:${digest(head)}`;
}

/** Whether a file with this head is the one with the fingerprint or a copy of it, perhaps grown since. */
export function hasFingerprint(head: Buffer, fingerprint: string): boolean {
  const [, whole, digits = ''] = /^(=?)([1-9][0-9]*):/.exec(fingerprint) ?? [];
  const length = Number(digits);
  if (whole === undefined || head.length < length || (whole === '=' && head.length > length)) return false;
  return fingerprint === `${whole}${length}:${digest(head.subarray(0, length))}`;
}

/** Whether one is a copy of the other, perhaps of another moment. */
export function areCopies(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length);
  const common = a.subarray(0, length);
  return length > 0 && common.equals(b.subarray(0, length)) && (a.length === b.length || hasLine(common));
}

/** Whether the first line, or enough of it, is there. */
export function hasLine(head: Buffer): boolean {
  return head.length >= HEAD || head.includes(0x0a);
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
