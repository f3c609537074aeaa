import type { EventOf, Story } from '../story.js';
import type { Condition, Finding } from './condition.js';

const UNKNOWN_NAME =
  /(?:\bName service error for name=|\bunable to look up host )(?<name>[^\s=:]{1,255})(?: type=|:)/;
const NAMES_A_FILTER = /amavis|filter|scan/i;

/**
 * A name that DNS does not know is the filter's, not a recipient's domain: it is not the domain of the recipient, the
 * message did not come back from the filter yet, and it looks like a filter's (or is a bare host name, as containers
 * have) or belongs to a service that is named for amavis.
 */
export const filterName: Condition = (story): Finding | undefined => {
  const events: EventOf<'delivery'>[] = [];
  let name = '';
  for (const event of story.of('delivery')) {
    if (event.status === 'sent' || event.relay !== 'none') continue;
    const unknown = UNKNOWN_NAME.exec(event.response)?.groups?.['name'];
    if (unknown === undefined || !isFilterName(story, event, unknown)) continue;
    events.push(event);
    name = unknown;
  }
  return events.length === 0 ? undefined : { events, values: { name } };
};

function isFilterName(story: Story, event: EventOf<'delivery'>, name: string): boolean {
  const domain = event.recipient.slice(event.recipient.lastIndexOf('@') + 1);
  if (name.toLowerCase() === domain.toLowerCase() || story.cameBack(event.queueId)) return false;
  if (story.trace.parent !== null) return false;
  return !name.includes('.') || NAMES_A_FILTER.test(name) || NAMES_A_FILTER.test(event.at.service);
}
