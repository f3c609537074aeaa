import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { whyUnread } from '../../read/why-unread.js';
import { UserError } from '../../user-error.js';
import type { TextFile } from '../place.js';
import { type Instance, listOf, parameter } from '../postfix/instance.js';
import { type MainCf, parseMainCf } from '../postfix/main-cf.js';
import { applyPostconfP, type MasterCf, parseMasterCf } from '../postfix/master-cf.js';
import { filterActions, isText, staticAction, tablesOf } from '../postfix/tables.js';
import type { PostfixFiles } from '../setup.js';

/** Where packages install it; a plain user's PATH often lacks these folders. */
const POSTCONF = ['postconf', '/usr/sbin/postconf', '/usr/local/sbin/postconf'];
const DEFAULT_DIRECTORY = '/etc/postfix';
/** Where other systems than Linux have it. */
const OTHER_DIRECTORIES = ['/usr/local/etc/postfix', '/opt/local/etc/postfix', '/usr/pkg/etc/postfix'];
/** postconf only reads files; longer than this it hangs on something (a dead network home). */
const TIMEOUT_MS = 20_000;

/** Runs postconf with fixed arguments; undefined where there is none or it fails. */
export type Postconf = (args: readonly string[]) => Promise<string | undefined>;

/** The postconf of this machine; undefined where Postfix is not installed. */
export async function findPostconf(): Promise<Postconf | undefined> {
  for (const command of POSTCONF) {
    const run: Postconf = async (args) => {
      try {
        const { stdout } = await promisify(execFile)(command, [...args], {
          timeout: TIMEOUT_MS,
          maxBuffer: 64 << 20,
        });
        return stdout;
      } catch {
        return undefined;
      }
    };
    if ((await run(['-n'])) !== undefined) return run;
  }
  return undefined;
}

/**
 * Reads a Postfix and those that it names in multi_instance_directories.
 * @param directory undefined: where postconf says, or /etc/postfix.
 * @param postconf undefined: from the files alone.
 * @throws UserError where there is no main.cf or master.cf to read.
 */
export async function loadPostfix(
  directory: string | undefined,
  postconf: Postconf | undefined,
): Promise<PostfixFiles[]> {
  const first = await loadInstance(directory, postconf);
  const others = listOf(parameter(first, 'multi_instance_directories').value ?? '');
  const found = [first];
  for (const other of others) {
    const place = postconf === undefined ? beside(first.directory, other) : other;
    if (found.some((instance) => instance.directory === place)) continue;
    found.push(await loadInstance(place, postconf));
  }
  return found.map(withTables);
}

/** A copy of /etc/postfix has its further instances beside it, as /etc has. */
function beside(directory: string, other: string): string {
  const copy = join(dirname(resolve(directory)), basename(other));
  return existsSync(join(copy, 'main.cf')) ? copy : other;
}

async function loadInstance(wanted: string | undefined, postconf: Postconf | undefined): Promise<Instance> {
  const at = wanted === undefined ? [] : ['-c', wanted];
  const settings = await postconf?.([...at, '-n']);
  const said = settings === undefined ? undefined : parseMainCf({ file: 'postconf -n', text: settings });
  const directory = wanted ?? said?.settings.get('config_directory')?.value ?? usualDirectory();
  const mainFile = join(directory, 'main.cf');
  const masterFile = join(directory, 'master.cf');
  const mainText = tryRead(mainFile);
  const masterText = tryRead(masterFile);

  const written = mainText === undefined ? undefined : parseMainCf(mainText);
  const main = said === undefined ? written : withPlaces(said, written);
  if (main === undefined) throw missing(directory, mainFile);

  const listed = masterText === undefined ? await postconf?.([...at, '-M']) : undefined;
  const services = masterText ?? (listed === undefined ? undefined : { file: 'postconf -M', text: listed });
  if (services === undefined) throw missing(directory, masterFile);
  const parsed = parseMasterCf(services);
  const overrides = await postconf?.([...at, '-P']);
  const master: MasterCf =
    overrides === undefined
      ? parsed
      : { ...parsed, services: applyPostconfP(parsed.services, { file: 'postconf -P', text: overrides }) };
  return { directory, mainFile, masterFile, main, master };
}

function usualDirectory(): string {
  const hasMain = (directory: string): boolean => existsSync(join(directory, 'main.cf'));
  return [DEFAULT_DIRECTORY, ...OTHER_DIRECTORIES].find(hasMain) ?? DEFAULT_DIRECTORY;
}

/** postconf's values, with the file's line numbers. */
function withPlaces(said: MainCf, written: MainCf | undefined): MainCf {
  const settings = [...said.settings].map(([name, setting]) => {
    const place = written?.settings.get(name)?.place ?? setting.place;
    return [name, { ...setting, place: place === setting.place ? { ...place, line: null } : place }] as const;
  });
  return { settings: new Map(settings), unreadable: written?.unreadable ?? [] };
}

function withTables(instance: Instance): PostfixFiles {
  const tables = tablesOf(instance).map((table) => {
    const actions = staticAction(table);
    if (table.type === 'static') return { table, actions };
    const text = isText(table) ? tryRead(moved(instance, table.name)) : undefined;
    return { table, actions: text === undefined ? undefined : filterActions(text, table) };
  });
  return {
    instance,
    filterActions: tables.flatMap(({ actions }) => actions ?? []),
    unreadTables: tables.flatMap(({ table, actions }) => (actions === undefined ? [table] : [])),
  };
}

/** A path below /etc/postfix, in the copy that is being read. */
function moved(instance: Instance, path: string): string {
  const own = parameter(instance, 'config_directory').value ?? DEFAULT_DIRECTORY;
  return path.startsWith(`${own}/`) ? join(instance.directory, path.slice(own.length + 1)) : path;
}

export function tryRead(file: string): TextFile | undefined {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch {
    return undefined;
  }
}

function missing(directory: string, file: string): UserError {
  const why = (path: string): string => {
    try {
      if (path === directory) return statSync(path).isDirectory() ? '' : 'it is a file, and no folder';
      readFileSync(path);
      return '';
    } catch (error) {
      return whyUnread(error, path === directory ? 'folder' : 'file');
    }
  };
  const wrong = [directory, file].find((path) => why(path) !== '') ?? file;
  return new UserError(
    `can't read ${wrong}: ${why(wrong)}`,
    "--config-dir names the folder with Postfix' main.cf and master.cf.",
  );
}
