/**
 * The words of a Perl text, as far as an amavisd.conf needs it: enough to find where statements, strings and comments
 * begin and end. Nothing is run. What Perl itself can only tell by running (is this `/` a division?) is told by the
 * token before, as Perl does too in these cases.
 */
export type Token = {
  readonly line: number;
} & (
  | { readonly kind: 'variable'; readonly sigil: '$' | '@' | '%'; readonly name: string }
  | { readonly kind: 'string'; readonly text: string; readonly interpolates: boolean }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'symbol'; readonly text: string }
  /** A regular expression, a backtick command, a sub's reference: no plain value. */
  | { readonly kind: 'opaque' }
);

export interface Tokens {
  readonly tokens: readonly Token[];
  /** The line at which the reader lost its way (a string that never ends), else null. */
  readonly lostAt: number | null;
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };
const QUOTES: ReadonlySet<string> = new Set(['q', 'qq', 'qw', 'qr', 'qx', 'm', 's', 'tr', 'y']);
// biome-ignore format: a table
const SYMBOLS = [
  '**=', '||=', '&&=', '//=', '<=>', '...', '=>', '->', '==', '!=', '=~', '!~', '<=', '>=', '||', '&&', '//', '..',
  '::', '+=', '-=', '*=', '/=', '.=', '%=', '++', '--', '**', '<<', '>>',
];

