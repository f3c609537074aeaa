/** What is written in one transaction. */
import type { Block } from './segment.js';

/** What a trace's row says of it. */
export interface RowContent {
  readonly host: string;
  /** Microseconds. */
  readonly first: number;
  readonly last: number;
  readonly state: string | null;
  readonly open: 0 | 1;
  readonly complete: 0 | 1;
  /** Words between spaces. */
  readonly verdicts: string;
  readonly problems: string;
  readonly sender: string | null;
  /** Addresses and original addresses, a line each, in lower case. */
  readonly recipients: string;
  readonly client: string | null;
  readonly filterMs: number | null;
  /** JSON of what the lines don't tell: parent, children, likely links. */
  readonly extra: string | null;
  /** Where in its block the lines stand. */
  readonly start: number | null;
  readonly length: number | null;
}

export interface TraceRow extends RowContent {
  readonly id: number;
  readonly block: number | null;
}

/** A TraceRow as JSON, from the content as JSON. */
export function rowText(id: number, block: number | null, content: string): string {
  return `{"id":${id},"block":${block},${content.slice(1)}`;
}

/** A line that belongs to no message yet, or is a piece of one. */
export interface WaitingLine {
  readonly id: number;
  /** The log that it stood in. */
  readonly path: string;
  /** Microseconds. */
  readonly time: number;
  readonly raw: string;
}

/** The name under which the newest line's time is known (microseconds), of a message or not. */
export const NEWEST = 'newest';

/** What stands in the place of a path for lines about the system, which diagnosis is to learn from again. */
export const SYSTEM_LINES = '#';
/** Likewise for pieces of split lines that were read as far as they go; their rest may stand in a log yet to come. */
export const SPLIT_LINES = '...';

export interface Batch {
  /** The TraceRows, as one piece of JSON: so they come from the sorting thread, and they hold on to no log text. */
  readonly traces: string;
  /** Hashes of ids; `keyTraces` has the trace of each. */
  readonly keys: Float64Array;
  readonly keyTraces: Uint32Array;
  readonly blocks: readonly Pick<Block, 'id' | 'data'>[];
  /** Lines of traces that may go on. */
  readonly lines: readonly {
    readonly trace: number;
    readonly n: number;
    readonly time: number;
    readonly raw: string;
  }[];
  /** Traces that lines were put to and nothing else was told of, and the newest of these (microseconds). */
  readonly touched: readonly { readonly trace: number; readonly last: number }[];
  /** Traces that were stored before: their loose lines from the `from`th on are replaced. */
  readonly rewritten: readonly { readonly trace: number; readonly from: number }[];
  /** Traces that became part of another. */
  readonly gone: readonly number[];
  /** Filter endpoints learnt from the log. */
  readonly endpoints: readonly string[];
  readonly waiting: { readonly added: readonly WaitingLine[]; readonly removed: readonly number[] };
  /** Positions in followed logs: path to JSON. */
  readonly checkpoints: readonly { readonly path: string; readonly json: string }[];
  /** Codes of stored traces' problems, told anew: words between spaces. */
  readonly diagnosed: readonly { readonly trace: number; readonly problems: string }[];
  /** What is known beside the messages: name to JSON. */
  readonly knowledge: readonly { readonly name: string; readonly json: string }[];
}
