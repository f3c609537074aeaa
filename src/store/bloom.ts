/**
 * Which keys may have been put away: a set that never says no wrongly, in memory that does not grow with the log.
 * It doubles a few times and then only answers "perhaps" more often, which costs a look into the store.
 */
const FIRST_BITS = 1 << 20;
const LAST_BITS = 1 << 27;
const BITS_PER_KEY = 12;

export class Bloom {
  readonly #layers: { readonly bits: Uint32Array; readonly mask: number; count: number }[] = [
    layer(FIRST_BITS),
  ];

  add(hash: number): void {
    let top = this.#layers.at(-1) ?? layer(FIRST_BITS);
    if (top.count * BITS_PER_KEY > top.mask && top.mask + 1 < LAST_BITS) {
      top = layer((top.mask + 1) * 4);
      this.#layers.push(top);
    }
    top.count++;
    for (const bit of probes(hash, top.mask)) {
      const word = bit >>> 5;
      top.bits[word] = (top.bits[word] ?? 0) | (1 << (bit & 31));
    }
  }

  mayHave(hash: number): boolean {
    return this.#layers.some(({ bits, mask }) =>
      probes(hash, mask).every((bit) => ((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0),
    );
  }
}

function layer(bits: number): { bits: Uint32Array; mask: number; count: number } {
  return { bits: new Uint32Array(bits / 32), mask: bits - 1, count: 0 };
}

/** Four bit positions from one hash. */
function probes(hash: number, mask: number): [number, number, number, number] {
  const low = hash >>> 0;
  const high = Math.imul(Math.floor(hash / 0x1_0000_0000) + 0x9e37, 0x85ebca6b) | 1;
  return [
    low & mask,
    (low + high) & mask,
    (low + Math.imul(high, 2)) & mask,
    (low + Math.imul(high, 3)) & mask,
  ];
}
