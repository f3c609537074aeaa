/** Where finished and idle cases rest, as the joiner sees it. */
import type { Event } from '../event.js';
import type { Link } from '../trace/trace.js';
import type { ChildRef, ParentRef } from './node.js';

/** A case as it was put away: its events tell the rest. */
export interface StoredCase {
  readonly ref: number;
  readonly events: readonly Event[];
  readonly parent: ParentRef | null;
  readonly children: readonly ChildRef[];
  readonly likely: readonly Link[];
}

export interface Archive {
  /**
   * The cases filed under a key (see `keys.ts`); none when a cheap look says that there can't be one. With `within`
   * (microseconds), those that had no line so close to `time` may be left out; with `most`, all beyond so many.
   */
  recall(key: string, time: number, within?: number, most?: number): readonly StoredCase[];
}

export const emptyArchive: Archive = { recall: () => [] };
