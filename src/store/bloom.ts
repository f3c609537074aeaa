/**
 * Which keys may have been put away: a set that never says no wrongly, in memory that does not grow with the log.
 * It doubles a few times and then only answers "perhaps" more often, which costs a look into the store.
 */
const FIRST_BITS = 1 << 20;
const LAST_BITS = 1 << 27;
/** Of a set that is stored, and of a layer that grows: each layer says "perhaps" by itself. */
const BITS_PER_KEY = 12;
const BITS_IN_LAYER = 24;
/** Bits set for one key. */
const PROBES = 4;

export class Bloom {
  readonly #layers: BloomLayer[] = [new BloomLayer(FIRST_BITS)];
  #top = this.#layers[0] as BloomLayer;

  add(hash: number): void {
    if (this.#top.isFull && this.#top.bits < LAST_BITS) {
      this.#top = new BloomLayer(this.#top.bits * 4);
      this.#layers.push(this.#top);
    }
    this.#top.add(hash);
  }

  mayHave(hash: number): boolean {
    for (const layer of this.#layers) if (layer.mayHave(hash)) return true;
    return false;
  }
}

/** Such a set of one size. */
export class BloomLayer {
  readonly bits: number;
  readonly #words: Uint32Array;
  #count = 0;

  /** `bits` is a power of two, from 32; `words` what another one held. */
  constructor(bits: number, words = new Uint32Array(bits / 32)) {
    this.bits = bits;
    this.#words = words;
  }

  /** An empty one for so many keys. */
  static for(keys: number): BloomLayer {
    return new BloomLayer(2 ** Math.ceil(Math.log2(Math.max(keys * BITS_PER_KEY, 32))));
  }

  /** One that was stored. */
  static from(bytes: Buffer): BloomLayer {
    return new BloomLayer(bytes.length * 8, new Uint32Array(Uint8Array.from(bytes).buffer));
  }

  get bytes(): Buffer {
    return Buffer.from(this.#words.buffer, this.#words.byteOffset, this.#words.byteLength);
  }

  get isFull(): boolean {
    return this.#count * BITS_IN_LAYER > this.bits;
  }

  add(hash: number): void {
    this.#count++;
    const step = stepOf(hash);
    let bit = hash >>> 0;
    for (let i = 0; i < PROBES; i++) {
      const word = (bit & (this.bits - 1)) >>> 5;
      this.#words[word] = (this.#words[word] ?? 0) | (1 << (bit & 31));
      bit = (bit + step) | 0;
    }
  }

  mayHave(hash: number): boolean {
    const step = stepOf(hash);
    let bit = hash >>> 0;
    for (let i = 0; i < PROBES; i++) {
      if (((this.#words[(bit & (this.bits - 1)) >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
      bit = (bit + step) | 0;
    }
    return true;
  }
}

/** How far apart a key's bits are. */
function stepOf(hash: number): number {
  return Math.imul(Math.floor(hash / 0x1_0000_0000) + 0x9e37, 0x85ebca6b) | 1;
}
