import { isLoopback } from '../../response.js';
import type { Condition, Finding } from './condition.js';

/** A message of a client elsewhere, which amavis took for one from this machine, without its queue id. */
export const xforwardOff: Condition = (story): Finding | undefined => {
  const client = story.events.find((event) => event.kind === 'smtpd.client');
  if (client === undefined || isLoopback(client.clientAddress) || story.cameBack(client.queueId))
    return undefined;
  if (!story.feeds.some(({ queueId, status }) => queueId === client.queueId && status === 'sent'))
    return undefined;
  const events = story
    .of('amavis.verdict')
    .filter(
      ({ queueId, clientAddress }) =>
        queueId === undefined && clientAddress !== undefined && isLoopback(clientAddress),
    );
  return events.length === 0 ? undefined : { events };
};
