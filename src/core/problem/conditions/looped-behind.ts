import type { Condition, Finding } from './condition.js';

const LOOPS = /^mail for (?<destination>\S{1,255}) loops back to myself/;

/** Behind the filter it is not content_filter that leads back to Postfix, but where the recipient's mail must go. */
export const loopedBehind: Condition = (story): Finding | undefined => {
  const events = story
    .of('delivery')
    .filter(
      ({ status, response, queueId }) => status !== 'sent' && LOOPS.test(response) && story.cameBack(queueId),
    );
  const destination = LOOPS.exec(events[0]?.response ?? '')?.groups?.['destination'];
  return destination === undefined ? undefined : { events, values: { destination } };
};