export function tokenize(text: string): Tokens {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  const heredocs: { tag: string; indented: boolean; index: number }[] = [];

  const advance = (to: number): void => {
    for (; at < to; at++) if (text.charAt(at) === '\n') line++;
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  /** What stands between the delimiter at `from` and its partner, and the index after that; undefined when none. */
  const delimited = (from: number): { body: string; end: number } | undefined => {
    const open = text.charAt(from);
    const close = CLOSING[open] ?? open;
    let depth = 1;
    for (let i = from + 1; i < text.length; i++) {
      const char = text.charAt(i);
      if (char === '\\') i++;
      else if (char === close && --depth === 0) return { body: text.slice(from + 1, i), end: i + 1 };
      else if (char === open && close !== open) depth++;
    }
    return undefined;
  };
  const operandBefore = (): boolean => {
    const last = tokens.at(-1);
    if (last === undefined) return false;
    if (last.kind === 'symbol') return last.text === ')' || last.text === ']' || last.text === '}';
    return last.kind !== 'word' || /^[A-Z]/.test(last.text);
  };

  while (at < text.length) {
    const char = text.charAt(at);
    const atLineStart = at === 0 || text.charAt(at - 1) === '\n';
    if (char === '\n') {
      advance(at + 1);
      for (const heredoc of heredocs.splice(0)) {
        const end = heredocEnd(text, at, heredoc.tag, heredoc.indented);
        if (end === undefined) return { tokens, lostAt: line };
        const token = tokens[heredoc.index];
        if (token?.kind === 'string') tokens[heredoc.index] = { ...token, text: end.body };
        advance(end.after);
      }
      continue;
    }
    if (/\s/.test(char)) {
      advance(at + 1);
      continue;
    }
    if (atLineStart && match(/=[a-zA-Z]/y) !== null) {
      const cut = /^=cut\b.*$/m.exec(text.slice(at));
      advance(cut === null ? text.length : at + cut.index + cut[0].length);
      continue;
    }
    if (char === '#') {
      const end = text.indexOf('\n', at);
      advance(end < 0 ? text.length : end);
      continue;
    }
    if (atLineStart && match(/__(?:END|DATA)__\s*$/my) !== null) break;

    const variable = match(/([$@%])(?:\{\s*\^?(\w+)\s*\}|((?:::)?[A-Za-z_]\w*(?:::\w+)*))/y);
    if (variable !== null && !(char === '%' && operandBefore())) {
      const name = (variable[2] ?? variable[3] ?? '').replace(/^Amavis::Conf::/, '');
      tokens.push({ kind: 'variable', sigil: char as '$' | '@' | '%', name, line });
      advance(at + variable[0].length);
      continue;
    }
    const special = match(/\$(?:#\{?\w+\}?|#?\$\w+|[&`'+!@/\\.0-9<>])|\$#/y);
    if (special !== null) {
      tokens.push({ kind: 'opaque', line });
      advance(at + special[0].length);
      continue;
    }
    const number = match(/0x[\da-f_]+|0b[01_]+|(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d+)(?:e[+-]?\d+)?/iy);
    if (number !== null) {
      tokens.push({ kind: 'number', value: numberOf(number[0]), line });
      advance(at + number[0].length);
      continue;
    }
    const heredoc = match(/<<(~?)(?:"([^"\n]*)"|'([^'\n]*)'|([A-Za-z_]\w*))/y);
    if (heredoc !== null && !operandBefore()) {
      const tag = heredoc[2] ?? heredoc[3] ?? heredoc[4] ?? '';
      heredocs.push({ tag, indented: heredoc[1] === '~', index: tokens.length });
      tokens.push({ kind: 'string', text: '', interpolates: heredoc[3] === undefined, line });
      advance(at + heredoc[0].length);
      continue;
    }
    if (char === "'" || char === '"' || char === '`') {
      const string = delimited(at);
      if (string === undefined) return { tokens, lostAt: line };
      tokens.push(
        char === '`'
          ? { kind: 'opaque', line }
          : {
              kind: 'string',
              text: char === "'" ? single(string.body) : string.body,
              interpolates: char === '"',
              line,
            },
      );
      advance(string.end);
      continue;
    }
    const word = match(/[A-Za-z_]\w*(?:::\w+)*/y)?.[0];
    if (word !== undefined) {
      const quote =
        QUOTES.has(word) && !isHashKey(text, at, word.length, tokens)
          ? quoteStart(text, at, word)
          : undefined;
      if (quote === undefined) {
        tokens.push({ kind: 'word', text: word, line });
        advance(at + word.length);
        continue;
      }
      const first = delimited(quote);
      if (first === undefined) return { tokens, lostAt: line };
      let end = first.end;
      if (word === 's' || word === 'tr' || word === 'y') {
        const paired = CLOSING[text.charAt(quote)] !== undefined;
        const gap = paired ? (/\s*/y.exec(text.slice(end))?.[0].length ?? 0) : -1;
        const second = delimited(end + gap);
        if (second === undefined) return { tokens, lostAt: line };
        end = second.end;
      }
      if (word === 'q' || word === 'qq') {
        const body = word === 'q' ? single(first.body) : first.body;
        tokens.push({ kind: 'string', text: body, interpolates: word === 'qq', line });
      } else if (word === 'qw') {
        tokens.push({ kind: 'words', words: first.body.split(/\s+/).filter((part) => part !== ''), line });
      } else {
        tokens.push({ kind: 'opaque', line });
        end += /^[a-z]*/.exec(text.slice(end, end + 20))?.[0].length ?? 0;
      }
      advance(end);
      continue;
    }
    if (char === '/' && !operandBefore()) {
      const pattern = delimited(at);
      if (pattern === undefined) return { tokens, lostAt: line };
      tokens.push({ kind: 'opaque', line });
      advance(pattern.end + (/^[a-z]*/.exec(text.slice(pattern.end, pattern.end + 20))?.[0].length ?? 0));
      continue;
    }
    const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, at)) ?? char;
    tokens.push({ kind: 'symbol', text: symbol, line });
    advance(at + symbol.length);
  }
  return { tokens, lostAt: heredocs.length > 0 ? line : null };
}

/** `s => 1`, `{y}`, `->m`, `sub q`: a name, not a quoting operator. */
function isHashKey(text: string, at: number, length: number, tokens: readonly Token[]): boolean {
  if (/^\s*(?:=>|,|;|=[^=~])/.test(text.slice(at + length, at + length + 40))) return true;
  if (/^\s*\}/.test(text.slice(at + length, at + length + 40))) return true;
  const last = tokens.at(-1);
  return (last?.kind === 'symbol' && last.text === '->') || (last?.kind === 'word' && last.text === 'sub');
}

/** Where the delimiter after `q`, `qw` … stands; undefined where there is none. */
function quoteStart(text: string, at: number, word: string): number | undefined {
  const from = at + word.length;
  const space = /^\s*/.exec(text.slice(from, from + 200))?.[0].length ?? 0;
  const delimiter = text.charAt(from + space);
  if (delimiter === '' || /\w/.test(delimiter) || (space > 0 && delimiter === '#')) return undefined;
  return from + space;
}

function heredocEnd(
  text: string,
  from: number,
  tag: string,
  indented: boolean,
): { body: string; after: number } | undefined {
  let start = from;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const physical = text.slice(start, end).replace(/\r$/, '');
    if ((indented ? physical.trimStart() : physical) === tag) {
      return { body: text.slice(from, start), after: newline < 0 ? end : end + 1 };
    }
    if (newline < 0) break;
    start = newline + 1;
  }
  return undefined;
}

function numberOf(text: string): number {
  const digits = text.replaceAll('_', '');
  return /^0\d+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
}

/** In single quotes only `\\` and `\'` are escapes. */
function single(body: string): string {
  return body.replace(/\\([\\'])/g, '$1');
}
