/**
 * The catalogue of problems: `patterns/problems*.json`, checked and compiled (format: patterns/PROBLEMS.md).
 */
import { append } from '../append.js';
import { type Event, type EventKind, isEventKind } from '../event.js';
import type { Severity, Stage } from '../trace/trace.js';
import { conditions } from './conditions/index.js';
import {
  type Definition,
  ENDS,
  type Matcher,
  POSITIONS,
  type Position,
  REMEDIES,
  type Remedy,
  type Sample,
} from './entry.js';
import { unknownPlaceholders } from './fill.js';
import { whyNotLinear } from './linear.js';

/** A problem file as it was read: its name, for complaints, and what it says. */
export interface ProblemFile {
  readonly file: string;
  readonly content: unknown;
}

/** A problem file that can't be used: which file, which entry, why. */
export class CatalogueError extends Error {
  constructor(file: string, entry: string | undefined, reason: string) {
    super(`${file}: ${entry === undefined ? '' : `problem "${entry}": `}${reason}`);
    this.name = 'CatalogueError';
  }
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];
const STAGES: readonly Stage[] = ['receive', 'queue', 'filter', 'reinject', 'deliver'];
const SCOPES = ['trace', 'system'] as const;
const ENTRY_KEYS = new Set(
  'code severity stage scope resolved ends match summary cause fix reference explains samples'.split(' '),
);
const MATCH_KEYS = new Set('event hop fields expressions line supports fallback condition'.split(' '));

export class Catalogue {
  readonly definitions: ReadonlyMap<string, Definition>;
  /** Those with a condition on the trace. */
  readonly conditional: readonly Definition[];
  readonly #byKind = new Map<EventKind, Matcher[]>();
  /** Deliveries are most of a log, and most of them are sent: so these are told apart by their status too. */
  readonly #byStatus = new Map<string, Matcher[]>();
  readonly #hints = new Map<EventKind, Matcher[]>();
  readonly #explainers = new Map<string, Definition[]>();

