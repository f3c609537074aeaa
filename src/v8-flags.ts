import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the heap near what is in use: it grows by so much (percent) before V8 looks what is still needed, where by
 * itself it would let it grow to a multiple, and the log's text makes it grow fast. The less, the more often it looks.
 */
export function keepHeapSmall(growth: number): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`);
}

/**
 * Compiles less at a time: V8 puts called functions into the one that calls them, until there are so many bytes of
 * bytecode. A program that runs for seconds on all cores has no core left to compile on, and gains little by it.
 */
export function inlineLess(bytes: number): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${bytes}`);
}
