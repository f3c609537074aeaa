import type { FileHandle } from 'node:fs/promises';
import { type Chunk, type Input, openInput, readHead } from '../read/input.js';
import type { Position } from './checkpoint.js';
import { fingerprintOf, HEAD } from './fingerprint.js';
import type { Generation, Reading } from './generation.js';
import { bornOf } from './log-files.js';

/** A rotated generation that has been packed. It can't grow; its positions are those of the unpacked text. */
export class PackedGeneration implements Generation {
  readonly dev: string;
  readonly ino: string;
  readonly head: Buffer;
  readonly mtime: number;
  readonly left: number;
  private offset: number;
  private readonly born: string | undefined;
  private readonly path: string;
  private readonly file: FileHandle;
  private readonly onDamage: (message: string) => void;
  /** Unpacking begins with the first reading: many may be waiting. */
  private input: { readonly text: Input; readonly chunks: AsyncIterator<Chunk> } | undefined;

  private constructor(
    identity: Pick<PackedGeneration, 'dev' | 'ino' | 'mtime' | 'head' | 'left'> & {
      readonly born: string | undefined;
    },
    file: { readonly path: string; readonly handle: FileHandle },
    offset: number,
    onDamage: (message: string) => void,
  ) {
    this.dev = identity.dev;
    this.ino = identity.ino;
    this.born = identity.born;
    this.mtime = identity.mtime;
    this.head = identity.head;
    this.left = identity.left;
    this.path = file.path;
    this.file = file.handle;
    this.offset = offset;
    this.onDamage = onDamage;
  }

  /** Takes an open file, closed with it; `path` names it in messages. */
  static async of(
    handle: FileHandle,
    path: string,
    offset: number,
    onDamage: (message: string) => void,
  ): Promise<PackedGeneration> {
    try {
      const stats = await handle.stat({ bigint: true });
      const head = await readHead(path, HEAD, handle);
      const mtime = Number(stats.mtimeNs) / 1e6;
      const identity = {
        dev: String(stats.dev),
        ino: String(stats.ino),
        born: bornOf(stats),
        mtime,
        head,
        left: Number(stats.size),
      };
      return new PackedGeneration(identity, { path, handle }, offset, onDamage);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  position(): Position {
    return {
      dev: this.dev,
      ino: this.ino,
      ...(this.born === undefined ? {} : { born: this.born }),
      offset: this.offset,
      fingerprint: fingerprintOf(this.head),
    };
  }

  async look(): Promise<'same'> {
    return 'same';
  }

  async read(): Promise<Reading> {
    this.input ??= await this.unpack();
    const { text, chunks } = this.input;
    const cutBefore = text.cutLines;
    const next = await chunks.next();
    if (next.done) {
      for (const warning of text.warnings) this.onDamage(warning);
      return 'finished';
    }
    this.offset += next.value.bytes;
    return { lines: next.value.text.replace(/\n$/, '').split('\n'), cut: text.cutLines - cutBefore };
  }

  async readRest(): Promise<Reading> {
    return 'finished';
  }

  async close(): Promise<void> {
    await this.input?.chunks.return?.();
    await this.file.close();
  }

  private async unpack(): Promise<{ text: Input; chunks: AsyncIterator<Chunk> }> {
    const text = await openInput(this.path, { from: this.offset, file: this.file });
    return { text, chunks: text[Symbol.asyncIterator]() };
  }
}
