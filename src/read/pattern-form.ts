/** Whether what stands in a pattern file has the form of patterns (patterns/README.md). */
import { type PatternEntry, PatternError } from '../core/pattern.js';

const isText = (value: unknown): boolean => typeof value === 'string';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSample = (value: unknown): boolean =>
  isObject(value) && isText(value['line']) && (value['fields'] === undefined || isObject(value['fields']));

type Check = readonly [fits: (value: unknown) => boolean, wanted: string];
const TEXT: Check = [isText, 'text'];
const OBJECT: Check = [isObject, 'an object'];
/** By key of an entry. */
const CHECKS: ReadonlyMap<string, Check> = new Map([
  ['name', TEXT],
  ['event', TEXT],
  ['queueId', [(value) => typeof value === 'boolean', 'true or false']],
  ['amavisId', [(value) => typeof value === 'boolean' || value === 'optional', 'true, false or "optional"']],
  ['start', TEXT],
  ['word', TEXT],
  ['expression', TEXT],
  ['types', OBJECT],
  ['set', OBJECT],
  ['reader', TEXT],
  [
    'samples',
    [
      (value) => Array.isArray(value) && value.every(isSample),
      'a list of objects, each with a "line" and the "fields" that it must give',
    ],
  ],
]);

/** The entries of a file. Throws PatternError. */
export function checkedEntries(file: string, entries: readonly unknown[]): PatternEntry[] {
  return entries.map((entry, index) => {
    if (!isObject(entry)) throw new PatternError(file, undefined, `entry ${index + 1} is no object`);
    const { name } = entry;
    const where = typeof name === 'string' && name !== '' ? name : `entry ${index + 1}`;
    for (const [key, value] of Object.entries(entry)) {
      const check = CHECKS.get(key);
      if (check === undefined) {
        throw new PatternError(
          file,
          where,
          `there is no key "${key}" (known: ${[...CHECKS.keys()].join(', ')})`,
        );
      }
      const [fits, wanted] = check;
      if (!fits(value)) throw new PatternError(file, where, `"${key}" must be ${wanted}`);
    }
    return entry as unknown as PatternEntry;
  });
}
