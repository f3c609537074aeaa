import type { FileHandle } from 'node:fs/promises';
import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';
import { type Compression, compressionOf, MAGIC_LENGTH } from './compression.js';
import { decodeLines, wholeLines } from './lines.js';
import { type Progress, source } from './source.js';
import { unpack } from './unpack.js';

/** A piece of a log: whole lines. */
export interface Chunk {
  /** Lines with '\n' between them, ending with '\n' (only the end of the input may lack it). */
  readonly text: string;
  /** Bytes of the unpacked log this chunk stands for. */
  readonly bytes: number;
  /** Bytes of the file read so far, packed as it is: with its size, the progress. */
  readonly position: number;
}

/** An open log. Iterate once; the file is closed at the end or when the loop is left. */
export interface Input extends AsyncIterable<Chunk> {
  readonly path: string;
  readonly compression: Compression;
  /** Lines longer than 1 MiB so far; they are given cut to that. */
  readonly cutLines: number;
  /** What was wrong but didn't stop the reading, such as a truncated .gz. Complete after the last chunk. */
  readonly warnings: readonly string[];
}

const BLOCK = 4096;
/** Bytes of a chunk: as text still small enough that the garbage collector doesn't take it for a large object. */
const PART = 1 << 16;

export interface InputOptions {
  /** Begins so many bytes into the unpacked text. */
  readonly from?: number;
  /** The file, where it is open already; it is left open, and the path only named in messages. */
  readonly file?: FileHandle;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a log file, plain or packed (gzip, xz, bzip2, zstd), or standard input for `-`.
 * Throws a UserError when it is missing, unreadable, a folder or no text.
 */
export async function openInput(path: string, { from = 0, file, signal }: InputOptions = {}): Promise<Input> {
  const warnings: string[] = [];
  const onDamage = (reason: string) => {
    warnings.push(`${shown(path)} is damaged: read up to there (${reason})`);
  };
  const { pieces, compression, progress } = await openBytes(path, onDamage, file, signal);
  let cutLines = 0;
  async function* chunks(): AsyncGenerator<Chunk, void, undefined> {
    const countCut = () => {
      cutLines += 1;
    };
    for await (const { data, bytes } of wholeLines(inParts(after(from, pieces)), countCut)) {
      yield { text: decodeLines(data), bytes, position: progress.position };
    }
  }
  return {
    path,
    compression,
    warnings,
    get cutLines() {
      return cutLines;
    },
    [Symbol.asyncIterator]: chunks,
  };
}

/** The first bytes of a log's text, unpacked. */
export async function readHead(path: string, length: number, file?: FileHandle): Promise<Buffer> {
  const { pieces } = await openBytes(path, () => undefined, file);
  const head: Buffer[] = [];
  let have = 0;
  for await (const piece of pieces) {
    head.push(piece);
    have += piece.length;
    if (have >= length) break;
  }
  return Buffer.from(Buffer.concat(head).subarray(0, length));
}

/** How a file is packed. */
export async function packingOf(path: string): Promise<Compression> {
  const raw = source(path, { position: 0 });
  const head = await atLeast(raw, MAGIC_LENGTH);
  await raw.return();
  return compressionOf(head);
}

interface Bytes {
  readonly pieces: AsyncIterable<Buffer>;
  readonly compression: Compression;
  readonly progress: Progress;
}

async function openBytes(
  path: string,
  onDamage: (reason: string) => void,
  file: FileHandle | undefined,
  signal?: AbortSignal,
): Promise<Bytes> {
  const progress = { position: 0 };
  const raw = source(path, progress, { opened: file, signal });
  const head = await atLeast(raw, MAGIC_LENGTH);
  const compression = compressionOf(head);
  const unpacked = unpack(compression, startingWith(head, raw), onDamage)[Symbol.asyncIterator]();
  const first = await unpacked.next().catch((error: unknown) => {
    if (error instanceof UserError) throw new UserError(`${shown(path)}: ${error.message}`, error.help);
    throw error;
  });
  if (!first.done) refuseBinary(first.value, path, () => unpacked.return?.());
  return { pieces: startingWith(first.done ? undefined : first.value, unpacked), compression, progress };
}

/** The first piece, made of as many as it takes: a pipe may give single bytes. */
async function atLeast(pieces: AsyncIterator<Buffer>, length: number): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < length) {
    const next = await pieces.next();
    if (next.done) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return head;
}

async function* startingWith(
  first: Buffer | undefined,
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    if (first !== undefined && first.length > 0) yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* after(from: number, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let skip = from;
  for await (const piece of pieces) {
    if (piece.length > skip) yield piece.subarray(skip);
    skip -= Math.min(skip, piece.length);
  }
}

async function* inParts(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PART) yield piece.subarray(at, at + PART);
  }
}

/**
 * Binary data shows by NUL bytes all over, or by many of them without a line end. A log may have a few long
 * holes of them (after a crash, or when it was truncated and is written to at its old offset) and is read.
 */
function refuseBinary(first: Buffer, path: string, close: () => void): void {
  const block = first.subarray(0, BLOCK);
  if (block.subarray(0, 8).toString('latin1') === 'LPKSHHRH') {
    close();
    throw new UserError(
      `${shown(path)} is a file of the systemd journal`,
      'let journalctl read it: journalctl --file FILE -o json | amavtrace import -',
    );
  }
  let nuls = 0;
  let holes = 0;
  for (let i = 0; i < block.length; i++) {
    if (block[i] !== 0) continue;
    nuls += 1;
    if (i === 0 || block[i - 1] !== 0) holes += 1;
  }
  const scattered = holes > 8 && holes * 64 > block.length;
  const full = nuls * 4 >= block.length && nuls < block.length && !block.includes(0x0a);
  if (!scattered && !full) return;
  close();
  throw new UserError(`${shown(path)} is no log: it holds binary data`);
}

function shown(path: string): string {
  return path === '-' ? 'standard input' : printable(path);
}
