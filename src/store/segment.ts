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
const NEWLINE = 0x0a;
/** UTF-8 for one UTF-16 unit. */
const MOST_BYTES = 3;

/** The first line of a segment. */
function timesOf(lines: readonly StoredLine[]): string {
  let times = '';
  let before = 0;
  for (const { time } of lines) {
    times += `${times === '' ? '' : ' '}${(time - before).toString(36)}`;
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

/** Collects segments into blocks of about 256 kB. */
export class BlockBuilder {
  readonly #first: number;
  readonly #full: Buffer[] = [];
  #buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;

  constructor(firstBlock: number) {
    this.#first = firstBlock;
  }

  /** The number of the first block that this builder doesn't have. */
  get next(): number {
    return this.#first + this.#full.length + (this.#used > 0 ? 1 : 0);
  }

  /** Whether it has a whole block. */
  get isFull(): boolean {
    return this.#full.length > 0;
  }

  add(lines: readonly StoredLine[]): Place {
    const times = timesOf(lines);
    let most = times.length;
    for (const { raw } of lines) most += 1 + raw.length * MOST_BYTES;
    if (this.#used > 0 && this.#used + most > this.#buffer.length) this.#close();
    if (most > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(most);
    const start = this.#used;
    let end = start + this.#buffer.write(times, start);
    for (const { raw } of lines) {
      this.#buffer[end++] = NEWLINE;
      end += this.#buffer.write(raw, end);
    }
    this.#used = end;
    return { block: this.#first + this.#full.length, start, length: end - start };
  }

  /** The segment at a place that `add` gave. */
  read({ block, start, length }: Place): string {
    return (this.#full[block - this.#first] ?? this.#buffer).toString('utf8', start, start + length);
  }

  all(): { readonly id: number; readonly data: Uint8Array }[] {
    const blocks = this.#used > 0 ? [...this.#full, this.#buffer.subarray(0, this.#used)] : this.#full;
    return blocks.map((data, index) => ({ id: this.#first + index, data }));
  }

  #close(): void {
    this.#full.push(this.#buffer.subarray(0, this.#used));
    this.#buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#used = 0;
  }
}

export function compressBlock(data: Uint8Array): Buffer {
  return brotliCompressSync(data, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 1,
      [constants.BROTLI_PARAM_LGWIN]: 18,
      [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
    },
  });
}

export function decompressBlock(data: Uint8Array): Buffer {
  return brotliDecompressSync(data);
}
