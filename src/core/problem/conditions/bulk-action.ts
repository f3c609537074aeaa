/** Messages that postsuper may have deleted or put on hold with all others, without a word of each. */
import { isoTime } from '../../clock.js';
import type { Event } from '../../event.js';
import { INSTANCE_DAEMONS } from '../../join/lives.js';
import type { RecipientState } from '../../trace/trace.js';
import type { Bulk, BulkAction } from '../bulk-actions.js';
import type { Story } from '../story.js';
import type { Condition, Finding } from './condition.js';

const OPEN: readonly RecipientState[] = ['deferred', 'held', 'filtering', 'queued'];

export const maybeDeleted: Condition = (story) => findingOf(story, 'delete');

/** Unless its own line says that it is on hold. */
export const maybeHeld: Condition = (story) =>
  story.hasState('held') ? undefined : findingOf(story, 'hold');

function findingOf(story: Story, wanted: Bulk): Finding | undefined {
  const bulk = story.context.incidents?.bulk;
  if (bulk === undefined || bulk.passes.length === 0 || !OPEN.some((state) => story.hasState(state)))
    return undefined;
  for (const { events } of story.lives.values()) {
    if (events.some(isEnd)) continue;
    const last = events.at(-1);
    const own = events.find(({ at }) => INSTANCE_DAEMONS.has(at.daemon) || at.daemon === '');
    if (last === undefined || own === undefined) continue;
    const found = bulk.after(own.at.host, own.at.instance, last.at.time);
    if (found?.action !== wanted) continue;
    return { events: [last], system: [found.line], resolved: false, values: valuesOf(found) };
  }
  return undefined;
}

function valuesOf({ time, count }: BulkAction): Readonly<Record<string, string>> {
  return { when: isoTime(time), count: count === 1 ? '1 message' : `${count} messages` };
}

/** After which the id is not in the queue, or under another one. */
function isEnd(event: Event): boolean {
  return (
    event.kind === 'removed' ||
    event.kind === 'cleanup.aborted' ||
    (event.kind === 'postsuper' && event.action === 'requeue')
  );
}
