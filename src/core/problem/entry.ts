/**
 * What an entry of `patterns/problems*.json` holds, as it stands in the file (patterns/PROBLEMS.md) and once compiled.
 */
import type { EventKind } from '../event.js';
import type { Severity, Stage } from '../trace/trace.js';
import type { Condition } from './conditions/condition.js';

/** Where on the path a delivery, or an attempt at one, went: to the filter, to another MTA, to a mailbox; `reinject`
 * is said of the endpoint that a line of amavis or of master(8) names. */
export const POSITIONS = ['filter', 'next', 'mailbox', 'reinject'] as const;
export type Position = (typeof POSITIONS)[number];

/** What shows that an incident is over: the filter took a message, amavis gave a verdict, a message came back from
 * the filter, the before-queue filter answered; or only that no more is seen of it. */
export const ENDS = ['fed', 'verdict', 'reinjected', 'proxied', 'quiet'] as const;
type End = (typeof ENDS)[number];
export type Sign = Exclude<End, 'quiet'>;

/** What overcomes a problem: the message got past that point, it was released from the quarantine, nothing. */
export const REMEDIES = ['delivery', 'release', 'never'] as const;
export type Remedy = (typeof REMEDIES)[number];

/** A compiled alternative of an entry's `match` that looks at one event. */
export interface Matcher {
  readonly definition: Definition;
  readonly kinds: readonly EventKind[];
  readonly position: Position | undefined;
  readonly fields: readonly (readonly [name: string, values: readonly string[]])[];
  readonly expressions: readonly (readonly [name: string, expression: RegExp])[];
  /** Over the whole message of the line. */
  readonly line: RegExp | undefined;
  /** Adds evidence to the problem, but is none by itself. */
  readonly supports: boolean;
  /** Only for events that no other entry knows. */
  readonly fallback: boolean;
}

/** A line, or the lines of one message, that an entry must match. */
export type Sample = string | readonly string[];

export interface Definition {
  readonly code: string;
  readonly severity: Severity;
  readonly stage: Stage;
  /** `system`: never a problem of one message, only an incident. */
  readonly scope: 'trace' | 'system';
  readonly remedy: Remedy;
  readonly ends: End | undefined;
  readonly matchers: readonly Matcher[];
  readonly conditions: readonly Condition[];
  readonly summary: string;
  readonly cause: string;
  /** One step a line. */
  readonly fix: string;
  readonly reference: string;
  readonly explains: readonly string[];
  readonly samples: readonly Sample[];
}
