import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the heap near what is in use: it grows by so much (percent) before V8 looks what is still needed, where by
 * itself it would let it grow to a multiple, and the log's text makes it grow fast. The less, the more often it looks.
 */
export function keepHeapSmall(growth: number): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`);
}
