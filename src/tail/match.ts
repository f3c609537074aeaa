import { type Examined, examineMark } from './examined.js';
import { areCopies, EMPTY, hasFingerprint, hasLine } from './fingerprint.js';
import type { Known } from './known.js';
import type { LogFile } from './log-files.js';

/** How sure it is that a file is a known generation. The higher outweigh any number of the lower ones. */
const LIKENESS = {
  none: 0,
  /** A copy that lacks the end: made before the last lines were written. */
  part: 1,
  /** The same file, with less in it than was taken. */
  shrunk: 50,
  /** A copy or packing of it. */
  copy: 1000,
  /** The same file with the same content. */
  same: 100_000,
} as const;

/**
 * Finds which known generations the files are; both are given in the order they were written, and so they are
 * matched: a file is one generation, and a generation one file, even where several have the same content. Only the
 * same file may be out of order.
 */
export async function match(
  known: readonly Known[],
  files: readonly Examined[],
): Promise<ReadonlyMap<Examined, Known>> {
  const table = await Promise.all(known.map((one) => likenesses(one, files)));
  const matched = new Map<Examined, Known>();
  const anchors: (readonly [known: number, file: number])[] = [];
  for (const [i, one] of known.entries()) {
    for (const [j, file] of files.entries()) {
      if (table[i]?.[j] !== LIKENESS.same || matched.has(file)) continue;
      anchors.push([i, j]);
      matched.set(file, one);
      break;
    }
  }
  const value = (i: number, j: number) =>
    anchors.every(([a, b]) => Math.sign(i - a) * Math.sign(j - b) > 0) ? (table[i]?.[j] ?? 0) : 0;
  // best[i][j]: the most that known[i…] and files[j…] are alike.
  const best = Array.from({ length: known.length + 1 }, () => new Array<number>(files.length + 1).fill(0));
  const at = (i: number, j: number) => best[i]?.[j] ?? 0;
  for (let i = known.length - 1; i >= 0; i--) {
    for (let j = files.length - 1; j >= 0; j--) {
      const here = value(i, j);
      const row = best[i];
      if (row) row[j] = Math.max(at(i + 1, j), at(i, j + 1), here > 0 ? here + at(i + 1, j + 1) : 0);
    }
  }
  for (let i = 0, j = 0; i < known.length && j < files.length; ) {
    const here = value(i, j);
    const [one, file] = [known[i], files[j]];
    if (one && file && here > 0 && here + at(i + 1, j + 1) === at(i, j)) {
      matched.set(file, one);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) === at(i, j)) i += 1;
    else j += 1;
  }
  return matched;
}

/** Whether it's surely the same file, with what was known of it. */
export async function isSame(known: Known, file: Examined): Promise<boolean> {
  return (await likeness(known, file)) === LIKENESS.same;
}

async function likenesses(known: Known, files: readonly Examined[]): Promise<number[]> {
  const row = await Promise.all(files.map((file) => likeness(known, file)));
  // Where its file has another content by now, it was copied while that was the log: the copy is older than the file.
  const own = files.findIndex(({ file }) => hasInode(known, file) && file.born !== undefined);
  return own === -1 ? row : row.map((value, j) => (j > own && value < LIKENESS.same ? LIKENESS.none : value));
}

/** Whether it's the same inode for all that is known: a number alone may be another's by now. */
function hasInode({ position }: Known, file: LogFile): boolean {
  const sameBorn = position.born === file.born || position.born === undefined || file.born === undefined;
  return position.dev === file.dev && position.ino === file.ino && sameBorn;
}

async function likeness(known: Known, examined: Examined): Promise<number> {
  const { file, head, size } = examined;
  const position = known.position;
  const same = hasInode(known, file) && !position.replaced;
  // As long as it's open its inode can't be another's, and whether the content is the same has been looked at.
  if (same && known.generation) return LIKENESS.same;
  if (position.fingerprint === EMPTY)
    return same && file.born !== undefined && position.born !== undefined ? LIKENESS.same : LIKENESS.none;
  if (hasFingerprint(head, position.fingerprint, { same: same || position.offset === 0 })) {
    if (size !== undefined && size < position.offset) return same ? LIKENESS.shrunk : part(examined);
    const differs =
      size !== undefined &&
      position.mark !== undefined &&
      (await examineMark(file, position.offset)) !== position.mark;
    if (differs) return LIKENESS.none;
    return same ? LIKENESS.same : LIKENESS.copy;
  }
  if (known.head === undefined || !areCopies(head, known.head)) return LIKENESS.none;
  // Its first bytes are fewer than those known.
  if (head.length >= known.head.length || !hasLine(head)) return LIKENESS.none;
  return same ? LIKENESS.shrunk : part(examined);
}

/** The log itself is no copy made before the last lines were written: it begins alike, and is new. */
function part({ file }: Examined): number {
  return file.order.kind === 'live' ? LIKENESS.none : LIKENESS.part;
}
