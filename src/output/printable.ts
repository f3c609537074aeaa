/**
 * Text from outside, made safe for a terminal: what strangers write in HELO names, addresses and subjects must not
 * move the cursor, set a title, turn the reading direction or hide in it. Such characters are shown as what they are (`\x1b`).
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

export function printable(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON without a raw control character; the escapes are JSON's own, so parsers give back what was there. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (char) =>
    char
      .split('')
      .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
      .join(''),
  );
}

function visible(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x1_0000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 4)}}`;
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, '0');
}
