/** A name's unexpanded value; undefined where Postfix has a value that can't be known from the files alone. */
export type Lookup = (name: string) => string | undefined;

/** A text with all its `$name` replaced, or the name that stands in the way. */
export type Expanded = { readonly text: string } | { readonly unknown: string };

/** How many references one text may lead to: far more than any real one, and an end to `a = $a$a`. */
const MAX_REFERENCES = 1000;

/**
 * mac_expand(3): `$name`, `${name}`, `$(name)`, `${name?text}`, `${name:text}`, `${name?{text}:{text}}` and
 * `${{a} == {b} ? {x} : {y}}`. `$$` is a dollar sign.
 */
export function expand(text: string, lookup: Lookup): Expanded {
  return expandWithin(text, lookup, { left: MAX_REFERENCES });
}

interface Budget {
  left: number;
}

function expandWithin(text: string, lookup: Lookup, budget: Budget): Expanded {
  if (!text.includes('$')) return { text };
  if (budget.left-- <= 0) return { unknown: text };
  let result = '';
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char !== '$') {
      result += char;
      at++;
      continue;
    }
    const next = text.charAt(at + 1);
    if (next === '$') {
      result += '$';
      at += 2;
      continue;
    }
    let reference: string;
    if (next === '{' || next === '(') {
      const end = closing(text, at + 1);
      if (end < 0) return { unknown: text.slice(at) };
      reference = text.slice(at + 2, end);
      at = end + 1;
    } else {
      reference = /^\w+/.exec(text.slice(at + 1))?.[0] ?? '';
      if (reference === '') return { unknown: text.slice(at) };
      at += 1 + reference.length;
    }
    const value = expandReference(reference.trim(), lookup, budget);
    if ('unknown' in value) return value;
    result += value.text;
  }
  return { text: result };
}

function expandReference(reference: string, lookup: Lookup, budget: Budget): Expanded {
  if (reference.startsWith('{')) return expandComparison(reference, lookup, budget);
  const name = /^[\w.-]+/.exec(reference)?.[0];
  if (name === undefined) return { unknown: reference };
  const value = lookup(name);
  if (value === undefined) return { unknown: `$${name}` };
  const rest = reference.slice(name.length).trim();
  const expanded = expandWithin(value, lookup, budget);
  if (rest === '' || 'unknown' in expanded) return expanded;
  const branches = readBranches(rest);
  if (branches === undefined) return { unknown: reference };
  return expandWithin(expanded.text === '' ? branches.empty : branches.filled, lookup, budget);
}

function expandComparison(reference: string, lookup: Lookup, budget: Budget): Expanded {
  const leftEnd = closing(reference, 0);
  const operator = /^\s*(==|!=)\s*/.exec(reference.slice(leftEnd + 1));
  if (leftEnd < 0 || operator === null) return { unknown: reference };
  const rightStart = leftEnd + 1 + operator[0].length;
  const rightEnd = reference.charAt(rightStart) === '{' ? closing(reference, rightStart) : -1;
  const branches = rightEnd < 0 ? undefined : readBranches(reference.slice(rightEnd + 1).trim());
  if (branches === undefined) return { unknown: reference };
  const left = expandWithin(reference.slice(1, leftEnd).trim(), lookup, budget);
  const right = expandWithin(reference.slice(rightStart + 1, rightEnd).trim(), lookup, budget);
  if ('unknown' in left) return left;
  if ('unknown' in right) return right;
  const holds = (left.text === right.text) === (operator[1] === '==');
  return expandWithin(holds ? branches.filled : branches.empty, lookup, budget);
}

/** `?text`, `:text`, `?{text}:{text}`. */
function readBranches(rest: string): { filled: string; empty: string } | undefined {
  const mark = rest.charAt(0);
  if (mark !== '?' && mark !== ':') return undefined;
  const body = rest.slice(1).trim();
  const end = body.startsWith('{') ? closing(body, 0) : -1;
  if (end < 0) return mark === '?' ? { filled: body, empty: '' } : { filled: '', empty: body };
  const first = body.slice(1, end).trim();
  const after = body.slice(end + 1).trim();
  if (mark === ':') return after === '' ? { filled: '', empty: first } : undefined;
  if (after === '') return { filled: first, empty: '' };
  const second = /^:\s*(.*)$/.exec(after)?.[1];
  if (second === undefined) return undefined;
  return { filled: first, empty: second.startsWith('{') ? second.slice(1, -1).trim() : second };
}

/** The index of the bracket that closes the one at `start`, or -1. */
function closing(text: string, start: number): number {
  const open = text.charAt(start);
  const close = open === '{' ? '}' : ')';
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === open) depth++;
    else if (char === close && --depth === 0) return at;
  }
  return -1;
}
