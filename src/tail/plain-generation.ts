import type { FileHandle } from 'node:fs/promises';
import { ensureFile } from '../read/ensure-readable.js';
import { cutLine, decodeLines, MAX_LINE } from '../read/lines.js';
import type { Position } from './checkpoint.js';
import { EMPTY, fingerprintOf, HEAD, hasLine, MARK, markOf } from './fingerprint.js';
import type { Generation, Looked, Reading } from './generation.js';
import { GrowingEnd } from './growing-end.js';
import { bornOf } from './log-files.js';

const NEWLINE = 0x0a;
const CHUNK = 256 * 1024;
/** What isn't longer is the growing end of a file, and read by tail-file; a backlog is read in chunks. */
const SHORT = 64 * 1024;

/** Where to begin in a file: at its start, its end, or at the first line that begins at or after an offset. */
export type From = 'start' | 'end' | number;

interface Identity {
  readonly dev: string;
  readonly ino: string;
  readonly born: string | undefined;
}

/**
 * A plain file held open: whatever becomes of its name, the rest of it can be read. It is read with positioned
 * reads that begin at a line's start; an unfinished line is read again when it has grown.
 *
 * A file can be truncated and grown past the old offset between any two looks, so every read is proved
 * afterwards: only when the first bytes, and those before the place up to where it is taken, are still the same
 * were they the same all the while.
 */
export class PlainGeneration implements Generation {
  head: Buffer = Buffer.alloc(0);
  mtime = 0;
  /** Bytes known to be there. */
  private size = 0;
  private offset = 0;
  /** What is known of the bytes before `offset`, where the head doesn't cover them. */
  private mark: string | undefined;
  private fingerprint = EMPTY;
  /** Up to here there is no newline after `offset`. */
  private searched = 0;
  private growing: GrowingEnd | undefined;
  private readonly path: string;
  private readonly file: FileHandle;
  readonly dev: string;
  readonly ino: string;
  readonly born: string | undefined;

  private constructor(path: string, file: FileHandle, identity: Identity) {
    this.path = path;
    this.file = file;
    this.dev = identity.dev;
    this.ino = identity.ino;
    this.born = identity.born;
  }

