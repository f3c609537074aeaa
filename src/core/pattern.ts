/**
 * Patterns: what turns a line into an event. They are data (`patterns/*.json`, format in patterns/README.md);
 * this compiles them and picks the one that fits.
 *
 * Most lines are read here, so a line is compared with literals first: the program selects a table, the message's
 * first character a short list, and only a pattern whose literal fits runs its expression. Named groups are compiled
 * to numbered ones, since building V8's groups object costs more than the match.
 */
import { type Event, isEventKind } from './event.js';
import { convert, type FieldType, isFieldType } from './field.js';
import type { Line } from './line.js';
import { queueIdLength } from './queue-id.js';
import { type Reader, readers } from './readers/index.js';

export interface Sample {
  readonly line: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** One entry of a pattern file. */
export interface PatternEntry {
  readonly name: string;
  readonly event: string;
  readonly queueId?: boolean;
  readonly amavisId?: boolean | 'optional';
  readonly start?: string;
  readonly word?: string;
  readonly expression?: string;
  readonly types?: Readonly<Record<string, FieldType>>;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly reader?: string;
  readonly samples: readonly Sample[];
}

export interface PatternFile {
  /** The file's name, for complaints. */
  readonly file: string;
  readonly programs: readonly string[];
  readonly patterns: readonly PatternEntry[];
}

/** A pattern file that can't be used: which file, which entry, why. */
export class PatternError extends Error {
  constructor(file: string, entry: string | undefined, reason: string) {
    super(`${file}: ${entry === undefined ? '' : `pattern "${entry}": `}${reason}`);
    this.name = 'PatternError';
  }
}

interface Compiled {
  readonly file: string;
  readonly name: string;
  readonly event: string;
  readonly start: string;
  readonly word: string;
  readonly expression: RegExp | undefined;
  /** The field of each capturing group, '' for a group without a name. */
  readonly groups: readonly string[];
  readonly types: readonly (FieldType | undefined)[];
  readonly set: readonly (readonly [string, unknown])[];
  readonly reader: Reader | undefined;
}

/** What became of a line: an event, known to say nothing, or not known. */
export type Reading = Event | 'ignored' | 'unrecognized';

/** What a pattern with a reader leaves to it. */
const READERS_FIELD = 'tail';

/** By the first character of the message (the last list is for characters outside ASCII). */
type Table = readonly (readonly Compiled[])[];

interface ProgramTables {
  readonly queueId: Table;
  readonly amavisId: Table;
  readonly plain: Table;
}

const EVERY_POSTFIX = 'postfix/*';
const EMPTY: readonly Compiled[] = [];
/** amavis' `(30897-02-3) ` and a release's `(rel-MAILID) `. */
const AMAVIS_ID = /^\((\d+-\d+(?:-\d+)*|rel-[\w+-]{1,40})\) /;

export class PatternSet {
  readonly #tables = new Map<string, ProgramTables>();
  readonly #files: readonly PatternFile[];
  /** Programs that some file names: lines of others are of no concern. */
  readonly #known = new Set<string>();

  /** Files in the order in which they are tried. Throws PatternError. */
  constructor(files: readonly PatternFile[]) {
    this.#files = files;
    for (const file of files) for (const program of file.programs) this.#known.add(program);
    const compiled = files.flatMap((file) =>
      file.patterns.map((entry) => ({ file, entry, pattern: compile(file.file, entry) })),
    );
    const services = [...this.#known].filter((key) => key.startsWith('postfix/') && key !== EVERY_POSTFIX);
    for (const key of [...this.#known, 'postfix']) {
      const own = compiled.filter(({ file }) => speaksFor(file.programs, key, services));
      this.#tables.set(key, {
        queueId: table(own.filter(({ entry }) => entry.queueId === true).map(({ pattern }) => pattern)),
        amavisId: table(
          own.filter(({ entry }) => entry.amavisId !== undefined).map(({ pattern }) => pattern),
        ),
        plain: table(
          own
            .filter(({ entry }) => entry.queueId !== true && entry.amavisId !== true)
            .map(({ pattern }) => pattern),
        ),
      });
    }
  }

  get files(): readonly PatternFile[] {
    return this.#files;
  }

  /** What the line says. Lines of programs that no file names are ignored. */
  read(line: Line): Reading {
    const found = this.find(line);
    if (typeof found === 'string') return found;
    return found.pattern.event === 'ignored' ? 'ignored' : (toEvent(line, found) ?? 'unrecognized');
  }

  /** The pattern that fits, and where. For the tests of samples; `read` is what programs want. */
  find(line: Line): Found | 'ignored' | 'unrecognized' {
    const tables = this.#tables.get(line.program) ?? this.#fallback(line.program);
    if (tables === undefined) return 'ignored';
    const message = line.program === 'amavis' ? withoutDoubles(line.message) : line.message;
    const id = queueIdLength(message);
    if (id > 0) {
      const found = search(tables.queueId, message, id + 2);
      if (found !== undefined) {
        found.queueId = message.slice(0, id);
        return found;
      }
    } else if (line.program === 'amavis' && message.charCodeAt(0) === 40 /* ( */) {
      const head = AMAVIS_ID.exec(message);
      if (head !== null) {
        const found = search(tables.amavisId, message, head[0].length);
        if (found === undefined) return 'unrecognized';
        found.amavisId = head[1];
        return found;
      }
    }
    return search(tables.plain, message, 0) ?? 'unrecognized';
  }

  #fallback(program: string): ProgramTables | undefined {
    return program.startsWith('postfix/') ? this.#tables.get(EVERY_POSTFIX) : undefined;
  }
}

