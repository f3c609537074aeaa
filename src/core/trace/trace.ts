/**
 * A trace: one message, end to end, as `trace --json` prints it (a contract: fields may be added, none renamed).
 * Times are ISO 8601 in UTC with the precision the log has; null is "the log does not say".
 */

export type RecipientState =
  | 'delivered'
  | 'relayed'
  | 'blocked'
  | 'deferred'
  | 'bounced'
  | 'expired'
  | 'rejected'
  | 'held'
  | 'deleted'
  | 'filtering'
  | 'queued';

export type TraceState = RecipientState | 'partial';

export type Stage = 'receive' | 'queue' | 'filter' | 'reinject' | 'deliver';
export type Outcome = 'ok' | 'deferred' | 'failed' | 'blocked' | 'pending';
export type ChildKind = 'bounce' | 'delay-notice' | 'notification' | 'release';
export type Severity = 'error' | 'warning' | 'info';

export interface TraceClient {
  readonly name: string | null;
  readonly address: string | null;
  readonly port: number | null;
  readonly helo: string | null;
  readonly saslUsername: string | null;
}

/** One run of amavis over the message. */
export interface FilterRun {
  readonly amavisId: string;
  readonly mailId: string | null;
  readonly action: 'Passed' | 'Blocked' | null;
  readonly verdict: string | null;
  readonly detail: string | null;
  readonly actions: readonly string[];
  readonly hits: number | null;
  readonly tests: readonly string[];
  readonly quarantine: string | null;
  readonly queueId: string | null;
  readonly queuedAs: readonly string[];
  readonly recipients: readonly string[];
  readonly durationMs: number | null;
  readonly time: string;
}

export interface Hop {
  readonly stage: Stage;
  /** smtpd, pickup, qmgr, lmtp, local … or null where the head lost it. */
  readonly service: string | null;
  readonly port: number | null;
  readonly queueId: string | null;
  readonly amavisId: string | null;
  readonly from: string;
  readonly to: string | null;
  readonly outcome: Outcome;
  readonly relay: string | null;
  readonly detail: string | null;
  /** How many status lines this hop stands for. */
  readonly attempts: number;
  /** Time spent as Postfix' delays= or amavis tell it, finer than the log's stamps may be; of the longest attempt. */
  readonly durationMs: number | null;
  /** Postfix' delays= (seconds) of that attempt, where the hop is one of Postfix' deliveries. */
  readonly delays: readonly number[] | null;
}

export interface TraceRecipient {
  readonly address: string;
  readonly originalTo: string | null;
  /** null when its line is missing though the message is gone. */
  readonly state: RecipientState | null;
  readonly queueId: string | null;
  readonly relay: string | null;
  readonly dsn: string | null;
  readonly status: string | null;
  readonly response: string | null;
  readonly delays: readonly number[] | null;
  readonly attempts: number;
  readonly time: string | null;
}

export interface Link {
  readonly from: string;
  readonly to: string;
  readonly via: readonly string[];
  readonly confidence: 'certain' | 'likely';
}

export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  /** The hop it happened at, and the queue id that its lines name. */
  readonly stage?: Stage;
  readonly queueId?: string | null;
  readonly resolved: boolean;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly summary: string;
  readonly cause: string;
  readonly fix: string;
  readonly reference: string;
  /** Codes that would stand here too, had they not the same cause. */
  readonly explains?: readonly string[];
  readonly evidence: readonly string[];
}

export interface Trace {
  readonly id: string;
  readonly host: string;
  readonly messageId: string | null;
  readonly sender: string | null;
  readonly size: number | null;
  readonly client: TraceClient | null;
  /** smtpd, pickup, amavis (injected at the filter), bounce, forward …: where the message came from. */
  readonly origin: string | null;
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** null when the log does not say what became of it. */
  readonly state: TraceState | null;
  /** Whether both ends of the path were seen. */
  readonly complete: boolean;
  readonly stuck: boolean;
  readonly stuckSince: string | null;
  readonly queueIds: readonly string[];
  readonly filter: readonly FilterRun[];
  readonly hops: readonly Hop[];
  readonly recipients: readonly TraceRecipient[];
  readonly links: readonly Link[];
  /** `id` is the parent's mail_id or queue id where its trace is not known. */
  readonly parent: {
    readonly id: string;
    readonly queueId: string | null;
    readonly kind: ChildKind;
  } | null;
  readonly children: readonly { readonly queueId: string; readonly kind: ChildKind }[];
  readonly problems: readonly Problem[];
}
