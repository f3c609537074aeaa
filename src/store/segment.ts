/**
 * A trace's lines as one piece of text: a first line with their times (microseconds in base 36: the first one, then
 * what each adds), then the lines. Segments of many traces fill a block, which is stored compressed.
 */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

export interface StoredLine {
  /** Microseconds. */
  readonly time: number;
  readonly raw: string;
}

export const BLOCK_BYTES = 256 * 1024;
/** UTF-8 for one UTF-16 unit. */
const MOST_BYTES = 3;

/** The first line of a segment. */
function timesOf(lines: readonly StoredLine[]): string {
  let times = '';
  let before = 0;
  for (const { time } of lines) {
    const since = time === before ? '0' : (time - before).toString(36);
    times += times === '' ? since : ` ${since}`;
    before = time;
  }
  return times;
}

export function unpackLines(segment: string): StoredLine[] {
  const [times = '', ...lines] = segment.split('\n');
  let time = 0;
  return times.split(' ').map((text, index) => {
    time += Number.parseInt(text, 36);
    return { time, raw: lines[index] ?? '' };
  });
}

/** Where a segment stands: offsets in the bytes of a block. */
export interface Place {
  readonly block: number;
  readonly start: number;
  readonly length: number;
}

/** A block as it is stored. */
export interface Block {
  readonly id: number;
  /** Compressed. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Bytes before compression. */
  readonly length: number;
}

/** Collects segments into blocks of about 256 kB. */
export class BlockBuilder {
  readonly #first: number;
  readonly #full: (Uint8Array | Pick<Block, 'data' | 'length'>)[] = [];
  /** The block that segments go into now: its number's place, and how far it is filled. */
  #open: { readonly at: number; readonly data: Buffer; used: number } | undefined;

  constructor(firstBlock: number) {
    this.#first = firstBlock;
  }

  /** The number of the first block that this builder doesn't have. */
  get next(): number {
    return this.#first + this.#full.length;
  }

  /** Whether it has a whole block. */
  get isFull(): boolean {
    return this.#full.length > (this.#open === undefined ? 0 : 1);
  }

  add(lines: readonly StoredLine[]): Place {
    const parts = [timesOf(lines)];
    for (const { raw } of lines) parts.push(raw);
    const text = parts.join('\n');
    const most = text.length * MOST_BYTES;
    const open = this.#roomFor(most);
    const start = open.used;
    const length = open.data.write(text, start);
    open.used += length;
    return { block: this.#first + open.at, start, length };
  }

  /** Takes a block that was filled elsewhere: its number here. */
  adopt(block: Pick<Block, 'data' | 'length'>): number {
    return this.#first + this.#full.push(block) - 1;
  }

  /** The segment at a place that `add` gave, or in a block that was adopted. */
  read({ block, start, length }: Place): string {
    const found = this.#full[block - this.#first] ?? new Uint8Array();
    return textAt('data' in found ? decompressBlock(found.data) : found, start, length);
  }

  all(): Block[] {
    return this.#full.map((block, at) => {
      const id = this.#first + at;
      if ('data' in block) return { ...block, id };
      const plain = at === this.#open?.at ? block.subarray(0, this.#open.used) : block;
      return { id, data: compressBlock(plain), length: plain.length };
    });
  }

  #roomFor(bytes: number): { readonly at: number; readonly data: Buffer; used: number } {
    if (this.#open !== undefined) {
      const { at, data, used } = this.#open;
      if (used + bytes <= data.length) return this.#open;
      this.#full[at] = data.subarray(0, used);
    }
    const data = Buffer.allocUnsafeSlow(Math.max(bytes, BLOCK_BYTES));
    this.#open = { at: this.#full.push(data) - 1, data, used: 0 };
    return this.#open;
  }
}

/** What stands in a block at a place. */
export function textAt(
  { buffer, byteOffset, byteLength }: Uint8Array,
  start: number,
  length: number,
): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8', start, start + length);
}

function compressBlock(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const compressed = brotliCompressSync(data, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 1,
      [constants.BROTLI_PARAM_LGWIN]: 18,
      [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
    },
  });
  // A copy has its memory for itself, and can be given to another thread.
  return new Uint8Array(compressed);
}

export function decompressBlock(data: Uint8Array): Buffer {
  return brotliDecompressSync(data);
}
