import { type Endpoint, endpointName, replyOf } from '../../response.js';
import type { EventOf, Story } from '../story.js';
import type { Condition, Finding } from './condition.js';

/**
 * What came back from the filter is fed to the very same endpoint again. Two different endpoints in a row are two
 * passes on purpose; a message that was requeued by hand is fed anew under an id that did not come back.
 */
export const filterLoop: Condition = (story: Story): Finding | undefined => {
  if (story.feeds.length < 2) return undefined;
  const fedBy = new Map<string, { event: EventOf<'delivery'>; endpoint: Endpoint }>();
  for (const event of story.feeds) {
    const endpoint = story.filterEndpoint(event);
    const child = replyOf(event).queuedAs;
    if (endpoint !== undefined && child !== undefined) fedBy.set(child, { event, endpoint });
  }
  const rounds: EventOf<'delivery'>[] = [];
  for (const event of story.feeds) {
    const endpoint = story.filterEndpoint(event);
    const before = fedBy.get(event.queueId);
    if (endpoint === undefined || before === undefined) continue;
    if (endpointName(before.endpoint) !== endpointName(endpoint)) continue;
    if (rounds.length === 0) rounds.push(before.event);
    rounds.push(event);
  }
  return rounds.length === 0 ? undefined : { events: rounds, count: rounds.length - 1 };
};
