/** What people and rules did to the message in the queue. */
import type { Event } from '../../event.js';
import { filterDestination } from '../../filter-action.js';
import { replyOf } from '../../response.js';
import type { EventOf, Story } from '../story.js';
import type { Condition, Finding } from './condition.js';

export const held: Condition = (story): Finding | undefined => {
  if (!story.has('postsuper') && !hasAction(story)) return undefined;
  const events: Event[] = [
    ...story.of('postsuper').filter(({ action }) => action === 'hold'),
    ...[...story.of('smtpd.action'), ...story.of('cleanup.action')].filter(
      ({ action }) => action === 'hold' || action === 'milter-hold',
    ),
  ];
  if (events.length === 0) return undefined;
  return { events, resolved: !story.hasState('held') };
};

function hasAction(story: Story): boolean {
  return story.has('smtpd.action') || story.has('cleanup.action');
}

export const deleted: Condition = (story): Finding | undefined => {
  if (!story.hasState('deleted')) return undefined;
  const removed = story.of('removed');
  const byHand = removed.filter(({ at }) => at.daemon === 'postsuper');
  // Where heads lost the daemon; the queue manager logs the same of what a rule threw away.
  const isByRule = hasDiscard(story) || thrownAway(story) !== undefined;
  const events = byHand.length > 0 || isByRule ? byHand : removed.filter(isUnnamed).slice(-1);
  return events.length === 0 ? undefined : { events };
};

function isUnnamed({ at }: Event): boolean {
  return at.daemon === '';
}

function hasDiscard(story: Story): boolean {
  return [...story.of('smtpd.action'), ...story.of('cleanup.action')].some(
    ({ action }) => action === 'discard' || action === 'milter-discard',
  );
}

/** discard(8) is the only agent that logs `sent` without a relay. */
export const thrownAway: Condition = (story): Finding | undefined => {
  const events = story.of('delivery').filter(({ status, relay }) => status === 'sent' && relay === 'none');
  return events.length === 0 ? undefined : { events };
};

const DESTINATION = /triggers FILTER (?<destination>(?:[\w.+-]+:)?(?<endpoint>[^\s;]+))/;

function isTried(event: Event, { feeds }: Story): boolean {
  return feeds.some((feed) => {
    const filter = filterDestination(event, feed.queueId, undefined);
    return filter !== undefined && replyOf(feed).endpoint?.port === filter.port;
  });
}

/** Whether it got to the filter: what went wrong then is not the route's doing. */
function isAnswered(feed: EventOf<'delivery'>): boolean {
  const { amavisId, fromMta } = replyOf(feed);
  return feed.status === 'sent' || amavisId !== undefined || fromMta !== undefined;
}

/** A FILTER action is how many sites route their mail: it is worth a word only where it may have led to nothing. */
export const filterAction: Condition = (story): Finding | undefined => {
  if (!hasAction(story)) return undefined;
  const events = [...story.of('smtpd.action'), ...story.of('cleanup.action')].filter(
    ({ action }) => action === 'filter',
  );
  if (events.length === 0) return undefined;
  if (story.feeds.length > 0 ? story.feeds.every(isAnswered) : !story.trace.stuck) return undefined;
  // Of several the last that smtpd found counts, which times of whole seconds don't tell.
  const last = events.findLast((event) => isTried(event, story)) ?? events.at(-1);
  if (last === undefined) return undefined;
  return { events, values: { ...DESTINATION.exec(last.at.message)?.groups } };
};
