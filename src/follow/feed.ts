/** What the live engine shows to whoever looks at it: the terminal UI and the line outputs. */
import type { Trace } from '../core/trace/trace.js';

export interface Change {
  /** Traces that are new or differ from what was told before, in the order of their last lines. */
  readonly changed: readonly Trace[];
  /**
   * Ids (`Trace.id`) that are no trace's any more: the message turned out to be part of another one, or its first
   * line came late and named it anew. Told together with the trace that it became.
   */
  readonly gone: readonly string[];
}

/** How busy the path is now. Rates are of the wall clock's last seconds. */
export interface Counters {
  /** Log lines a second, over the last 5 seconds. */
  readonly linesPerSecond: number;
  /** Messages first seen within the last 60 seconds. */
  readonly messagesPerMinute: number;
  /** Messages handed to the filter that it has not answered yet. */
  readonly inFilter: number;
  /** What amavis says it took (milliseconds) for its last messages, newest last; at most 1,000. */
  readonly filterTimes: readonly number[];
  /** Among the open messages that are at hand; `more` when the store has others. */
  readonly deferred: number;
  readonly stuck: number;
  readonly more: boolean;
  /** Since the start. */
  readonly lines: number;
  readonly unrecognized: number;
  /** Bytes of the logs that are still to be read while they are caught up with; 0 once they are. */
  readonly left: number;
}

export interface LiveFeed {
  /** The logs that are followed, as a user would name them (`/var/log/mail.log`, `journald`). Not made printable. */
  readonly sources: readonly string[];
  /** Where what is seen is stored; null when it is not (--no-store, or another follow does it). */
  readonly database: string | null;
  /** Why nothing is stored or what else the user should know; plain text, empty when all is well. */
  notices(): readonly string[];
  /** The newest messages (at most some thousands) and every open one that is known, oldest first by `firstSeen`. */
  traces(): readonly Trace[];
  /** A trace by its own id or any id on its path (queue id, amavis id, mail_id, message-id), also one of the store. */
  find(id: string): Trace | undefined;
  /** The log lines of a trace (by `Trace.id`), in the order of their times. Not made printable. */
  evidence(id: string): readonly string[];
  counters(): Counters;
  /**
   * Calls back after each round of lines (at most ten times a second) and when a message becomes stuck. Gives a
   * function that ends it.
   */
  subscribe(listener: (change: Change) => void): () => void;
  /** Resolves when following has ended, whether it was asked to or a log came to its end; rejects when it failed. */
  readonly ended: Promise<void>;
}
