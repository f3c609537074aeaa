import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file that is, by its name, a log or a rotated generation of it. */
export interface LogFile {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  /** When the inode was made, ns since 1970; undefined where the file system doesn't tell. */
  readonly born: string | undefined;
  /** Last modification, in ms since 1970. */
  readonly mtime: number;
  /** Name less the ending of a packed file: `mail.log.1` for `mail.log.1.gz`. */
  readonly stem: string;
  readonly packed: boolean;
  /** `live` is the log itself. `.1`, `.2`: the higher, the older. `-20261123`: the lower, the older. */
  readonly order:
    | { readonly kind: 'live' }
    | { readonly kind: 'number'; readonly number: number }
    | { readonly kind: 'date'; readonly date: string };
}

const MARK = '([0-9][0-9TZ_:.+-]*|old)';
const PACKED = String.raw`(\.(?:gz|xz|bz2|zst))?`;

/**
 * Which file names are rotated generations of a log called `base`: logrotate's `mail.log.1`,
 * `mail.log-20261123`, `mail-20261123.log` (its `extension` option), newsyslog's `mail.log.0`, savelog's
 * `mail.log.old`, each also packed.
 */
export function siblingNames(base: string): (name: string) => RegExpExecArray | null {
  const extension = extname(base);
  const stem = base.slice(0, base.length - extension.length);
  const after = new RegExp(`^${escaped(base)}[.-]${MARK}${PACKED}$`);
  const inside =
    extension === '' ? undefined : new RegExp(`^${escaped(stem)}[.-]${MARK}${escaped(extension)}${PACKED}$`);
  return (name) => after.exec(name) ?? inside?.exec(name) ?? null;
}

/** The rotated generations of a log, oldest first, and the log itself if it's there. */
export async function logFiles(path: string): Promise<LogFile[]> {
  // While names are being shifted (.1 to .2) a listing can miss a file: it holds when it comes twice alike.
  let listed = await list(path);
  for (let attempt = 0; attempt < 20; attempt++) {
    const again = await list(path);
    if (same(listed, again)) break;
    listed = again;
    await sleep(5);
  }
  return inOrder(withoutDoubles(listed));
}

/** Whether the names stand for the same files still. */
export async function areUnchanged(path: string, files: readonly LogFile[]): Promise<boolean> {
  return same(files, inOrder(withoutDoubles(await list(path))));
}

/** Whether a file was modified after a time (ms since 1970). */
export function isLaterThan(file: LogFile, time: number): boolean {
  // bzip2 stamps what it packed with whole seconds.
  return (file.packed && file.mtime % 1000 === 0 ? file.mtime + 999 : file.mtime) > time;
}

/** When a file was made, in ns since 1970, if that is known. */
export function bornOf(stats: BigIntStats): string | undefined {
  return stats.birthtimeNs > 0n ? String(stats.birthtimeNs) : undefined;
}

async function list(path: string): Promise<LogFile[]> {
  const folder = dirname(path);
  const base = basename(path);
  const parse = siblingNames(base);
  const names = await readdir(folder).catch(() => []);
  const found: LogFile[] = [];
  for (const name of names.sort()) {
    const match = parse(name);
    if (match === null && name !== base) continue;
    const file = join(folder, name);
    const stats = await stat(file, { bigint: true }).catch(() => undefined);
    if (!stats?.isFile()) continue;
    const ending = match?.[2] ?? '';
    found.push({
      path: file,
      dev: String(stats.dev),
      ino: String(stats.ino),
      born: bornOf(stats),
      mtime: Number(stats.mtimeNs) / 1e6,
      stem: name.slice(0, name.length - ending.length),
      packed: ending !== '',
      order: match === null ? { kind: 'live' } : orderOf(match[1] ?? ''),
    });
  }
  return found;
}

function orderOf(mark: string): LogFile['order'] {
  // Alone it's the last one; beside numbered ones it's somebody's copy, and counts as older than all.
  if (mark === 'old') return { kind: 'number', number: Number.POSITIVE_INFINITY };
  if (/^[0-9]{1,5}$/.test(mark)) return { kind: 'number', number: Number(mark) };
  return { kind: 'date', date: mark.replace(/[^0-9]/g, '') };
}

function same(a: readonly LogFile[], b: readonly LogFile[]): boolean {
  return a.length === b.length && a.every((x, i) => x.path === b[i]?.path && x.ino === b[i]?.ino);
}

/** While a file is being packed both are there, and only the plain one is whole. */
function withoutDoubles(files: readonly LogFile[]): LogFile[] {
  const plain = new Set(files.filter((s) => !s.packed).map((s) => s.stem));
  return files.filter((s) => !s.packed || !plain.has(s.stem));
}

/** By name, as times can be equal; by time where two schemes of names are mixed. The log itself comes last. */
function inOrder(files: LogFile[]): LogFile[] {
  const live = files.filter((file) => file.order.kind === 'live');
  const rotated = files.filter((file) => file.order.kind !== 'live');
  const mixed = new Set(rotated.map((file) => file.order.kind)).size > 1;
  rotated.sort((a, b) => {
    if (!mixed && a.order.kind === 'number' && b.order.kind === 'number')
      return b.order.number - a.order.number;
    if (!mixed && a.order.kind === 'date' && b.order.kind === 'date')
      return a.order.date < b.order.date ? -1 : 1;
    return a.mtime - b.mtime;
  });
  return [...rotated, ...live];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
