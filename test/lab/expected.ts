/** What truly happened, in the form of the samples' expected.json. */
import { readFileSync } from 'node:fs';
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
  /** The queue ids in the Received headers of those; null: not laid down. */
  readonly child_queue_ids: readonly string[] | null;
  /** What the filter found, by mail_id, where a quarantine file tells. */
  readonly verdicts: Readonly<Record<string, string>>;
  /** The codes of all its problems; null: not laid down. */
  readonly problems: readonly string[] | null;
}

export interface Expected {
  readonly scenario: string;
  readonly note: string;
  /** The queue ids of what Postfix and amavis wrote by themselves about none of the messages, to the postmaster. */
  readonly notices?: readonly string[];
  readonly messages: readonly ExpectedMessage[];
}

/** What older recordings did not lay down yet. */
type Written = Omit<ExpectedMessage, 'queue_ids' | 'child_queue_ids' | 'verdicts'> & {
  readonly queue_ids: readonly string[] | null;
  readonly child_queue_ids?: readonly string[];
  readonly verdicts?: Readonly<Record<string, string>>;
};

/** Reads an expected.json. */
export function readExpected(file: string): Expected {
  const read = JSON.parse(readFileSync(file, 'utf8')) as Expected & { readonly messages: readonly Written[] };
  return {
    ...read,
    messages: read.messages.map((message) => ({
      ...message,
      queue_ids: message.queue_ids ?? [],
      child_queue_ids: message.child_queue_ids ?? null,
      verdicts: message.verdicts ?? {},
    })),
  };
}
