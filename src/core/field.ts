/** How a pattern's text fields become values. */

const TYPES = ['integer', 'number', 'slashes', 'addresses', 'commas', 'list', 'boolean'] as const;

/** Of a decimal; so many are exact in a double, and so is the quotient. */
const MAX_DIGITS = 15;

export type FieldType = (typeof TYPES)[number];

export function isFieldType(value: unknown): value is FieldType {
  return (TYPES as readonly unknown[]).includes(value);
}

export function convert(text: string, type: FieldType): unknown {
  switch (type) {
    case 'integer':
    case 'number':
      return decimal(text, 0, text.length);
    case 'slashes':
      return slashes(text);
    case 'addresses':
      return addresses(text);
    case 'commas':
      return text === '' ? [] : text.split(',');
    case 'list':
      return text.split('/');
    case 'boolean':
      return true;
  }
}

/** `0.01/0/0.43/0.36` */
function slashes(text: string): number[] {
  const numbers: number[] = [];
  for (let from = 0; ; ) {
    const slash = text.indexOf('/', from);
    numbers.push(decimal(text, from, slash < 0 ? text.length : slash));
    if (slash < 0) return numbers;
    from = slash + 1;
  }
}

/** What Number() makes of a part of a text, without cutting it out where it is a plain decimal of few digits. */
function decimal(text: string, from: number, to: number): number {
  let digits = 0;
  let scale = 0;
  let plain = to > from && to - from <= MAX_DIGITS;
  for (let i = from; i < to && plain; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      digits = digits * 10 + code - 48;
      scale *= 10;
    } else if (code === 46 /* . */ && scale === 0 && to - from > 1) {
      scale = 1;
    } else {
      plain = false;
    }
  }
  if (!plain) return Number(text.slice(from, to));
  return scale > 1 ? digits / scale : digits;
}

/**
 * `<a@b>,<"c,d"@e>,<>` to its addresses. A quoted local part may hold `>` and `,`, so quotes are followed; an
 * address without a closing bracket (a line cut off) is left out, since what it says is not whole.
 */
function addresses(text: string): string[] {
  const found: string[] = [];
  let at = 0;
  while (text.charCodeAt(at) === 60 /* < */) {
    const end = addressEnd(text, at + 1);
    if (end < 0) break;
    found.push(text.slice(at + 1, end));
    at = end + 1;
    if (text.charCodeAt(at) === 44 /* , */) at++;
    while (text.charCodeAt(at) === 32) at++;
  }
  return found;
}

/** Where the bracket closes that was opened before `from`; -1 when it doesn't. */
function addressEnd(text: string, from: number): number {
  const plain = text.indexOf('>', from);
  const quote = text.indexOf('"', from);
  if (quote < 0 || plain < 0 || quote > plain) return plain;
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 92 /* \ */) i++;
    else if (code === 34) quoted = !quoted;
    else if (code === 62 && !quoted) return i;
  }
  return plain;
}
