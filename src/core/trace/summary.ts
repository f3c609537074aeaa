/** What a message is found by and diagnosed from: less than its trace, and told without building that. */
import { clientOf, senderOf } from './build.js';
import type { Trace, TraceRecipient } from './trace.js';
import type { View } from './view.js';

export interface Summary
  extends Pick<Trace, 'host' | 'sender' | 'state' | 'complete' | 'parent' | 'queueIds' | 'children'> {
  /** Microseconds. */
  readonly first: number;
  readonly last: number;
  /** Whether anything may still happen to it. */
  readonly open: boolean;
  /** A question of when one looks, so it is not told here. */
  readonly stuck: false;
  readonly client: { readonly address: string | null; readonly name: string | null } | null;
  readonly recipients: readonly Pick<TraceRecipient, 'address' | 'originalTo' | 'state'>[];
  /** amavis' verdicts. */
  readonly filter: readonly {
    readonly verdict: string;
    readonly quarantine: string | null;
    readonly durationMs: number | null;
  }[];
}

export function summaryOf(view: View): Summary {
  const { case: which, facts, chain, host, first, last, state, open, complete, recipients } = view;
  const verdicts = [...facts.runs.values()].flatMap((run) => run.verdicts);
  return {
    host,
    first,
    last,
    state,
    open,
    complete,
    stuck: false,
    parent: which.parent === null ? null : { ...which.parent, queueId: which.parent.id },
    queueIds: chain.order,
    children: which.children,
    sender: senderOf(view),
    client: clientOf(view),
    recipients,
    filter: verdicts.map(({ verdict, quarantine, durationMs }) => ({
      verdict,
      quarantine: quarantine ?? null,
      durationMs: durationMs ?? null,
    })),
  };
}
