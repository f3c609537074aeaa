/** A piece of a log, sorted: ordinary messages ready for the store, and the lines that are left to the joiner. */
import type { Counts } from '../core/event-reader.js';
import type { Block } from '../store/segment.js';
import type { Shown } from './diagnosis.js';

/**
 * Plain data, so that it can cross from the sorting thread; few and large parts, since each costs. What stands in lines
 * is one line a message, in the same order everywhere.
 */
export interface Sorted {
  /** Lines: what the messages' rows say, as JSON. */
  readonly rows: string;
  /** Lines: amavis id, mail_id (or nothing) and queue ids, with blanks between; empty where it was refused. */
  readonly ids: string;
  /**
   * Of each message which of the blocks has its lines, its first time (microseconds), and how many `keys` and `others`
   * it has.
   */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Hashes of the messages' keys, one message's after the other's. */
  readonly keys: Float64Array<ArrayBuffer>;
  /** Likewise of the keys under which others may have named its ids. */
  readonly others: Float64Array<ArrayBuffer>;
  /** Blocks of the messages' lines. */
  readonly blocks: readonly Block[];
  /** Lines for the joiner, and the time of each (microseconds). */
  readonly lines: string;
  readonly times: Float64Array<ArrayBuffer>;
  /** Lines that no pattern knows. */
  readonly unrecognized: readonly string[];
  readonly seen: Seen;
  readonly shown: Shown;
  /** Filters learnt. */
  readonly endpoints: readonly string[];
  /** Of the lines that do not go to the joiner. */
  readonly counts: Counts;
}

/** Numbers of a message in `numbers`. */
export const NUMBERS = 4;

/** What the joiner learns from every line. */
interface Seen {
  /** The newest time of each host's lines (microseconds). */
  readonly clocks: readonly (readonly [host: string, time: number])[];
  /** Names under which a queue manager or cleanup has logged. */
  readonly instances: readonly (readonly [host: string, instance: string])[];
}
