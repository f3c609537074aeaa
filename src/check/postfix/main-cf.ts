import type { Place, TextFile } from '../place.js';
import { logicalLines } from './logical-lines.js';

/** One `name = value`, unexpanded. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

export interface MainCf {
  /** What counts: of several assignments to one name, the last. */
  readonly settings: ReadonlyMap<string, Assignment>;
  /** Lines that are no assignment. */
  readonly unreadable: readonly Place[];
}

/** Reads main.cf(5), and `postconf -n`, which prints the same form. */
export function parseMainCf({ file, text }: TextFile): MainCf {
  const settings = new Map<string, Assignment>();
  const unreadable: Place[] = [];
  for (const line of logicalLines(text)) {
    const place = { file, line: line.lineAt(0) };
    const equals = line.text.indexOf('=');
    const name = line.text.slice(0, equals).trim();
    if (equals < 0 || !/^[\w.-]+$/.test(name)) {
      unreadable.push(place);
      continue;
    }
    settings.set(name, { name, value: line.text.slice(equals + 1).trim(), place });
  }
  return { settings, unreadable };
}
