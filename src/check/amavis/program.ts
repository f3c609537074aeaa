import type { Place, TextFile } from '../place.js';
import { BUILT_IN } from './built-in.js';
import { evaluate, evaluateList } from './expression.js';
import { type Token, tokenize } from './tokens.js';
import { type PerlValue, scalar, unknown } from './value.js';

export interface Assigned {
  readonly value: PerlValue;
  readonly place: Place;
}

/** What a set of amavis configuration files assigns, by sigil and name: `$max_servers`, `@inet_acl`, `%policy_bank`. */
export interface AmavisProgram {
  readonly files: readonly string[];
  readonly variables: ReadonlyMap<string, Assigned>;
  /** Where an element of a hash was assigned by itself: `%policy_bank{ORIGINATING}`. */
  readonly elements: ReadonlyMap<string, Place>;
  /** Where reading had to stop, or a file that is included and was not there to be read: after it, all may differ. */
  readonly gaps: readonly Gap[];
}

export interface Gap {
  readonly place: Place;
  readonly why: string;
}

/** The text of a file that another includes; undefined when it can't be read. */
export type Include = (path: string) => string | undefined;

/** As amavisd limits its own. */
const MAX_INCLUDES = 100;
/** Deeper than any real file, shallow enough for the stack. */
const MAX_DEPTH = 100;
const BLOCKS = new Set(['if', 'unless', 'while', 'until', 'for', 'foreach', 'elsif', 'else', 'sub']);
const MODIFIERS = new Set(['if', 'unless', 'for', 'foreach', 'while', 'until']);
const CHANGERS = new Set(['push', 'unshift', 'splice', 'shift', 'pop', 'chomp', 'chop', 'delete', 'undef']);
const INCLUDERS = new Set(['include_config_files', 'include_optional_config_files', 'do', 'require']);

/**
 * Reads amavisd.conf or the files of conf.d, in the order given, without running them: a later assignment replaces an
 * earlier one. What is assigned in an `if`, a loop or a sub, or by anything that is more than an assignment, is known
 * to be set there and its value to be unknown.
 */
export function readProgram(files: readonly TextFile[], include: Include = () => undefined): AmavisProgram {
  const reader = new ProgramReader(include);
  for (const file of files) reader.read(file);
  const { files: read, variables, elements, gaps } = reader;
  return { files: read, variables, elements, gaps };
}

class ProgramReader {
  readonly files: string[] = [];
  readonly variables = new Map<string, Assigned>();
  readonly elements = new Map<string, Place>();
  readonly gaps: Gap[] = [];
  private readonly include: Include;

  constructor(include: Include) {
    this.include = include;
  }

  read({ file, text }: TextFile): void {
    this.files.push(file);
    const { tokens, lostAt } = tokenize(text);
    this.statements(file, tokens);
    if (lostAt !== null)
      this.gaps.push({ place: { file, line: lostAt }, why: 'a string or block that never ends' });
  }

  private statements(file: string, tokens: readonly Token[], depth = 0): void {
    let at = 0;
    while (at < tokens.length) {
      const token = tokens[at];
      // A closing bracket without an opening one is no Perl, and must not be waited for.
      if (isSymbol(token, ';', '}', ')', ']')) {
        at++;
      } else if (isSymbol(token, '{')) {
        const end = closing(tokens, at);
        const inner = tokens.slice(at + 1, end);
        if (depth < MAX_DEPTH) this.statements(file, inner, depth + 1);
        else this.disturb(file, inner, 'it is nested too deeply');
        at = end + 1;
      } else if (token?.kind === 'word' && BLOCKS.has(token.text)) {
        const end = blockEnd(tokens, at);
        this.disturb(file, tokens.slice(at, end), 'it is set in a block that may not run');
        at = end;
      } else if (token?.kind === 'word' && token.text === 'BEGIN') {
        at++;
      } else {
        const end = statementEnd(tokens, at);
        this.statement(file, tokens.slice(at, end));
        at = end;
      }
    }
  }

  private statement(file: string, written: readonly Token[]): void {
    const tokens = isWord(written[0], 'my', 'our', 'local') ? written.slice(1) : written;
    const first = tokens[0];
    if (first?.kind === 'word' && INCLUDERS.has(first.text)) {
      this.includeFiles(file, first, tokens.slice(1));
    } else if (atDepthZero(tokens, (token) => token.kind === 'word' && MODIFIERS.has(token.text))) {
      this.disturb(file, tokens, 'it is set on a condition');
    } else if (first?.kind === 'word' && first.text === 'push') {
      this.push(file, tokens);
    } else if (!this.assign(file, tokens)) {
      this.disturb(file, tokens, 'it is computed');
    }
  }