  /** Throws CatalogueError. Of two entries with one code the later file's wins, so that a site can replace one. */
  constructor(files: readonly ProblemFile[]) {
    const definitions = new Map<string, Definition>();
    const from = new Map<string, string>();
    for (const { file, content } of files) {
      const codes = new Set<string>();
      for (const raw of entriesOf(file, content)) {
        const definition = compileEntry(file, raw);
        if (codes.has(definition.code)) throw new CatalogueError(file, definition.code, 'is there twice');
        codes.add(definition.code);
        definitions.set(definition.code, definition);
        from.set(definition.code, file);
      }
    }
    this.definitions = definitions;
    for (const definition of definitions.values()) {
      for (const code of definition.explains) {
        const explained = definitions.get(code);
        if (explained === undefined) {
          throw new CatalogueError(
            from.get(definition.code) ?? '',
            definition.code,
            `"explains" names "${code}", which is no code`,
          );
        }
        if (explained.stage === definition.stage) append(this.#explainers, code, definition);
      }
      for (const matcher of definition.matchers) this.#index(matcher);
    }
    const circle = findCircle(definitions);
    if (circle !== undefined)
      throw new CatalogueError(from.get(circle) ?? '', circle, 'explains itself, by way of others');
    this.conditional = [...definitions.values()].filter(({ conditions }) => conditions.length > 0);
  }

  /** The alternatives that may fit an event. */
  matchersFor(event: Event): readonly Matcher[] {
    if (event.kind === 'delivery') return this.#byStatus.get(event.status) ?? NONE;
    return this.#byKind.get(event.kind) ?? NONE;
  }

  /** The alternatives of what is never a message's own problem, but shows in its lines. */
  hintsFor(event: Event): readonly Matcher[] {
    return this.#hints.get(event.kind) ?? NONE;
  }

  /**
   * What may be the cause of a problem with the code: entries of its stage, since what ails the feed doesn't explain
   * what a next hop said after the filter.
   */
  explainersOf(code: string): readonly Definition[] {
    return this.#explainers.get(code) ?? NO_DEFINITIONS;
  }

  #index(matcher: Matcher): void {
    for (const kind of matcher.kinds) {
      if (matcher.definition.scope === 'system') append(this.#hints, kind, matcher);
      if (kind !== 'delivery') {
        append(this.#byKind, kind, matcher);
        continue;
      }
      const statuses = matcher.fields.find(([name]) => name === 'status')?.[1] ?? [];
      for (const status of statuses) append(this.#byStatus, status, matcher);
    }
  }
}

const NONE: readonly Matcher[] = [];

const NO_DEFINITIONS: readonly Definition[] = [];

/** A code that leads back to itself through `explains`. */
function findCircle(definitions: ReadonlyMap<string, Definition>): string | undefined {
  const done = new Set<string>();
  const visit = (code: string, path: readonly string[]): string | undefined => {
    if (path.includes(code)) return code;
    if (done.has(code)) return undefined;
    for (const next of definitions.get(code)?.explains ?? []) {
      const circle = visit(next, [...path, code]);
      if (circle !== undefined) return circle;
    }
    done.add(code);
    return undefined;
  };
  for (const code of definitions.keys()) {
    const circle = visit(code, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

type Raw = Readonly<Record<string, unknown>>;

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf(file: string, content: unknown): readonly Raw[] {
  const entries = isRaw(content) ? content['problems'] : undefined;
  if (!Array.isArray(entries)) throw new CatalogueError(file, undefined, 'needs a list "problems"');
  return entries.map((entry: unknown, index) => {
    if (!isRaw(entry)) throw new CatalogueError(file, undefined, `entry ${index + 1} is no object`);
    return entry;
  });
}

/** Reads the parts of one entry and complains of what is missing or not what it should be. */
class EntryReader {
  readonly #file: string;
  readonly #code: string;
  readonly #raw: Raw;

  constructor(file: string, code: string, raw: Raw) {
    this.#file = file;
    this.#code = code;
    this.#raw = raw;
  }

  fail(reason: string): never {
    throw new CatalogueError(this.#file, this.#code, reason);
  }

  onlyKeys(raw: Raw, known: ReadonlySet<string>): void {
    for (const key of Object.keys(raw)) if (!known.has(key)) this.fail(`"${key}" is not known`);
  }

  text(key: string): string {
    const value = this.#raw[key];
    if (typeof value !== 'string' || value === '') this.fail(`needs a text "${key}"`);
    for (const name of unknownPlaceholders(value)) {
      this.fail(`"${key}": {${name}} needs a text for when it is not known: {${name}|...}`);
    }
    return value;
  }

  lines(key: string): string {
    const value = this.#raw[key];
    if (!isTexts(value) || value.length === 0) this.fail(`needs a list of texts "${key}"`);
    const text = value.join('\n');
    for (const name of unknownPlaceholders(text)) {
      this.fail(`"${key}": {${name}} needs a text for when it is not known: {${name}|...}`);
    }
    return text;
  }

  texts(key: string): readonly string[] {
    const value = this.#raw[key] ?? [];
    if (!isTexts(value)) this.fail(`"${key}" must be a list of texts`);
    return value;
  }

  oneOf<T extends string>(raw: Raw, key: string, known: readonly T[]): T | undefined {
    const value = raw[key];
    if (value === undefined) return undefined;
    const found = known.find((candidate) => candidate === value);
    if (found === undefined) this.fail(`"${key}" must be one of ${known.join(', ')}`);
    return found;
  }

  flag(raw: Raw, key: string): boolean {
    const value = raw[key] ?? false;
    if (typeof value !== 'boolean') this.fail(`"${key}" must be true or false`);
    return value;
  }

  expression(source: unknown, name: string): RegExp {
    if (typeof source !== 'string') this.fail(`the expression of "${name}" must be a text`);
    let expression: RegExp;
    try {
      expression = new RegExp(source);
    } catch (error) {
      this.fail(`the expression of "${name}" is not valid: ${error instanceof Error ? error.message : ''}`);
    }
    const reason = whyNotLinear(source);
    if (reason !== undefined) this.fail(`the expression of "${name}": ${reason}`);
    return expression;
  }

  samples(): readonly Sample[] {
    const value = this.#raw['samples'];
    if (!Array.isArray(value) || value.length === 0) this.fail('needs at least one of "samples"');
    return value.map((sample: unknown) => {
      if (typeof sample === 'string' || (isTexts(sample) && sample.length > 0)) return sample;
      return this.fail('each of "samples" must be a line or a list of lines');
    });
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function compileEntry(file: string, raw: Raw): Definition {
  const code = raw['code'];
  if (typeof code !== 'string' || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(code)) {
    throw new CatalogueError(
      file,
      undefined,
      `"code" must be words with dashes, not ${JSON.stringify(code)}`,
    );
  }
  const reader = new EntryReader(file, code, raw);
  reader.onlyKeys(raw, ENTRY_KEYS);
  const matchers: Matcher[] = [];
  const definition: Definition = {
    code,
    severity: reader.oneOf(raw, 'severity', SEVERITIES) ?? reader.fail('needs a "severity"'),
    stage: reader.oneOf(raw, 'stage', STAGES) ?? reader.fail('needs a "stage"'),
    scope: reader.oneOf(raw, 'scope', SCOPES) ?? 'trace',
    remedy: reader.oneOf<Remedy>(raw, 'resolved', REMEDIES) ?? 'delivery',
    ends: reader.oneOf(raw, 'ends', ENDS),
    matchers,
    conditions: alternatives(reader, raw).flatMap((match) => condition(reader, match) ?? []),
    summary: reader.text('summary'),
    cause: reader.text('cause'),
    fix: reader.lines('fix'),
    reference: reader.text('reference'),
    explains: reader.texts('explains'),
    samples: reader.samples(),
  };
  for (const match of alternatives(reader, raw)) {
    if (match['condition'] === undefined) matchers.push(compileMatch(reader, definition, match));
  }
  return definition;
}

function alternatives(reader: EntryReader, raw: Raw): readonly Raw[] {
  const match = raw['match'];
  if (!Array.isArray(match) || match.length === 0) reader.fail('needs at least one alternative in "match"');
  return match.map((alternative: unknown) => {
    if (!isRaw(alternative)) return reader.fail('each of "match" must be an object');
    reader.onlyKeys(alternative, MATCH_KEYS);
    return alternative;
  });
}

function condition(reader: EntryReader, match: Raw): Definition['conditions'] | undefined {
  const name = match['condition'];
  if (name === undefined) return undefined;
  const found = typeof name === 'string' ? conditions.get(name) : undefined;
  if (found === undefined) {
    reader.fail(`there is no condition "${String(name)}" (known: ${[...conditions.keys()].join(', ')})`);
  }
  return [found];
}

function compileMatch(reader: EntryReader, definition: Definition, match: Raw): Matcher {
  const event = match['event'];
  const names = typeof event === 'string' ? [event] : event;
  if (!isTexts(names) || names.length === 0) reader.fail('an alternative needs an "event" or a "condition"');
  for (const name of names) if (!isEventKind(name)) reader.fail(`there is no event "${name}"`);
  const kinds = names.filter(isEventKind);
  const fields = isRaw(match['fields']) ? match['fields'] : {};
  const expressions = isRaw(match['expressions']) ? match['expressions'] : {};
  const matcher: Matcher = {
    definition,
    kinds,
    position: reader.oneOf<Position>(match, 'hop', POSITIONS),
    fields: Object.entries(fields).map(([name, value]) => {
      const values = typeof value === 'string' ? [value] : value;
      if (!isTexts(values)) reader.fail(`field "${name}" must be a text or a list of texts`);
      return [name, values] as const;
    }),
    expressions: Object.entries(expressions).map(
      ([name, source]) => [name, reader.expression(source, name)] as const,
    ),
    line: match['line'] === undefined ? undefined : reader.expression(match['line'], 'line'),
    supports: reader.flag(match, 'supports'),
    fallback: reader.flag(match, 'fallback'),
  };
  if (kinds.includes('delivery')) {
    // A delivery's line has addresses and a reply that strangers choose: it is asked field by field.
    if (matcher.line !== undefined) reader.fail('a delivery is matched by its fields, not by "line"');
    if (!matcher.fields.some(([name]) => name === 'status')) {
      reader.fail('a delivery needs its "status" among the fields');
    }
  }
  return matcher;
}
