/**
 * What the joiner holds of messages that are still open: queue ids' lives, amavis' runs, and the case (one message)
 * that both belong to.
 */
import type { Event } from '../event.js';
import type { ChildKind, Link } from '../trace/trace.js';

/** One life of a queue id: the same short id comes again for another message. */
export interface Life {
  readonly queueId: string;
  host: string;
  /** The Postfix instance; null until a line of its queue manager or cleanup tells. */
  instance: string | null;
  /** First and last time that a line of its own, or a mention, gives (microseconds). */
  first: number;
  last: number;
  /** When `client=` or `uid=` began it, by which process, logging under which name. */
  starter: number | null;
  starterPid: number;
  starterName: string;
  /** The smtpd process that received it. */
  smtpd: number;
  /** Received from this machine or a private network, where a filter may be. */
  nearby: boolean;
  sender: string | null;
  messageId: string | null;
  /** What further Message-ID headers said: spam has several. */
  otherMessageIds: readonly string[];
  /** The cleanup process. */
  cleanup: number;
  /** The queue manager's process. */
  qmgr: number;
  /** When it was removed, refused or requeued; null while it may go on. */
  end: number | null;
  /** Whether any line of its own was seen; false while other lines only mention it. */
  seen: boolean;
  /** Mentioned by another MTA's reply: it may never be seen here, and is part of the message only once it is. */
  weak: boolean;
  case: Case;
}

/** One message's way through amavis. */
export interface Run {
  readonly amavisId: string;
  host: string;
  first: number;
  last: number;
  mailId: string | null;
  seen: boolean;
  case: Case;
}

/** A message in the making: everything that the evidence puts together. */
export interface Case {
  readonly host: string;
  readonly events: Event[];
  readonly lives: Life[];
  readonly runs: Run[];
  /** Keys of the nodes without an id (a refusal before there was a queue id). */
  readonly anonymous: string[];
  parent: ParentRef | null;
  readonly children: ChildRef[];
  /** Joins that no id proves, only likelihood. */
  likely: Link[];
  /** Where the store keeps it; more than one after two stored ones turned out to be one message. */
  readonly refs: number[];
  /** The host's clock when it was last touched (microseconds). */
  touched: number;
  /** Whether it differs from what the store has. */
  dirty: boolean;
  /** Whether a line of it leaves a question that only likelihood can answer, and whether that is to be asked. */
  asks: boolean;
  unsettled: boolean;
  /** Its neighbours among the open cases. */
  older: Case | null;
  newer: Case | null;
  /** What it was merged into. */
  mergedInto: Case | null;
  /** Identities of the events, kept only once there are many. */
  seen: Set<string> | null;
  /** Events whose lines were put together from pieces: a run may have many lines, and each may be a piece of these. */
  readonly whole: Event[];
}

export interface ParentRef {
  /** The parent's queue id, or amavis' mail_id where a notice only names that. */
  readonly id: string;
  readonly kind: ChildKind;
}

export interface ChildRef {
  readonly queueId: string;
  readonly kind: ChildKind;
}

/** The case that a case has become part of. */
export function current(which: Case): Case {
  let found = which;
  while (found.mergedInto !== null) found = found.mergedInto;
  return found;
}
