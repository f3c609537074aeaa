import type { Token } from './tokens.js';
import { type PerlValue, scalar, unknown } from './value.js';

/** A variable's value by sigil and name (`$max_servers`, `@inet_acl`); undefined when nothing set it. */
export type Variables = (name: string) => PerlValue | undefined;

/** amavis' destinies: constants of Amavis::Conf. */
const CONSTANTS: ReadonlySet<string> = new Set(['D_PASS', 'D_DISCARD', 'D_REJECT', 'D_BOUNCE', 'D_TEMPFAIL']);

/**
 * Evaluates a whole expression: literals, lists, hashes, arithmetic, concatenation and interpolation of variables that
 * are known. Whatever else stands in it (a function call, a regular expression, a condition) makes it unknown.
 */
export function evaluate(tokens: readonly Token[], variables: Variables): PerlValue {
  return evaluateAt(tokens, variables, 0);
}

/** Deeper than any real table, shallow enough for the stack. */
const MAX_DEPTH = 100;

function evaluateAt(tokens: readonly Token[], variables: Variables, depth: number): PerlValue {
  if (depth > MAX_DEPTH) return unknown('it is nested too deeply');
  const reader = new ExpressionReader(tokens, variables, depth);
  const value = reader.additive();
  return reader.atEnd() ? value : unknown('it is computed');
}

/** Evaluates what may be assigned to an array: a list, `qw`, or another array. */
export function evaluateList(tokens: readonly Token[], variables: Variables): PerlValue {
  const value = evaluate(tokens, variables);
  if (value.kind === 'list' || value.kind === 'unknown') return value;
  return { kind: 'list', items: [value] };
}

class ExpressionReader {
  private at = 0;
  private readonly tokens: readonly Token[];
  private readonly variables: Variables;
  private readonly depth: number;

  constructor(tokens: readonly Token[], variables: Variables, depth: number) {
    this.tokens = tokens;
    this.variables = variables;
    this.depth = depth;
  }

  atEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  additive(): PerlValue {
    let left = this.multiplicative();
    for (
      let operator = this.take('+', '-', '.');
      operator !== undefined;
      operator = this.take('+', '-', '.')
    ) {
      left = combine(operator, left, this.multiplicative());
    }
    return left;
  }

  private multiplicative(): PerlValue {
    let left = this.primary();
    for (let operator = this.take('*', '/'); operator !== undefined; operator = this.take('*', '/')) {
      left = combine(operator, left, this.primary());
    }
    return left;
  }

  private primary(): PerlValue {
    const token = this.tokens[this.at++];
    switch (token?.kind) {
      case 'number':
        return scalar(String(token.value));
      case 'string':
        return this.isFatComma() ? scalar(token.text) : this.text(token.text, token.interpolates);
      case 'words':
        return { kind: 'list', items: token.words.map(scalar) };
      case 'variable':
        return this.variable(token.sigil, token.name);
      case 'word':
        if (this.isFatComma()) return scalar(token.text);
        if (token.text === 'undef') return { kind: 'undef' };
        return CONSTANTS.has(token.text) ? scalar(token.text) : this.giveUp('it is computed');
      case 'symbol':
        return this.symbol(token.text);
      default:
        return this.giveUp('it is computed');
    }
  }

  private symbol(text: string): PerlValue {
    if (text === '-' && !isSymbol(this.tokens[this.at])) return combine('-', scalar('0'), this.primary());
    if (text === '(' || text === '[') {
      const items = this.items(text === '(' ? ')' : ']');
      const only = items?.[0];
      if (items === undefined) return this.giveUp('it is computed');
      // A single value in round brackets is that value; evaluateList makes it a list again.
      return text === '(' && items.length === 1 && only !== undefined ? only : { kind: 'list', items };
    }
    if (text === '{') return this.hash();
    const referred = this.tokens[this.at];
    if (text === '\\' && referred?.kind === 'variable') {
      this.at++;
      return { kind: 'reference', to: referred.sigil + referred.name };
    }
    return this.giveUp('it is computed');
  }

