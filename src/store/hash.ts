/**
 * Keys as 37-bit numbers: small in the index, and exact in a double together with a 16-bit place in a batch. Two keys
 * may meet in one number, so what is found by it is checked against the trace.
 */
export function hashKey(key: string): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
    high ^= high >>> 13;
  }
  high = Math.imul(high ^ (high >>> 16), 0xc2b2ae35);
  return (low >>> 0) + (high & 0x1f) * 0x1_0000_0000;
}
