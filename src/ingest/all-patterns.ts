/** The patterns that a store's lines are read by. */
import type { PatternFile, PatternSet } from '../core/pattern.js';
import { compilePatterns, parsePatternFile } from '../read/pattern-files.js';
import type { Reader } from '../store/reader.js';

/** The built-in ones, a site's own, and those that earlier runs left in the store. */
export function allPatterns(own: readonly PatternFile[], reader: Reader): PatternSet {
  return compilePatterns(addedPatterns(own, reader));
}

/** Those beside the built-in ones. */
export function addedPatterns(own: readonly PatternFile[], reader: Reader): PatternFile[] {
  return [...own, ...reader.patterns().map(({ file, json }) => parsePatternFile(file, json))];
}
