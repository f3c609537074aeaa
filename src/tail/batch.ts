import type { Checkpoint } from './checkpoint.js';

/** Lines of one generation of a log, and the checkpoint to commit with them. */
export interface Batch {
  readonly path: string;
  readonly lines: readonly string[];
  /** How many of the lines were longer than 1 MiB and cut to that. */
  readonly cut: number;
  readonly checkpoint: Checkpoint;
  /** Bytes of the log that are still to be read after these lines, as far as is known. */
  readonly left: number;
}

/** Something to tell the user about a followed log; following goes on. */
export interface Notice {
  readonly path: string;
  /** `waiting`: not there yet; `unreadable`; `gap`: lines are gone that couldn't be read; `damaged`: a packed file. */
  readonly kind: 'waiting' | 'unreadable' | 'gap' | 'damaged';
  readonly message: string;
}

export type Notify = (notice: Notice) => void;
