/** The catalogue of problems from its files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Catalogue, CatalogueError, type ProblemFile } from '../core/problem/catalogue.js';
import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';
import { PATTERNS_DIR } from './pattern-files.js';
import { whyUnread } from './why-unread.js';

/** The catalogue that comes with the program, and after it the entries of a site's own folder. Throws UserError. */
export function readCatalogue(own: string | undefined): Catalogue {
  try {
    return new Catalogue([...readFiles(PATTERNS_DIR), ...(own === undefined ? [] : readFiles(own))]);
  } catch (error) {
    if (error instanceof CatalogueError) throw new UserError(printable(error.message));
    throw error;
  }
}

function readFiles(dir: string): ProblemFile[] {
  let names: string[];
  try {
    names = readdirSync(dir).filter((name) => name.startsWith('problems') && name.endsWith('.json'));
  } catch (error) {
    throw new UserError(
      `can't read the problems in ${printable(dir)}: ${whyUnread(error, 'folder')}`,
      'Name a folder with problems of your own (problems*.json).',
    );
  }
  return names.sort().map((file) => {
    const path = join(dir, file);
    try {
      return { file, content: JSON.parse(readFileSync(path, 'utf8')) as unknown };
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new UserError(`${printable(path)} is not valid JSON: ${printable(error.message)}`);
      throw new UserError(`can't read ${printable(path)}: ${whyUnread(error)}`);
    }
  });
}
