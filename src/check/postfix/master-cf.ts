import type { Place, TextFile } from '../place.js';
import { type LogicalLine, logicalLines } from './logical-lines.js';
import type { Assignment } from './main-cf.js';

/** One service of master.cf(5). */
export interface Service {
  readonly name: string;
  /** inet, unix, fifo, pass or unix-dgram */
  readonly type: string;
  /** The eight columns as written: name, type, private, unpriv, chroot, wakeup, maxproc, command. */
  readonly columns: readonly string[];
  /** The maxproc column: `-` for the default, `0` for no limit. */
  readonly maxproc: string;
  /** The daemon: smtpd, lmtp, cleanup, pipe … */
  readonly command: string;
  /** `-o name=value`; of several for one name, the last. */
  readonly options: ReadonlyMap<string, Assignment>;
  /** `-o` written with whitespace in it, outside braces: Postfix refuses it or cuts the value. */
  readonly spaced: readonly SpacedOption[];
  readonly place: Place;
}

interface SpacedOption extends Assignment {
  /** As it stands in the file: `content_filter =`. */
  readonly written: string;
}

export interface MasterCf {
  readonly services: readonly Service[];
  /** Lines with too few columns to be a service. */
  readonly unreadable: readonly Place[];
}

/** Reads master.cf(5), and `postconf -M`, which prints the same form. */
export function parseMasterCf({ file, text }: TextFile): MasterCf {
  const services: Service[] = [];
  const unreadable: Place[] = [];
  for (const line of logicalLines(text)) {
    const service = readService(file, line);
    if (service === undefined) unreadable.push({ file, line: line.lineAt(0) });
    else services.push(service);
  }
  return { services, unreadable };
}

/**
 * Puts what `postconf -P` says (`smtp/inet/content_filter = value`, a line each) in the place of the options that were
 * read from the same service's line: Postfix' own reading of braces and quotes is the one that counts. Where the file
 * says an option too, its line number is kept.
 */
export function applyPostconfP(services: readonly Service[], { file, text }: TextFile): Service[] {
  const said = new Map<string, Map<string, Assignment>>();
  for (const line of logicalLines(text)) {
    const match = /^(.+?)\/(inet|unix|fifo|pass|unix-dgram)\/([\w.-]+)\s*=\s*(.*)$/.exec(line.text);
    if (match === null) continue;
    const [, service = '', type = '', name = '', value = ''] = match;
    const key = `${service}/${type}`;
    const options = said.get(key) ?? new Map<string, Assignment>();
    said.set(key, options.set(name, { name, value: value.trim(), place: { file, line: null } }));
  }
  return services.map((service) => {
    const options = new Map<string, Assignment>();
    for (const [name, option] of said.get(`${service.name}/${service.type}`) ?? []) {
      options.set(name, { ...option, place: service.options.get(name)?.place ?? option.place });
    }
    return { ...service, options };
  });
}

function readService(file: string, line: LogicalLine): Service | undefined {
  const tokens = tokenize(line.text);
  const column = (index: number): string => tokens[index]?.text ?? '';
  const command = column(7);
  if (command === '') return undefined;
  const options = new Map<string, Assignment>();
  const spaced: SpacedOption[] = [];
  // pipe and spawn take words of their own (user=, argv=) after the options, so those are no part of an option.
  const greedy = command !== 'pipe' && command !== 'spawn';
  for (let index = 8; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined || !token.text.startsWith('-o')) continue;
    const place = { file, line: line.lineAt(token.start) };
    const words = token.text === '-o' ? [] : [token.text.slice(2)];
    if (words.length === 0) words.push(tokens[++index]?.text ?? '');
    const braced = words[0]?.startsWith('{') === true;
    while (greedy && !braced) {
      const next = tokens[index + 1]?.text;
      if (next === undefined || next.startsWith('-')) break;
      words.push(next);
      index++;
    }
    const written = words.join(' ');
    const option = readOption(written, place);
    if (option === undefined) continue;
    options.set(option.name, option);
    if (words.length > 1) spaced.push({ ...option, written });
  }
  return {
    name: column(0),
    type: column(1),
    columns: tokens.slice(0, 8).map((token) => token.text),
    maxproc: column(6),
    command,
    options,
    spaced,
    place: { file, line: line.lineAt(0) },
  };
}

function readOption(written: string, place: Place): Assignment | undefined {
  const inner = written.startsWith('{') ? written.slice(1, written.endsWith('}') ? -1 : undefined) : written;
  const equals = inner.indexOf('=');
  if (equals < 0) return undefined;
  return { name: inner.slice(0, equals).trim(), value: inner.slice(equals + 1).trim(), place };
}

/** Words between whitespace; one that begins with `{` goes to its matching `}`. */
function tokenize(text: string): { readonly text: string; readonly start: number }[] {
  const tokens: { text: string; start: number }[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at++;
      continue;
    }
    const start = at;
    let depth = 0;
    const braced = text.charAt(at) === '{';
    for (; at < text.length; at++) {
      const char = text.charAt(at);
      if (braced && char === '{') depth++;
      else if (braced && char === '}' && --depth === 0) {
        at++;
        break;
      } else if (!braced && /\s/.test(char)) break;
    }
    tokens.push({ text: text.slice(start, at), start });
  }
  return tokens;
}
