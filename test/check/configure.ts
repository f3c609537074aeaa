import { readFileSync } from 'node:fs';
import { type Include, readProgram } from '../../src/check/amavis/program.js';
import { readSettings } from '../../src/check/amavis/settings.js';
import type { Instance } from '../../src/check/postfix/instance.js';
import { parseMainCf } from '../../src/check/postfix/main-cf.js';
import { parseMasterCf } from '../../src/check/postfix/master-cf.js';
import { filterActions, tablesOf } from '../../src/check/postfix/tables.js';
import type { Configuration, PostfixFiles } from '../../src/check/setup.js';

/** The texts of one machine. */
export interface Texts {
  readonly main: string;
  readonly master: string;
  /** null: there is no amavisd.conf. */
  readonly amavisd: string | null;
  /** Lookup tables, by path. */
  readonly tables?: Readonly<Record<string, string>>;
  readonly include?: Include;
}

const read = (name: string): string => readFileSync(new URL(`guide/${name}`, import.meta.url), 'utf8');

/** The guide's own settings, as it writes them. */
export const GUIDE: Texts = {
  main: read('main.cf'),
  master: read('master.cf'),
  amavisd: read('amavisd.conf'),
};

export function instanceOf(main: string, master: string, directory = '/etc/postfix'): Instance {
  const mainFile = `${directory}/main.cf`;
  const masterFile = `${directory}/master.cf`;
  return {
    directory,
    mainFile,
    masterFile,
    main: parseMainCf({ file: mainFile, text: main }),
    master: parseMasterCf({ file: masterFile, text: master }),
  };
}

export function configure({ main, master, amavisd, tables = {}, include }: Texts): Configuration {
  const instance = instanceOf(main, master);
  const named = tablesOf(instance);
  const files: PostfixFiles = {
    instance,
    filterActions: named.flatMap((table) =>
      filterActions({ file: table.name, text: tables[table.name] ?? '' }, table),
    ),
    unreadTables: named.filter((table) => tables[table.name] === undefined),
  };
  const file = '/etc/amavisd.conf';
  const amavis = amavisd === null ? null : readSettings(readProgram([{ file, text: amavisd }], include));
  return { instances: [files], amavis, amavisFiles: [file], running: null };
}

/** A text with one passage changed; a passage that is not there is a mistake of the test. */
export function patch(text: string, passage: string | RegExp, replacement: string): string {
  const changed = text.replace(passage, replacement);
  if (changed === text) throw new Error(`nothing to change: ${passage}`);
  return changed;
}