  /** `$a = $b = EXPRESSION`, `$policy_bank{'X'} = {…}`, `$a .= EXPRESSION`. */
  private assign(file: string, tokens: readonly Token[]): boolean {
    const targets: Target[] = [];
    let at = 0;
    for (;;) {
      const target = targetAt(tokens, at);
      if (target === undefined || !isSymbol(tokens[target.end], '=', '.=')) break;
      if (isSymbol(tokens[target.end], '.=') && targets.length > 0) return false;
      targets.push(target);
      at = target.end + 1;
      if (isSymbol(tokens[target.end], '.=')) break;
    }
    const first = targets[0];
    if (first === undefined) return false;
    const expression = tokens.slice(at);
    if (
      atDepthZero(
        expression,
        (token) => token.kind === 'symbol' && /^(?:[^=!<>]?=|\|\|=|&&=)$/.test(token.text),
      )
    ) {
      return false;
    }
    const lookup = (name: string): PerlValue | undefined => this.value(name);
    const isArray = targets.every((target) => target.name.startsWith('@'));
    let value = isArray ? evaluateList(expression, lookup) : evaluate(expression, lookup);
    if (isSymbol(tokens[first.end], '.=')) {
      const before = lookup(first.name);
      value =
        before?.kind === 'scalar' && value.kind === 'scalar'
          ? scalar(before.text + value.text)
          : unknown('it is computed');
    }
    for (const target of targets) this.set(file, target, value);
    return true;
  }

  private value(name: string): PerlValue | undefined {
    return this.variables.get(name)?.value ?? BUILT_IN.get(name);
  }

  private set(file: string, target: Target, value: PerlValue): void {
    const place = { file, line: target.line };
    if (target.key === undefined) {
      this.variables.set(target.name, { value, place });
      return;
    }
    this.elements.set(`${target.name}{${target.key}}`, place);
    const before = this.variables.get(target.name);
    if (before !== undefined && before.value.kind !== 'hash') return;
    const entries = new Map(before?.value.kind === 'hash' ? before.value.entries : []);
    const element = target.inner === undefined ? value : within(entries.get(target.key), target.inner, value);
    this.variables.set(target.name, {
      value: { kind: 'hash', entries: entries.set(target.key, element) },
      place,
    });
  }

  private push(file: string, tokens: readonly Token[]): void {
    const inner = isSymbol(tokens[1], '(') ? tokens.slice(2, -1) : tokens.slice(1);
    const [array, comma, ...rest] = inner;
    const before = array?.kind === 'variable' ? this.value(`@${array.name}`) : undefined;
    const more = isSymbol(comma, ',') ? evaluateCommaList(rest, (name) => this.value(name)) : undefined;
    if (array?.kind === 'variable' && before?.kind === 'list' && more?.kind === 'list') {
      const value: PerlValue = { kind: 'list', items: [...before.items, ...more.items] };
      this.variables.set(`@${array.name}`, { value, place: { file, line: array.line } });
    } else {
      this.disturb(file, tokens, 'it is computed');
    }
  }

  private includeFiles(file: string, word: Token, tokens: readonly Token[]): void {
    for (const token of tokens) {
      const paths = token.kind === 'string' ? [token.text] : token.kind === 'words' ? token.words : [];
      for (const path of paths) {
        const text = this.files.length < MAX_INCLUDES ? this.include(path) : undefined;
        if (text !== undefined) this.read({ file: path, text });
        else if (word.kind === 'word' && word.text !== 'include_optional_config_files') {
          this.gaps.push({
            place: { file, line: token.line },
            why: `includes ${path}, which could not be read`,
          });
        }
      }
    }
    const known = tokens.every((token) => token.kind !== 'variable' && token.kind !== 'opaque');
    if (!known)
      this.gaps.push({ place: { file, line: word.line }, why: 'includes files by a computed name' });
  }

  /** Every variable that the tokens may change is unknown from here on. */
  private disturb(file: string, tokens: readonly Token[], why: string): void {
    // `($a, $b) = …` sets all that stands in the brackets, `$a =~ s/x/y/` what it is held against.
    const listEnd = isSymbol(tokens[0], '(') ? closing(tokens, 0) : 0;
    const inList = isSymbol(tokens[listEnd + 1], '=') ? listEnd : 0;
    tokens.forEach((token, index) => {
      if (token.kind !== 'variable') return;
      const target = targetAt(tokens, index);
      const next = target === undefined ? undefined : tokens[target.end];
      const assigned = next?.kind === 'symbol' && /^(?:[-+*/.%|&]{0,2}=|\+\+|--)$/.test(next.text);
      const before = tokens.slice(Math.max(0, index - 2), index);
      const changed = before.some((word) => word.kind === 'word' && CHANGERS.has(word.text));
      const substituted = index === 0 && isSymbol(next, '=~');
      if (!assigned && !changed && !substituted && index >= inList) return;
      this.variables.set(target?.name ?? token.sigil + token.name, {
        value: unknown(why),
        place: { file, line: token.line },
      });
    });
  }
}

