/** Pattern files of a folder: read and checked for their form. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PatternError, type PatternFile, PatternSet } from '../core/pattern.js';
import { testPatterns } from '../core/pattern-test.js';
import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';
import { checkedEntries } from './pattern-form.js';
import { whyUnread } from './why-unread.js';

/** The patterns that come with the program. */
export const PATTERNS_DIR = fileURLToPath(new URL('../../patterns', import.meta.url));

/** Every pattern file of a folder, in the order of their names. Throws UserError for one that can't be used. */
export function readPatternFiles(dir: string): PatternFile[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    throw new UserError(
      `can't read the patterns in ${printable(dir)}: ${whyUnread(error, 'folder')}`,
      'Name a folder with pattern files (*.json).',
    );
  }
  const files = names.filter((name) => name.endsWith('.json') && !name.startsWith('problems')).sort();
  return files.map((name) => parsePatternFile(name, readText(join(dir, name))));
}

export function parsePatternFile(file: string, json: string): PatternFile {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UserError(`${printable(file)} is not valid JSON: ${reason(error)}`);
  }
  const { programs, patterns } = (value ?? {}) as { programs?: unknown; patterns?: unknown };
  if (
    !Array.isArray(programs) ||
    programs.length === 0 ||
    !programs.every((program) => typeof program === 'string')
  ) {
    throw new UserError(
      `${printable(file)}: "programs" must list the programs whose lines the patterns read`,
    );
  }
  if (!Array.isArray(patterns)) throw new UserError(`${printable(file)}: "patterns" must be a list`);
  return { file, programs, patterns: told(() => checkedEntries(file, patterns)) };
}

/**
 * A site's own patterns, each proved by its samples: one that doesn't read them would not read the log either.
 * Throws UserError.
 */
export function readOwnPatterns(dir: string | undefined): PatternFile[] {
  if (dir === undefined) return [];
  const own = readPatternFiles(dir);
  const [failure] = testPatterns(compilePatterns(own), own).failures;
  if (failure === undefined) return own;
  const { file, name, reason: why, line } = failure;
  throw new UserError(
    `${printable(file)}: pattern "${printable(name)}": its sample is not read as it says: ${printable(why)}`,
    `The sample: ${printable(line)}`,
  );
}

/** Patterns compiled; a site's own are tried before those that come with the program. */
export function compilePatterns(own: readonly PatternFile[]): PatternSet {
  return told(() => new PatternSet([...own, ...readPatternFiles(PATTERNS_DIR)]));
}

function told<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof PatternError) throw new UserError(printable(error.message));
    throw error;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`can't read ${printable(path)}: ${whyUnread(error)}`);
  }
}

function reason(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}
