/** What truly happened, in the form of the samples' expected.json. */
import type { RecipientState } from '../../src/core/trace/trace.js';

/** One message that was sent. None of this is read off the log. */
export interface ExpectedMessage {
  /** Its first queue id, as the SMTP reply named it; null when there was none. */
  readonly queue_id: string | null;
  readonly token: string;
  readonly message_id: string | null;
  readonly sender: string;
  /** Every queue id in the Received headers of delivered, quarantined, returned and queued copies. */
  readonly queue_ids: readonly string[];
  /** Every amavis mail_id in the same headers, and of its quarantine files. */
  readonly mail_ids: readonly string[];
  readonly recipients: Readonly<Record<string, RecipientState>>;
  /** How many bounces and notices about it were delivered. */
  readonly children: number;
  /** The queue ids in the Received headers of those. */
  readonly child_queue_ids: readonly string[];
  /** What the filter found, by mail_id, where a quarantine file tells. */
  readonly verdicts: Readonly<Record<string, string>>;
  /** The problem codes that it must carry; none at all when empty; null: not laid down. */
  readonly problems: readonly string[] | null;
}

export interface Expected {
  readonly scenario: string;
  readonly note: string;
  readonly messages: readonly ExpectedMessage[];
}
