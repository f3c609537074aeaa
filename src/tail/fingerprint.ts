import { createHash } from 'node:crypto';

/** A generation is known again by this many of its first bytes… */
export const HEAD = 1024;
/** …and, where more was read of it, by this many before the place up to where it was. */
export const MARK = 256;

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

/**
 * Whether a file with this head is the one with the fingerprint or a copy of it, perhaps grown since. Of the `same`
 * inode also a fragment may have grown.
 */
export function hasFingerprint(head: Buffer, fingerprint: string, { same = false } = {}): boolean {
  const { length, fragment } = lengthOf(fingerprint);
  if (length === 0 || head.length < length || (fragment && !same && head.length > length)) return false;
  return fingerprint === `${fragment ? '=' : ''}${length}:${digest(head.subarray(0, length))}`;
}

/** What the bytes before an offset are known by. */
export function markOf(bytes: Buffer): string {
  return digest(bytes);
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

function lengthOf(fingerprint: string): { readonly length: number; readonly fragment: boolean } {
  const [, fragment, digits = ''] = /^(=?)([1-9][0-9]*):/.exec(fingerprint) ?? [];
  return { length: Number(digits), fragment: fragment === '=' };
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
