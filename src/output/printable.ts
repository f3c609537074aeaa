/**
 * Text from outside, made safe for a terminal: what strangers write in HELO names, addresses and subjects must not
 * move the cursor, set a title or turn the reading direction. Such characters are shown as what they are (`\x1b`).
 */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export function printable(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** JSON without a raw control character; the escapes are JSON's own, so parsers give back what was there. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function visible(char: string): string {
  const code = char.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
