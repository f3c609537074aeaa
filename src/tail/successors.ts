import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readHead } from '../read/input.js';
import type { Position } from './checkpoint.js';
import { EMPTY, HEAD, hasFingerprint } from './fingerprint.js';
import { type Sibling, siblingsOf } from './siblings.js';

/** What is to be read after a position, among a log's rotated generations. */
export interface Successors {
  /** The generation of the position itself, under the name, inode or packing it has now. */
  readonly rest: Sibling | undefined;
  /** The generations after it, oldest first. Of a plain one that is empty the lines may be still to come. */
  readonly newer: readonly { readonly sibling: Sibling; readonly head: Buffer }[];
  /** Those among them that can't be read. */
  readonly unreadable: readonly { readonly sibling: Sibling; readonly error: unknown }[];
}

/**
 * Finds a position among the rotated generations beside a log. Where its generation is gone (`rest` is
 * undefined), those modified after `time` count as newer. Throws Moved when files are being renamed meanwhile.
 */
export async function successorsOf(path: string, position: Position, time: number): Promise<Successors> {
  const siblings = await siblingsOf(path);
  const heads = new Map<Sibling, Buffer>();
  const errors = new Map<Sibling, unknown>();
  const headOf = async (sibling: Sibling) => {
    const head =
      heads.get(sibling) ?? (await readSiblingHead(sibling, (error) => errors.set(sibling, error)));
    heads.set(sibling, head);
    return head;
  };
  const rest = await find(siblings, position, headOf);
  const after =
    rest === undefined
      ? siblings.filter((sibling) => sibling.mtime > time)
      : siblings.slice(siblings.indexOf(rest) + 1);
  const newer: { sibling: Sibling; head: Buffer }[] = [];
  for (const sibling of after) {
    const head = await headOf(sibling);
    if (head.length > 0 || (!sibling.packed && !errors.has(sibling))) newer.push({ sibling, head });
  }
  const unreadable = after.flatMap((sibling) => {
    const error = errors.get(sibling);
    return error === undefined ? [] : [{ sibling, error }];
  });
  return { rest, newer, unreadable };
}

/** The file itself where it still is, else a copy or packing of it, known by its first bytes. */
export async function find(
  siblings: readonly Sibling[],
  position: Position,
  headOf: (sibling: Sibling) => Promise<Buffer> = (sibling) => readSiblingHead(sibling, () => {}),
): Promise<Sibling | undefined> {
  const empty = position.fingerprint === EMPTY;
  for (const sibling of siblings) {
    if (sibling.packed || sibling.dev !== position.dev || sibling.ino !== position.ino) continue;
    if (empty || hasFingerprint(await headOf(sibling), position.fingerprint)) return sibling;
  }
  if (empty) return undefined;
  for (const sibling of siblings.toReversed()) {
    if (hasFingerprint(await headOf(sibling), position.fingerprint)) return sibling;
  }
  return undefined;
}

/** Says that a file isn't any more what it was when the names were read: they are to be read again. */
export class Moved extends Error {}

const ATTEMPTS = 10;

/** Tries again while files are being renamed or packed under the reader's hands. */
export async function whileRenaming<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Moved) || attempt === ATTEMPTS) throw error;
      await sleep(5 * attempt);
    }
  }
}

/** Opens a rotated file if it's still the one that was listed. */
export async function openListed(sibling: Sibling): Promise<FileHandle> {
  const file = await open(sibling.path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Moved() : error;
  });
  const stats = await file.stat({ bigint: true });
  if (String(stats.dev) === sibling.dev && String(stats.ino) === sibling.ino) return file;
  await file.close();
  throw new Moved();
}

/** Of an unreadable or damaged file as of an empty one: nothing. */
async function readSiblingHead(sibling: Sibling, onError: (error: unknown) => void): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await openListed(sibling);
    if (sibling.packed) return await readHead(sibling.path, HEAD, file);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Moved) throw error;
    onError(error);
    return Buffer.alloc(0);
  } finally {
    await file?.close();
  }
}