  /** Takes an open file, closed with it, and begins at `offset`. */
  static async of(path: string, file: FileHandle, offset = 0): Promise<PlainGeneration> {
    try {
      const stats = await file.stat({ bigint: true });
      ensureFile(path, stats);
      const identity = { dev: String(stats.dev), ino: String(stats.ino), born: bornOf(stats) };
      const generation = new PlainGeneration(path, file, identity);
      await generation.look();
      await generation.startAt(offset);
      return generation;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The content that took this one's place in the same file. This one is dead then. */
  async renewed(): Promise<PlainGeneration> {
    const generation = new PlainGeneration(this.path, this.file, this);
    await generation.look();
    return generation;
  }

  get left(): number {
    return Math.max(0, this.size - this.offset);
  }

  position(): Position {
    return {
      dev: this.dev,
      ino: this.ino,
      ...(this.born === undefined ? {} : { born: this.born }),
      offset: this.offset,
      fingerprint: this.fingerprint,
      ...(this.mark === undefined ? {} : { mark: this.mark }),
    };
  }

  /** Moves to a position in this file, as far as it is that long. */
  async startAt(offset: number): Promise<void> {
    this.growing = undefined;
    this.offset = Math.min(offset, this.size);
    this.searched = this.offset;
    this.mark = await this.markAt(this.offset);
  }

  /** Moves to where following begins, always a line's start. */
  async begin(from: From): Promise<void> {
    if (from === 'start') await this.startAt(0);
    else if (from === 'end') await this.startAt(await this.lastLineStart());
    else await this.startAt(from <= 0 ? 0 : await this.nextLineStart(Math.min(from, this.size)));
  }

  async look(): Promise<Looked> {
    const stats = await this.file.stat({ bigint: true });
    const head = await this.bytes(0, HEAD);
    // Both are from different moments; a head that isn't full tells the size by itself.
    const size = head.length < HEAD ? head.length : Number(stats.size);
    const common = Math.min(head.length, this.head.length);
    if (!head.subarray(0, common).equals(this.head.subarray(0, common))) return 'replaced';
    // Cut back to some of its lines, or emptied and begun anew, perhaps with a fragment that began it before.
    if (size < this.offset || head.length < this.head.length) return hasLine(head) ? 'shrunk' : 'replaced';
    if (this.mark !== undefined) {
      const before = await this.bytes(this.offset - MARK, MARK);
      // Cut back since its size was told.
      if (before.length < MARK) return this.look();
      if (markOf(before) !== this.mark) return 'replaced';
    }
    if (size < this.searched) {
      this.growing = undefined;
      this.searched = this.offset;
    }
    if (!head.equals(this.head)) {
      this.head = head;
      this.fingerprint = fingerprintOf(head);
    }
    this.size = size;
    this.mtime = Number(stats.mtimeNs) / 1e6;
    return 'same';
  }

  async read(): Promise<Reading> {
    if (this.size <= this.searched) return 'nothing';
    if (this.size - this.offset <= SHORT) return this.readGrown();
    this.growing = undefined;
    const chunk = await this.bytes(this.offset, CHUNK);
    const last = chunk.lastIndexOf(NEWLINE);
    if (last === -1)
      return chunk.length < CHUNK ? this.proved('nothing', this.offset + chunk.length) : this.readLong();
    const end = this.offset + last + 1;
    return this.proved({ lines: linesOf(chunk.subarray(0, last)), cut: 0 }, end, end);
  }

  async readRest(): Promise<Reading> {
    if (this.left === 0) return 'nothing';
    this.growing = undefined;
    const line = await this.bytes(this.offset, MAX_LINE + 1);
    const cut = line.length > MAX_LINE ? 1 : 0;
    return this.proved({ lines: linesOf(cut ? cutLine(line) : line), cut }, this.size, this.size);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async readGrown(): Promise<Reading> {
    this.growing ??= new GrowingEnd(this.path, { fd: this.file.fd, ino: this.ino }, this.offset);
    const { lines, end, partial } = await this.growing.read();
    if (lines.length === 0) return this.proved('nothing', end + partial);
    const text = decodeLines(Buffer.from(lines.join('\n'), 'latin1'));
    return this.proved({ lines: text.split('\n'), cut: 0 }, end + partial, end);
  }

  /** A line longer than a chunk: its end is sought once, piece by piece, and no more than 1 MiB of it is held. */
  private async readLong(): Promise<Reading> {
    let at = Math.max(this.searched, this.offset);
    for (;;) {
      const piece = await this.bytes(at, CHUNK);
      const found = piece.indexOf(NEWLINE);
      if (found === -1) {
        at += piece.length;
        if (piece.length < CHUNK) return this.proved('nothing', at);
        continue;
      }
      const end = at + found;
      const line = await this.bytes(this.offset, Math.min(end - this.offset, MAX_LINE + 1));
      const cut = line.length > MAX_LINE ? 1 : 0;
      return this.proved({ lines: linesOf(cut ? cutLine(line) : line), cut }, end + 1, end + 1);
    }
  }

  private async proved(reading: Reading, searched: number, offset = this.offset): Promise<Reading> {
    const mark = offset === this.offset ? this.mark : await this.markAt(offset);
    const looked = await this.look();
    if (looked !== 'same') return looked;
    if (this.size < offset) {
      this.growing = undefined;
      return 'nothing';
    }
    this.offset = offset;
    this.mark = mark;
    this.searched = searched;
    return reading;
  }

  private async markAt(offset: number): Promise<string | undefined> {
    return offset > HEAD ? markOf(await this.bytes(offset - MARK, MARK)) : undefined;
  }

  private async lastLineStart(): Promise<number> {
    for (let end = this.size; end > 0; ) {
      const from = Math.max(0, end - CHUNK);
      const last = (await this.bytes(from, end - from)).lastIndexOf(NEWLINE);
      if (last !== -1) return from + last + 1;
      end = from;
    }
    return 0;
  }

  private async nextLineStart(offset: number): Promise<number> {
    for (let at = offset - 1; at < this.size; at += CHUNK) {
      const found = (await this.bytes(at, CHUNK)).indexOf(NEWLINE);
      if (found !== -1) return at + found + 1;
    }
    return this.size;
  }

  private async bytes(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.file.read(Buffer.allocUnsafe(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }
}

function linesOf(data: Buffer): string[] {
  // decodeLines strips the CR of the last line too, as its LF isn't part of `data`.
  return decodeLines(data).split('\n');
}