/** amavis logs each backslash as two (Amavis/Util.pm, do_log): those in a quoted address or in JSON mean one. */
function withoutDoubles(message: string): string {
  return message.includes('\\\\') ? message.replaceAll('\\\\', '\\') : message;
}

/** A pattern that fitted a line. */
export interface Found {
  readonly pattern: Compiled;
  readonly match: RegExpExecArray | undefined;
  queueId: string | undefined;
  amavisId: string | undefined;
}

function search(tables: Table, message: string, from: number): Found | undefined {
  const code = message.charCodeAt(from);
  const list = tables[Math.min(code, 128)] ?? EMPTY;
  let rest: string | undefined;
  for (const pattern of list) {
    if (pattern.start !== '') {
      if (!message.startsWith(pattern.start, from)) continue;
    } else if (!message.includes(pattern.word, from)) {
      continue;
    }
    if (pattern.expression === undefined)
      return { pattern, match: undefined, queueId: undefined, amavisId: undefined };
    rest ??= from === 0 ? message : message.slice(from);
    const match = pattern.expression.exec(rest);
    if (match !== null) return { pattern, match, queueId: undefined, amavisId: undefined };
  }
  return undefined;
}

/** Null when the pattern's reader can't read it. */
function toEvent(line: Line, { pattern, match, queueId, amavisId }: Found): Event | null {
  const event: Record<string, unknown> = { kind: pattern.event, at: line };
  let tail = '';
  if (queueId !== undefined) event['queueId'] = queueId;
  if (amavisId !== undefined) event['amavisId'] = amavisId;
  for (const [field, value] of pattern.set) event[field] = value;
  if (match !== undefined) {
    const { groups, types } = pattern;
    for (let i = 0; i < groups.length; i++) {
      const text = match[i + 1];
      const field = groups[i];
      if (text === undefined || field === undefined || field === '') continue;
      if (field === READERS_FIELD && pattern.reader !== undefined) {
        tail = text;
        continue;
      }
      const type = types[i];
      event[field] = type === undefined ? text : convert(text, type);
    }
    if (pattern.reader !== undefined) {
      const read = pattern.reader(tail);
      if (read === null) return null;
      Object.assign(event, read);
    }
  }
  // The shape is the pattern file's promise, held to by its samples.
  return event as unknown as Event;
}

function speaksFor(programs: readonly string[], key: string, services: readonly string[]): boolean {
  if (programs.includes(key)) return true;
  if (key.startsWith('postfix/')) return programs.includes(EVERY_POSTFIX);
  // A head that lost the service: any Postfix pattern may be meant.
  return key === 'postfix' && programs.some((name) => name === EVERY_POSTFIX || services.includes(name));
}

function table(patterns: readonly Compiled[]): Table {
  const lists: Compiled[][] = Array.from({ length: 129 }, () => []);
  for (const pattern of patterns) {
    if (pattern.start === '') {
      for (const list of lists) list.push(pattern);
    } else {
      lists[Math.min(pattern.start.charCodeAt(0), 128)]?.push(pattern);
    }
  }
  return lists;
}

function compile(file: string, entry: PatternEntry): Compiled {
  const fail = (reason: string): never => {
    throw new PatternError(file, entry.name, reason);
  };
  if (typeof entry.name !== 'string' || entry.name === '')
    throw new PatternError(file, undefined, 'an entry has no "name"');
  if (typeof entry.event !== 'string' || entry.event === '') fail('"event" is missing');
  if (!isEventKind(entry.event) && entry.event !== 'ignored') fail(`there is no event "${entry.event}"`);
  const { start = '', word = '' } = entry;
  if (typeof start !== 'string' || typeof word !== 'string') fail('"start" and "word" must be text');
  if ((start === '') === (word === '')) fail('needs a "start" or a "word" (one of them) to select it by');
  if (!Array.isArray(entry.samples) || entry.samples.length === 0)
    fail('needs at least one entry in "samples"');
  const reader = entry.reader === undefined ? undefined : readers[entry.reader];
  if (entry.reader !== undefined && reader === undefined) {
    fail(`there is no reader "${entry.reader}" (known: ${Object.keys(readers).join(', ')})`);
  }
  let source = '';
  let groups: readonly string[] = [];
  let expression: RegExp | undefined;
  if (entry.expression !== undefined) {
    try {
      new RegExp(entry.expression);
      ({ source, groups } = numberGroups(entry.expression));
      expression = new RegExp(source);
    } catch (error) {
      fail(`its expression is not valid: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const [field, type] of Object.entries(entry.types ?? {})) {
    if (!isFieldType(type)) fail(`field "${field}" has the unknown type "${String(type)}"`);
    if (!groups.includes(field))
      fail(`"types" names the field "${field}", which no group of the expression gives`);
  }
  return {
    file,
    name: entry.name,
    event: entry.event,
    start,
    word,
    expression,
    groups,
    types: groups.map((group) => entry.types?.[group]),
    set: Object.entries(entry.set ?? {}),
    reader,
  };
}

/** The expression with its named groups made numbered ones, and the name of each capturing group in order. */
function numberGroups(expression: string): { source: string; groups: readonly string[] } {
  if (expression.includes('\\k<')) throw new Error('back-references by name are not supported');
  const groups: string[] = [];
  let source = '';
  let inClass = false;
  for (let i = 0; i < expression.length; i++) {
    const char = expression[i] ?? '';
    source += char;
    if (char === '\\') source += expression[++i] ?? '';
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '(' && !inClass) {
      const named = /^\?<([A-Za-z]\w*)>/.exec(expression.slice(i + 1));
      if (named !== null) {
        groups.push(named[1] ?? '');
        i += named[0].length;
      } else if (expression[i + 1] !== '?') {
        groups.push('');
      }
    }
  }
  return { source, groups };
}
