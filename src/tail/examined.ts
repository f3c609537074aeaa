import { type FileHandle, open } from 'node:fs/promises';
import { readHead } from '../read/input.js';
import { areCopies, HEAD, hasLine, MARK, markOf } from './fingerprint.js';
import type { LogFile } from './log-files.js';

/** A copy that is being made doesn't stay a fragment for so long. */
const COPYING_MS = 1_000;

/** Says that a file isn't any more what it was when the names were read: they are to be read again. */
export class Moved extends Error {}

/** A file of a log, with what tells whose content it has. */
export interface Examined {
  readonly file: LogFile;
  /** Its first bytes, unpacked; none of a damaged or unreadable one. */
  readonly head: Buffer;
  /** Bytes; of a packed file not known. */
  readonly size: number | undefined;
  /** Why it can't be read. */
  readonly error?: unknown;
}

/** Opens a file if it's still the one that was listed. */
export async function openListed(file: LogFile): Promise<FileHandle> {
  const handle = await open(file.path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Moved() : error;
  });
  const stats = await handle.stat({ bigint: true });
  if (String(stats.dev) === file.dev && String(stats.ino) === file.ino) return handle;
  await handle.close();
  throw new Moved();
}

export async function examine(file: LogFile): Promise<Examined> {
  let handle: FileHandle | undefined;
  try {
    handle = await openListed(file);
    if (file.packed) return { file, head: await readHead(file.path, HEAD, handle), size: undefined };
    const head = await bytesAt(handle, 0, HEAD);
    const { size } = await handle.stat();
    return { file, head, size: head.length < HEAD ? head.length : size };
  } catch (error) {
    if (error instanceof Moved) throw error;
    return { file, head: Buffer.alloc(0), size: undefined, error };
  } finally {
    await handle?.close();
  }
}

/** What the bytes before an offset of a plain file are known by. */
export async function examineMark(file: LogFile, offset: number): Promise<string> {
  const handle = await openListed(file);
  try {
    return markOf(await bytesAt(handle, offset - MARK, MARK));
  } finally {
    await handle.close();
  }
}

/**
 * Whether an unknown file is a copy of a later one, which has it all still: as copytruncate makes before it truncates,
 * or somebody for safety. A generation of its own, though it begins alike, was written before the later one was made.
 */
export async function isCopyOf(file: Examined, later: Examined): Promise<boolean> {
  if (later.size === undefined || !areCopies(file.head, later.head)) return false;
  if (wasWrittenBefore(file.file, later.file)) return false;
  if (file.size === undefined) return true;
  if (file.size > later.size) return false;
  return (
    file.size <= HEAD ||
    (await examineMark(file.file, file.size)) === (await examineMark(later.file, file.size))
  );
}

/** Whether one was written last before the other was made. */
function wasWrittenBefore(one: LogFile, other: LogFile): boolean {
  if (other.born === undefined) return false;
  const made = Number(other.born) / 1e6;
  // The clock has ticks: both may be of the same.
  return one.mtime < made || (one.mtime === made && one.born !== other.born);
}

/**
 * Whether an unknown file may be a copy of the live one that is being made. It is unlike that `for now` where it is
 * empty: as long as it is there's nothing to read; where its inode is older it was the log itself once.
 */
export function mayBecomeCopyOf(file: Examined, live: Examined | undefined): 'yes' | 'no' | 'for now' {
  if (live === undefined || live.file.order.kind !== 'live' || file.file.packed || hasLine(file.head))
    return 'no';
  const [born, liveBorn] = [file.file.born, live.file.born];
  const isYounger =
    born === undefined || liveBorn === undefined ? undefined : BigInt(born) >= BigInt(liveBorn);
  if (isYounger === false || file.error !== undefined) return 'no';
  if (file.head.length === 0) return isYounger ? 'for now' : 'yes';
  const isLike = live.head.subarray(0, file.head.length).equals(file.head);
  return isLike && live.head.length > file.head.length && Date.now() - file.file.mtime < COPYING_MS
    ? 'yes'
    : 'no';
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
