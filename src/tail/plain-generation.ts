import type { FileHandle } from 'node:fs/promises';
import { printable } from '../output/printable.js';
import { cutLine, decodeLines, MAX_LINE } from '../read/lines.js';
import { UserError } from '../user-error.js';
import type { Position } from './checkpoint.js';
import { fingerprintOf, HEAD, hasLine } from './fingerprint.js';
import type { Generation, Reading } from './generation.js';
import { GrowingEnd } from './growing-end.js';

const NEWLINE = 0x0a;
const CHUNK = 256 * 1024;
/** What isn't longer is the growing end of a file, and read by tail-file; a backlog is read in chunks. */
const SHORT = 64 * 1024;

/** Where to begin in a file: at its start, its end, or at the first line that begins at or after an offset. */
export type From = 'start' | 'end' | number;

/**
 * A plain file held open: whatever becomes of its name, the rest of it can be read. It is read with positioned
 * reads that begin at a line's start; an unfinished line is read again when it has grown.
 *
 * A file can be truncated and grown past the old offset between any two looks, so every read is proved
 * afterwards: only when the first bytes are still the same were they the same all the while.
 */
export class PlainGeneration implements Generation {
  head: Buffer = Buffer.alloc(0);
  mtime = 0;
  /** Bytes known to be there. */
  private size = 0;
  private offset = 0;
  /** Up to here there is no newline after `offset`. */
  private searched = 0;
  private growing: GrowingEnd | undefined;
  private readonly path: string;
  private readonly file: FileHandle;
  readonly dev: string;
  readonly ino: string;

  private constructor(path: string, file: FileHandle, dev: string, ino: string) {
    this.path = path;
    this.file = file;
    this.dev = dev;
    this.ino = ino;
  }

  /** Takes an open file, closed with it, and begins at `offset`. */
  static async of(path: string, file: FileHandle, offset = 0): Promise<PlainGeneration> {
    try {
      const stats = await file.stat({ bigint: true });
      if (stats.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
      if (!stats.isFile()) throw new UserError(`${printable(path)} is no file that can be followed`);
      const generation = new PlainGeneration(path, file, String(stats.dev), String(stats.ino));
      await generation.look();
      generation.startAt(offset);
      return generation;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The content that took this one's place in the same file. This one is dead then. */
  async renewed(): Promise<PlainGeneration> {
    const generation = new PlainGeneration(this.path, this.file, this.dev, this.ino);
    await generation.look();
    return generation;
  }

  get unread(): boolean {
    return this.size > this.offset;
  }

  position(): Position {
    return { dev: this.dev, ino: this.ino, offset: this.offset, fingerprint: fingerprintOf(this.head) };
  }

  /** Moves to a position in this file, as far as it is that long. */
  startAt(offset: number): void {
    this.growing = undefined;
    this.offset = Math.min(offset, this.size);
    this.searched = this.offset;
  }

  /** Moves to where following begins, always a line's start. */
  async begin(from: From): Promise<void> {
    if (from === 'start') this.startAt(0);
    else if (from === 'end') this.startAt(await this.lastLineStart());
    else this.startAt(from <= 0 ? 0 : await this.nextLineStart(Math.min(from, this.size)));
  }

  async look(): Promise<'same' | 'replaced'> {
    const stats = await this.file.stat({ bigint: true });
    const head = await this.bytes(0, HEAD);
    // Both are from different moments; a head that isn't full tells the size by itself.
    const size = head.length < HEAD ? head.length : Number(stats.size);
    const common = Math.min(head.length, this.head.length);
    if (!head.subarray(0, common).equals(this.head.subarray(0, common))) return 'replaced';
    if (size < this.offset || head.length < this.head.length) {
      // Cut back to some of its lines, or emptied and begun anew, perhaps with a fragment that began it before.
      if (!hasLine(head)) return 'replaced';
      this.size = size;
      this.startAt(this.offset);
    }
    if (size < this.searched) this.startAt(this.offset);
    this.head = head;
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
    if (!this.unread) return 'nothing';
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
    const before = this.offset;
    if ((await this.look()) === 'replaced') return 'replaced';
    // The look may have found the file shrunk and gone back.
    if (this.offset !== before || this.size < offset) {
      this.growing = undefined;
      return 'nothing';
    }
    this.offset = offset;
    this.searched = searched;
    return reading;
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
