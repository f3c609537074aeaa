import type { Condition, Finding } from './condition.js';

/** So many filtered messages to a domain make it certain that its mail is meant to be filtered. */
const ENOUGH_NEIGHBOURS = 5;

/**
 * A message from a client went straight to its recipients although mail to the same domains passes the filter.
 *
 * Not concluded of bounces, notices and forwarded mail (Postfix does not filter its own), of local submission and
 * authenticated clients (sites exempt these on purpose), of what amavis or another filter hands in, nor when the log
 * does not have the whole way.
 */
export const unfiltered: Condition = (story): Finding | undefined => {
  const { trace } = story;
  const { surroundings } = story.context;
  if (surroundings === null || !trace.complete || trace.parent !== null || trace.filter.length > 0)
    return undefined;
  if (trace.queueIds.length !== 1 || !trace.recipients.every(({ state }) => isThrough(state)))
    return undefined;
  const client = story.events.find((event) => event.kind === 'smtpd.client');
  if (client === undefined || client.saslUsername !== undefined || client.origQueueId !== undefined)
    return undefined;
  if (client.at.service.includes('reinject') || surroundings.handsBack(trace.host, client)) return undefined;
  const deliveries = story.of('delivery').filter(({ status }) => status === 'sent');
  if (deliveries.length === 0 || deliveries.some((event) => story.position(event) === 'filter'))
    return undefined;
  if (story.events.some(({ kind }) => kind === 'smtpd.proxy')) return undefined;
  for (const recipient of trace.recipients) {
    const address = recipient.originalTo ?? recipient.address;
    const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
    if (surroundings.filteredTo(trace.host, domain) < ENOUGH_NEIGHBOURS) return undefined;
  }
  const address = trace.recipients[0]?.address ?? '';
  return {
    events: [client, ...deliveries],
    count: 1,
    values: { domain: address.slice(address.lastIndexOf('@') + 1) },
  };
};

function isThrough(state: string | null): boolean {
  return state === 'delivered' || state === 'relayed';
}
