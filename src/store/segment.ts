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

export function packLines(lines: readonly StoredLine[]): string {
  let times = '';
  let text = '';
  let before = 0;
  for (const { time, raw } of lines) {
    times += `${times === '' ? '' : ' '}${(time - before).toString(36)}`;
    text += `\n${raw}`;
    before = time;
  }
  return times + text;
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
  #buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;
  #block: number;
  readonly #full: { readonly id: number; readonly data: Uint8Array }[] = [];

  constructor(firstBlock: number) {
    this.#block = firstBlock;
  }

  add(segment: string): Place {
    const most = segment.length * 3;
    if (this.#used > 0 && this.#used + most > this.#buffer.length) this.#close();
    if (most > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(most);
    const start = this.#used;
    const length = this.#buffer.write(segment, start);
    this.#used += length;
    return { block: this.#block, start, length };
  }

  /** The blocks to store; the one that is being filled only when `all`. Each is handed out once. */
  take(all: boolean): { readonly id: number; readonly data: Uint8Array }[] {
    if (all && this.#used > 0) this.#close();
    return this.#full.splice(0);
  }

  #close(): void {
    this.#full.push({ id: this.#block, data: this.#buffer.subarray(0, this.#used) });
    this.#block++;
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
