/**
 * Postfix queue ids (mail_queue.h).
 *
 * Short: the microsecond in five hexadecimal digits and the inode, upper case; the same id comes again. Long
 * (enable_long_queue_ids): seconds in base 52 (six digits or more), microseconds in base 52 (four digits), `z`,
 * the inode in base 51; it never comes again and tells when it was made.
 */

const LONG_ALPHABET = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz';
const HEX = 1;
const LONG = 2;
const CLASS = new Uint8Array(128);
for (const char of '0123456789ABCDEF') CLASS[char.charCodeAt(0)] = HEX;
for (const char of LONG_ALPHABET) CLASS[char.charCodeAt(0)] = (CLASS[char.charCodeAt(0)] ?? 0) | LONG;

/** Shortest and longest ids: five digits and an inode of up to 64 bits. */
const SHORT_MIN = 6;
const SHORT_MAX = 21;
const LONG_MIN = 12;
const LONG_MAX = 24;

/** How long the queue id is that the message begins with (`ID: …`), 0 when it begins with none. */
export function queueIdLength(message: string): number {
  let kinds = HEX | LONG;
  let i = 0;
  for (; i <= LONG_MAX; i++) {
    const code = message.charCodeAt(i);
    if (code === 58 /* : */) break;
    kinds &= code < 128 ? (CLASS[code] ?? 0) : 0;
    if (kinds === 0) return 0;
  }
  if (message.charCodeAt(i) !== 58 || message.charCodeAt(i + 1) !== 32) return 0;
  return fits(message, i, kinds) ? i : 0;
}

/** Whether the text is a queue id in its form. */
export function isQueueId(text: string): boolean {
  let kinds = HEX | LONG;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    kinds &= code < 128 ? (CLASS[code] ?? 0) : 0;
    if (kinds === 0) return false;
  }
  return fits(text, text.length, kinds);
}

/** Whether the id is a long one, which never comes again. */
export function isLongQueueId(id: string): boolean {
  return id.length >= LONG_MIN && id.includes('z');
}

function fits(text: string, length: number, kinds: number): boolean {
  if ((kinds & HEX) !== 0 && length >= SHORT_MIN && length <= SHORT_MAX) return true;
  if ((kinds & LONG) === 0 || length < LONG_MIN) return false;
  // The `z` comes after ten digits of time (the seconds have six until the year 2187).
  const z = text.indexOf('z', 10);
  return z >= 10 && z < length - 1;
}
