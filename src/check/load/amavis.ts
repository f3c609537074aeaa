import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { UserError } from '../../user-error.js';
import { type Gap, readProgram } from '../amavis/program.js';
import { type AmavisSettings, readSettings } from '../amavis/settings.js';
import { tryRead } from './postfix.js';

/** Where amavisd and its packages look, each a file, or a folder whose files are read in the order of their names. */
const USUAL = [
  ['/usr/share/amavis/conf.d', '/etc/amavis/conf.d'],
  ['/etc/amavisd/amavisd.conf'],
  ['/etc/amavisd.conf'],
  ['/etc/amavis/amavisd.conf'],
  ['/usr/local/etc/amavisd.conf'],
];

interface Loaded {
  readonly amavis: AmavisSettings | null;
  /** What was read; or where it was looked for in vain. */
  readonly files: readonly string[];
}

/**
 * Reads amavis' configuration.
 * @param named files or folders of --amavisd-conf, in the order in which amavisd reads them.
 * @param configDir the folder of --config-dir: a copy of a machine's /etc/postfix has amavis' files beside it.
 * @throws UserError where a named file is not there.
 */
export function loadAmavis(named: readonly string[], configDir: string | undefined): Loaded {
  for (const path of named) if (!existsSync(path)) throw new UserError(`can't read ${path}: no such file`);
  const candidates = named.length > 0 ? [named] : configDir === undefined ? USUAL : besideCopy(configDir);
  const found = candidates.find((paths) => paths.some((path) => existsSync(path)));
  if (found === undefined) return { amavis: null, files: candidates.flat() };
  const files = found.flatMap(expandFolder);
  const unread: Gap[] = [];
  const texts = files.flatMap((file) => {
    try {
      return [{ file, text: readFileSync(file, 'utf8') }];
    } catch (error) {
      unread.push({
        place: { file, line: null },
        why: `can't be read (${(error as NodeJS.ErrnoException).code})`,
      });
      return [];
    }
  });
  const folder = dirname(files[0] ?? '.');
  const program = readProgram(texts, (path) => tryRead(isAbsolute(path) ? path : join(folder, path))?.text);
  return { amavis: readSettings({ ...program, gaps: [...unread, ...program.gaps] }), files };
}

function besideCopy(configDir: string): string[][] {
  const parent = dirname(resolve(configDir));
  return [
    [join(configDir, 'amavisd.conf')],
    [join(configDir, 'conf.d')],
    [join(configDir, 'amavis', 'conf.d')],
    [join(parent, 'amavis', 'conf.d')],
    [join(parent, 'amavisd', 'amavisd.conf')],
    [join(parent, 'amavis', 'amavisd.conf')],
    [join(parent, 'amavisd.conf')],
  ];
}

/** A folder's files as Debian's amavisd takes them: names of letters, digits, `_` and `-`, in ASCII order. */
function expandFolder(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /^[\w-]+$/.test(name))
    .sort()
    .map((name) => join(path, name));
}