  private hash(): PerlValue {
    const items = this.items('}');
    if (items === undefined || items.length % 2 !== 0) return this.giveUp('it is computed');
    const entries = new Map<string, PerlValue>();
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index];
      const value = items[index + 1];
      if (key?.kind === 'scalar' && value !== undefined) entries.set(key.text, value);
    }
    return { kind: 'hash', entries };
  }

  /**
   * What stands between commas up to the closing bracket. An element that can't be evaluated is skipped as a whole
   * and stands there as unknown, so that one computed entry does not hide the others.
   */
  private items(close: string): PerlValue[] | undefined {
    const items: PerlValue[] = [];
    for (;;) {
      if (this.take(close) !== undefined) return items;
      if (this.atEnd()) return undefined;
      const start = this.at;
      const end = this.elementEnd();
      const element = this.tokens.slice(start, end);
      const value = evaluateAt(element, this.variables, this.depth + 1);
      const first = element[0];
      const flattens = first?.kind === 'words' || (first?.kind === 'variable' && first.sigil === '@');
      if (value.kind === 'list' && flattens) items.push(...value.items);
      else items.push(this.isKey(end) ? keyOf(element, value) : value);
      this.at = end;
      this.take(',', '=>');
    }
  }

  private isKey(end: number): boolean {
    const token = this.tokens[end];
    return token?.kind === 'symbol' && token.text === '=>';
  }

  /** The index of the comma or closing bracket that ends the element at the present place. */
  private elementEnd(): number {
    let depth = 0;
    for (let index = this.at; index < this.tokens.length; index++) {
      const token = this.tokens[index];
      if (token?.kind !== 'symbol') continue;
      if ('([{'.includes(token.text)) depth++;
      else if (')]}'.includes(token.text)) {
        if (depth === 0) return index;
        depth--;
      } else if (depth === 0 && (token.text === ',' || token.text === '=>')) return index;
    }
    return this.tokens.length;
  }

  private variable(sigil: '$' | '@' | '%', name: string): PerlValue {
    const next = this.tokens[this.at];
    if (next?.kind === 'symbol' && ['{', '[', '->'].includes(next.text)) return this.giveUp('it is computed');
    const value = this.variables(sigil + name);
    return value ?? unknown(`it depends on ${sigil}${name}`);
  }

  private text(text: string, interpolates: boolean): PerlValue {
    return interpolates ? interpolate(text, this.variables) : scalar(text);
  }

  private isFatComma(): boolean {
    const next = this.tokens[this.at];
    return next?.kind === 'symbol' && next.text === '=>';
  }

  private take(...symbols: readonly string[]): string | undefined {
    const token = this.tokens[this.at];
    if (token?.kind !== 'symbol' || !symbols.includes(token.text)) return undefined;
    this.at++;
    return token.text;
  }

  private giveUp(why: string): PerlValue {
    this.at = this.tokens.length;
    return unknown(why);
  }
}

/** A bareword before `=>` is a string. */
function keyOf(element: readonly Token[], value: PerlValue): PerlValue {
  const only = element.length === 1 ? element[0] : undefined;
  return only?.kind === 'word' ? scalar(only.text) : value;
}

function isSymbol(token: Token | undefined): boolean {
  return token?.kind === 'symbol';
}

function combine(operator: string, left: PerlValue, right: PerlValue): PerlValue {
  if (left.kind === 'unknown') return left;
  if (right.kind === 'unknown') return right;
  if (left.kind !== 'scalar' || right.kind !== 'scalar') return unknown('it is computed');
  if (operator === '.') return scalar(left.text + right.text);
  const a = Number(left.text);
  const b = Number(right.text);
  const result = operator === '+' ? a + b : operator === '-' ? a - b : operator === '*' ? a * b : a / b;
  return Number.isFinite(result) ? scalar(String(result)) : unknown('it is computed');
}

/** A double-quoted string's escapes and simple scalars. */
function interpolate(body: string, variables: Variables): PerlValue {
  const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', e: '\x1b' };
  const part = /\\(.)|\$(?:\{(\w+)\}|(\w+(?:::\w+)*))(\[|\{|->)?|@(?=[A-Za-z_{])/gsy;
  let result = '';
  let at = 0;
  while (at < body.length) {
    part.lastIndex = at;
    const match = part.exec(body);
    if (match === null) {
      result += body.charAt(at++);
      continue;
    }
    at += match[0].length;
    const [, escaped, braced, plain, subscript] = match;
    if (escaped !== undefined) {
      result += ESCAPES[escaped] ?? escaped;
      continue;
    }
    const name = (braced ?? plain)?.replace(/^Amavis::Conf::/, '');
    if (name === undefined || subscript !== undefined) return unknown('it is computed');
    const value = variables(`$${name}`) ?? unknown(`it depends on $${name}`);
    if (value.kind === 'unknown') return value;
    if (value.kind !== 'scalar') return unknown(`it depends on $${name}`);
    result += value.text;
  }
  return scalar(result);
}
