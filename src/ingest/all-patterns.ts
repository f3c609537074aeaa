/** The patterns that a store's lines are read by. */
import type { PatternFile, PatternSet } from '../core/pattern.js';
import { compilePatterns, parsePatternFile } from '../read/pattern-files.js';
import type { Reader } from '../store/reader.js';

/** The built-in ones, a site's own, and those that earlier runs left in the store. */
export function allPatterns(own: readonly PatternFile[], reader: Reader): PatternSet {
  return compilePatterns(addedPatterns(own, reader));
}

/** Those beside the built-in ones; a site's file stands for its older self. */
export function addedPatterns(own: readonly PatternFile[], reader: Reader): PatternFile[] {
  const given = new Set(own.map(({ file }) => file));
  const older = reader.patterns().filter(({ file }) => !given.has(file));
  return [...own, ...older.map(({ file, json }) => parsePatternFile(file, json))];
}
