import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file that is, by its name, a rotated generation of a log. */
export interface Sibling {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
  readonly mtime: number;
  /** Name less the ending of a packed file: `mail.log.1` for `mail.log.1.gz`. */
  readonly stem: string;
  readonly packed: boolean;
  /** `.1`, `.2`: the higher, the older. `-20261123`: the lower, the older. */
  readonly order:
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

/** The rotated generations beside a log, oldest first. */
export async function siblingsOf(path: string): Promise<Sibling[]> {
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

async function list(path: string): Promise<Sibling[]> {
  const folder = dirname(path);
  const parse = siblingNames(basename(path));
  const names = await readdir(folder).catch(() => []);
  const found: Sibling[] = [];
  for (const name of names.sort()) {
    const match = parse(name);
    if (match === null) continue;
    const file = join(folder, name);
    const stats = await stat(file, { bigint: true }).catch(() => undefined);
    if (!stats?.isFile()) continue;
    const ending = match[2] ?? '';
    found.push({
      path: file,
      dev: String(stats.dev),
      ino: String(stats.ino),
      size: Number(stats.size),
      mtime: Number(stats.mtimeNs) / 1e6,
      stem: name.slice(0, name.length - ending.length),
      packed: ending !== '',
      order: orderOf(match[1] ?? ''),
    });
  }
  return found;
}

function orderOf(mark: string): Sibling['order'] {
  if (mark === 'old') return { kind: 'number', number: 1 };
  if (/^[0-9]{1,5}$/.test(mark)) return { kind: 'number', number: Number(mark) };
  return { kind: 'date', date: mark.replace(/[^0-9]/g, '') };
}

function same(a: readonly Sibling[], b: readonly Sibling[]): boolean {
  return a.length === b.length && a.every((x, i) => x.path === b[i]?.path && x.ino === b[i]?.ino);
}

/** While a file is being packed both are there, and only the plain one is whole. */
function withoutDoubles(siblings: readonly Sibling[]): Sibling[] {
  const plain = new Set(siblings.filter((s) => !s.packed).map((s) => s.stem));
  return siblings.filter((s) => !s.packed || !plain.has(s.stem));
}

/** By name, as times can be equal; by time where two schemes of names are mixed. */
function inOrder(siblings: Sibling[]): Sibling[] {
  const mixed = new Set(siblings.map((s) => s.order.kind)).size > 1;
  return siblings.sort((a, b) => {
    if (!mixed && a.order.kind === 'number' && b.order.kind === 'number')
      return b.order.number - a.order.number;
    if (!mixed && a.order.kind === 'date' && b.order.kind === 'date')
      return a.order.date < b.order.date ? -1 : 1;
    return a.mtime - b.mtime;
  });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
