import type { Trace } from '../core/trace/trace.js';
import type { Targets } from './targets.js';

/** By what a message is found in the log. */
export interface MessageIds {
  readonly messageId: string;
  readonly queueId: string | null;
  readonly amavisId: string | null;
}

/**
 * Follows the mail log. It is opened before a message is sent, so that none of its lines is missed, and asked for the
 * message once the ids are known.
 */
export interface LogWatch {
  /** The message's trace, again each time that it changes; ends when the signal fires or there is no more to come. */
  readonly find: (ids: MessageIds, signal: AbortSignal) => AsyncIterable<Trace>;
  readonly close: () => Promise<void>;
}

/** Opens the mail log at its end. null: there is none that can be read. */
export type OpenLog = (targets: Targets) => Promise<LogWatch | null>;
