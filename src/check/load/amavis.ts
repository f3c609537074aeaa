import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { whyUnread } from '../../read/why-unread.js';
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
  for (const path of named) {
    try {
      statSync(path);
    } catch (error) {
      throw new UserError(`can't read ${path}: ${whyUnread(error)}`);
    }
  }
  const candidates = named.length > 0 ? [named] : configDir === undefined ? USUAL : besideCopy(configDir);
  const found = candidates.find((paths) => paths.some((path) => existsSync(path)));
  if (found === undefined) return { amavis: null, files: candidates.flat() };
  const unread: Gap[] = [];
  const files = found.flatMap((path) => expandFolder(path, unread));
  const texts = files.flatMap((file) => {
    try {
      return [{ file, text: readFileSync(file, 'utf8') }];
    } catch (error) {
      unread.push(gap(file, error));
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
function expandFolder(path: string, unread: Gap[]): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => /^[\w-]+$/.test(entry.name) && !entry.isDirectory())
      .map(({ name }) => join(path, name))
      .sort();
  } catch (error) {
    unread.push(gap(path, error));
    return [];
  }
}

function gap(file: string, error: unknown): Gap {
  return { place: { file, line: null }, why: `${file} can't be read: ${whyUnread(error)}` };
}
