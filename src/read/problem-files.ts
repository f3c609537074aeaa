/** The catalogue of problems from its files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Catalogue, CatalogueError, type ProblemFile } from '../core/problem/catalogue.js';
import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';
import { PATTERNS_DIR } from './pattern-files.js';

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
    throw new UserError(`can't read the problems in ${printable(dir)}: ${reason(error)}`);
  }
  return names.sort().map((file) => {
    try {
      return { file, content: JSON.parse(readFileSync(join(dir, file), 'utf8')) as unknown };
    } catch (error) {
      throw new UserError(`can't read the problems in ${printable(file)}: ${reason(error)}`);
    }
  });
}

function reason(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}