/** A hash with one entry more; what is no hash that is known stays unknown. */
function within(hash: PerlValue | undefined, key: string, value: PerlValue): PerlValue {
  if (hash !== undefined && hash.kind !== 'hash') return unknown('it is computed');
  return { kind: 'hash', entries: new Map(hash?.entries).set(key, value) };
}

interface Target {
  /** With the sigil of the whole variable: `%policy_bank` for `$policy_bank{'X'}`. */
  readonly name: string;
  readonly key: string | undefined;
  /** `forward_method` of `$policy_bank{'X'}{forward_method}`, also with `->` between. */
  readonly inner?: string;
  readonly line: number;
  /** The index after it. */
  readonly end: number;
}

function targetAt(tokens: readonly Token[], at: number): Target | undefined {
  const variable = tokens[at];
  if (variable?.kind !== 'variable') return undefined;
  const { line } = variable;
  const open = tokens[at + 1];
  if (variable.sigil !== '$' || !isSymbol(open, '{', '[')) {
    return { name: variable.sigil + variable.name, key: undefined, line, end: at + 1 };
  }
  const name = (isSymbol(open, '{') ? '%' : '@') + variable.name;
  const outer = subscript(tokens, at + 1);
  const arrow = isSymbol(tokens[outer.end], '->') ? outer.end + 1 : outer.end;
  if (isSymbol(tokens[arrow], '{', '[')) {
    let inner = subscript(tokens, arrow);
    const isPair = !isSymbol(tokens[inner.end], '{', '[', '->') && isSymbol(tokens[arrow], '{');
    if (isPair && inner.key !== '' && outer.key !== '' && name.startsWith('%'))
      return { name, key: outer.key, inner: inner.key, line, end: inner.end };
    while (isSymbol(tokens[inner.end], '{', '[', '->')) {
      inner = subscript(tokens, isSymbol(tokens[inner.end], '->') ? inner.end + 1 : inner.end);
    }
    return { name, key: outer.key, inner: '', line, end: inner.end };
  }
  return { name, key: name.startsWith('@') ? '' : outer.key, line, end: outer.end };
}

/** The key between the brackets that open at `at`, '' where it is computed; and the index after them. */
function subscript(tokens: readonly Token[], at: number): { readonly key: string; readonly end: number } {
  const key = tokens[at + 1];
  const end = Math.max(at + 1, closing(tokens, at) + 1);
  const text =
    key?.kind === 'string' || key?.kind === 'word'
      ? key.text
      : key?.kind === 'number'
        ? String(key.value)
        : '';
  return { key: end === at + 3 ? text : '', end };
}

function evaluateCommaList(
  tokens: readonly Token[],
  lookup: (name: string) => PerlValue | undefined,
): PerlValue {
  const line = tokens[0]?.line ?? 0;
  const bracket = (text: string): Token => ({ kind: 'symbol', text, line });
  return evaluateList([bracket('('), ...tokens, bracket(')')], lookup);
}

function isSymbol(token: Token | undefined, ...texts: readonly string[]): boolean {
  return token?.kind === 'symbol' && texts.includes(token.text);
}

function isWord(token: Token | undefined, ...texts: readonly string[]): boolean {
  return token?.kind === 'word' && texts.includes(token.text);
}

function atDepthZero(tokens: readonly Token[], test: (token: Token) => boolean): boolean {
  let depth = 0;
  for (const token of tokens) {
    if (isSymbol(token, '(', '[', '{')) depth++;
    else if (isSymbol(token, ')', ']', '}')) depth--;
    else if (depth === 0 && test(token)) return true;
  }
  return false;
}

/** The index of the bracket that closes the one at `start`; the end when there is none. */
function closing(tokens: readonly Token[], start: number): number {
  let depth = 0;
  for (let index = start; index < tokens.length; index++) {
    if (isSymbol(tokens[index], '(', '[', '{')) depth++;
    else if (isSymbol(tokens[index], ')', ']', '}') && --depth === 0) return index;
  }
  return tokens.length;
}

function statementEnd(tokens: readonly Token[], start: number): number {
  let depth = 0;
  for (let index = start; index < tokens.length; index++) {
    if (isSymbol(tokens[index], '(', '[', '{')) depth++;
    else if (isSymbol(tokens[index], ')', ']', '}') && --depth < 0) return index;
    else if (depth === 0 && isSymbol(tokens[index], ';')) return index;
  }
  return tokens.length;
}

/** After the `{ … }` of an if, loop or sub: the first block that is not in the round brackets of the condition. */
function blockEnd(tokens: readonly Token[], start: number): number {
  for (let index = start; index < tokens.length; index++) {
    if (isSymbol(tokens[index], '(')) index = closing(tokens, index);
    else if (isSymbol(tokens[index], '{')) return closing(tokens, index) + 1;
    else if (isSymbol(tokens[index], ';')) return index;
  }
  return tokens.length;
}
