import { printable } from '../output/printable.js';
import { fileError } from '../read/file-error.js';
import type { Notify } from './batch.js';
import type { Position } from './checkpoint.js';
import { areCopies, EMPTY, hasLine } from './fingerprint.js';
import type { Generation } from './generation.js';
import { PackedGeneration } from './packed-generation.js';
import { PlainGeneration } from './plain-generation.js';
import type { Sibling } from './siblings.js';
import { openListed, successorsOf, whileRenaming } from './successors.js';

/** The position of nothing at all. */
export const NOWHERE: Position = { dev: '0', ino: '0', offset: 0, fingerprint: EMPTY };

/** Where a generation is that is held open: its inode can't be another's, so before it has a line that's enough. */
export function markerOf(generation: Generation | undefined): Position | undefined {
  if (generation === undefined || hasLine(generation.head)) return generation?.position();
  return { ...generation.position(), fingerprint: EMPTY };
}

/** What is to be opened among the rotated files. */
export interface Wanted {
  /** Those after this position… */
  readonly after: Position;
  /** …or, where that can't be found, those modified after this time (ms since 1970), */
  readonly time: number;
  /** …up to the first of these, */
  readonly until: readonly Generation[];
  /** …but none of these, */
  readonly open: readonly Generation[];
  /** …nor copies of what began so. */
  readonly seen: readonly Buffer[];
  /** Also the position's own generation, from the position on; whether it's to be told when that is gone. */
  readonly own?: { readonly told: boolean };
}

/** Opens the rotated generations that are wanted, oldest first. */
export function openRotated(path: string, wanted: Wanted, notify: Notify): Promise<Generation[]> {
  return whileRenaming(async () => {
    const { rest, newer, unreadable } = await successorsOf(path, wanted.after, wanted.time);
    // What was empty at the last look may be one of those by now, packed.
    if (newer.length > 0) for (const generation of wanted.open) await generation.look();
    const opened: Generation[] = [];
    try {
      if (rest && wanted.own) opened.push(await openSibling(rest, wanted.after.offset, notify));
      for (const { sibling, head } of newer) {
        if (wanted.until.some((generation) => isOf(generation, sibling, head))) break;
        if ([...opened, ...wanted.open].some((generation) => isOf(generation, sibling, head))) continue;
        if (wanted.seen.some((seen) => areCopies(head, seen))) continue;
        opened.push(await openSibling(sibling, 0, notify));
      }
    } catch (error) {
      for (const generation of opened) await generation.close();
      throw error;
    }
    for (const { sibling, error } of unreadable) {
      notify({
        path,
        kind: 'unreadable',
        message: `${fileError(error, sibling.path).message}; its lines are left out`,
      });
    }
    if (rest === undefined && wanted.own?.told) {
      const message = `lines of ${printable(path)} are gone: it was truncated or removed before they were read, and no rotated copy of it can be read`;
      notify({ path, kind: 'gap', message });
    }
    return opened;
  });
}

export async function openSibling(sibling: Sibling, offset: number, notify: Notify): Promise<Generation> {
  const file = await openListed(sibling);
  if (!sibling.packed) return PlainGeneration.of(sibling.path, file, offset);
  const damaged = (message: string) => notify({ path: sibling.path, kind: 'damaged', message });
  return PackedGeneration.of(file, sibling.path, offset, damaged);
}

/** Whether a rotated file is this generation or a copy of it. */
function isOf(generation: Generation, sibling: Sibling, head: Buffer): boolean {
  const isSame = generation.dev === sibling.dev && generation.ino === sibling.ino;
  return isSame || areCopies(head, generation.head);
}
