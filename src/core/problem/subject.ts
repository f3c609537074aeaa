/** A message as diagnosis wants it, straight from what its lines say. */
import type { View } from '../trace/view.js';
import type { Subject } from './story.js';

/** `stuck` is a question of when one looks, so it is not told here. */
export function subjectOf(view: View): Subject {
  const { case: which, facts, chain, host, state, complete, recipients } = view;
  const runs = [...facts.runs.values()].flatMap(({ verdicts }) => verdicts);
  return {
    host,
    state,
    stuck: false,
    complete,
    parent: which.parent === null ? null : { ...which.parent, queueId: which.parent.id },
    queueIds: chain.order,
    children: which.children,
    recipients,
    filter: runs.map(({ quarantine, durationMs }) => ({
      quarantine: quarantine ?? null,
      durationMs: durationMs ?? null,
    })),
  };
}
