import type { Place, TextFile } from '../place.js';
import { type Instance, listOf, parameter } from './instance.js';
import { logicalLines } from './logical-lines.js';
import type { Service } from './master-cf.js';

/** A lookup table that can hold FILTER actions: an access(5) or header_checks(5) table. */
export interface TableUse {
  /** hash, lmdb, regexp, pcre, cidr, static … */
  readonly type: string;
  /** A file's path, or what an inline table says. */
  readonly name: string;
  /** The parameter that names it. */
  readonly parameter: string;
  readonly place: Place | null;
}

/** `FILTER transport:destination` in a table. */
export interface FilterAction {
  readonly value: string;
  readonly place: Place;
  readonly table: TableUse;
}

/** Tables that are plain text beside their compiled form, or nothing but text. */
const TEXT_TYPES = new Set([
  'hash',
  'btree',
  'lmdb',
  'cdb',
  'dbm',
  'sdbm',
  'texthash',
  'regexp',
  'pcre',
  'cidr',
]);
const CHECKS = ['header_checks', 'mime_header_checks', 'nested_header_checks', 'body_checks'];
const RESTRICTIONS = ['client', 'helo', 'sender', 'relay', 'recipient', 'data', 'end_of_data', 'etrn'];

/** Whether the table's text can be read without running Postfix' tools. */
export function isText(table: TableUse): boolean {
  return TEXT_TYPES.has(table.type);
}

/** The tables that restrictions, their classes, and header and body checks name, each once. */
export function tablesOf(instance: Instance): TableUse[] {
  const tables = new Map<string, TableUse>();
  const services: (Service | undefined)[] = [undefined, ...instance.master.services];
  for (const service of services) {
    const classes = listOf(parameter(instance, 'smtpd_restriction_classes', service).value ?? '');
    const restrictions = [...RESTRICTIONS.map((stage) => `smtpd_${stage}_restrictions`), ...classes];
    for (const name of [...restrictions, ...CHECKS]) {
      if (service !== undefined && !service.options.has(name)) continue;
      const { value, place } = parameter(instance, name, service);
      for (const [type, table] of namedTables(value ?? '', CHECKS.includes(name))) {
        const key = `${type}:${table}`;
        if (!tables.has(key)) tables.set(key, { type, name: table, parameter: name, place });
      }
    }
  }
  return [...tables.values()];
}

function namedTables(value: string, bare: boolean): [type: string, name: string][] {
  const pattern = bare
    ? /(?<type>[a-z]+):(?<name>\{[^}]*\}|[^\s,]+)/g
    : /check_\w+_access[\s,]+(?<type>[a-z]+):(?<name>\{[^}]*\}|[^\s,]+)/g;
  return [...value.replaceAll('proxy:', '').matchAll(pattern)].map((match) => [
    match.groups?.type ?? '',
    match.groups?.name ?? '',
  ]);
}

/** The FILTER actions of a table's text. */
export function filterActions({ file, text }: TextFile, table: TableUse): FilterAction[] {
  const keyEnd = table.type === 'regexp' || table.type === 'pcre' ? patternEnd : wordEnd;
  return logicalLines(text).flatMap((line) => {
    const end = keyEnd(line.text);
    const match = /^\s+FILTER\s+(\S+)/i.exec(line.text.slice(end));
    if (match === null) return [];
    return [{ value: match[1] ?? '', place: { file, line: line.lineAt(end) }, table }];
  });
}

/** Where the key of an access(5) or cidr_table(5) line ends. */
function wordEnd(line: string): number {
  return /^(?:!\s*)?\S*/.exec(line)?.[0].length ?? 0;
}

/**
 * Where `/pattern/flags` of a regexp_table(5) or pcre_table(5) line ends: any character may stand for the slash, and
 * with a backslash before it it is part of the pattern. After `if /pattern/` there is no action.
 */
function patternEnd(line: string): number {
  const start = /^(?:!\s*)?/.exec(line)?.[0].length ?? 0;
  const delimiter = line.charAt(start);
  for (let at = start + 1; at < line.length; at++) {
    if (line.charAt(at) === '\\') at++;
    else if (line.charAt(at) === delimiter)
      return at + 1 + (/^\w*/.exec(line.slice(at + 1))?.[0].length ?? 0);
  }
  return line.length;
}

/** `static:{FILTER transport:destination}`: a table without a file. */
export function staticAction(table: TableUse): FilterAction[] {
  const value = table.type === 'static' ? /^\{?\s*FILTER\s+([^\s}]+)/i.exec(table.name)?.[1] : undefined;
  return value === undefined || table.place === null ? [] : [{ value, place: table.place, table }];
}
