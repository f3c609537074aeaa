import { readAmavisJson } from './amavis-json.js';
import { readAmavisMain } from './amavis-main.js';

/** Gets the expression's group `tail` and gives further fields of the event; null for a line that it can't read. */
export type Reader = (tail: string) => Record<string, unknown> | null;

/** What a pattern's `reader` can name. */
export const readers: Readonly<Record<string, Reader>> = {
  'amavis-json': readAmavisJson,
  'amavis-main': readAmavisMain,
};
