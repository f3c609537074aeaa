import { readAmavisJson } from './amavis-json.js';
import { readAmavisMain } from './amavis-main.js';

/** What a pattern's `reader` can name: each gets the expression's group `tail` and gives further fields of the event. */
export const readers: Readonly<Record<string, (tail: string) => Record<string, unknown>>> = {
  'amavis-json': readAmavisJson,
  'amavis-main': readAmavisMain,
};
