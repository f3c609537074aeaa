/** Signs that the filter is busy or stands still. */
import type { Event } from '../../event.js';
import type { EventOf, Story } from '../story.js';
import type { Condition, Finding } from './condition.js';

/** Seconds of connection set-up (third field of delays=) that a filter with a free child never needs. */
const SLOW_CONNECT = 5;
/** A run shorter than this (milliseconds) is never called slow, however fast the others are. */
const NEVER_SLOW = 10_000;

/** Whether a delivery shows none of what is looked for here, whatever else is known. */
export function isPromptFeed({ delays }: EventOf<'delivery'>): boolean {
  return (delays?.[2] ?? 0) < SLOW_CONNECT;
}

export function isPromptRun({ durationMs }: EventOf<'amavis.verdict'>): boolean {
  return (durationMs ?? 0) < NEVER_SLOW;
}

export const slowConnect: Condition = (story): Finding | undefined => {
  const events = story.of('delivery').filter((event) => {
    const setUp = event.delays?.[2];
    if (setUp === undefined || setUp < SLOW_CONNECT || event.status !== 'sent') return false;
    return story.position(event) === 'filter';
  });
  return events.length === 0 ? undefined : { events };
};

export const filterSlow: Condition = (story): Finding | undefined => {
  const usual = story.context.surroundings?.usualFilterTime ?? null;
  if (usual === null) return undefined;
  const slow = story
    .of('amavis.verdict')
    .filter(({ durationMs }) => durationMs !== undefined && durationMs >= NEVER_SLOW && durationMs > usual);
  const longest = Math.max(...slow.map(({ durationMs }) => durationMs ?? 0));
  if (slow.length === 0) return undefined;
  return { events: slow, values: { seconds: (longest / 1000).toFixed(1), usual: (usual / 1000).toFixed(1) } };
};

/**
 * The message waits (the trace is stuck) and the filter's hop is where it was last seen: either amavis said that it
 * has it, or the queue manager took it up, no delivery was tried since, and the filter is what comes next.
 */
export const filterSilent: Condition = (story): Finding | undefined => {
  if (!story.trace.stuck) return undefined;
  if (story.hasState('filtering')) {
    const taken = story.events.filter(({ kind }) => kind === 'amavis.received' || kind === 'amavis.checking');
    const last = taken.at(-1) ?? story.events.at(-1);
    const values = { handed: 'Handed to the filter' };
    return last === undefined ? undefined : { events: [last], resolved: false, values };
  }
  if (!story.hasState('queued') || story.trace.parent !== null) return undefined;
  if (story.context.surroundings?.filtersOn(story.trace.host) !== true) return undefined;
  const waiting = waitingBeforeFilter(story);
  return waiting === undefined ? undefined : { events: [waiting], resolved: false };
};

/** The queue manager's line of a queue id that did not come back from the filter and that nothing was heard of since. */
function waitingBeforeFilter(story: Story): Event | undefined {
  for (const life of story.lives.values()) {
    // Bounces and Postfix' own notices do not pass through the filter (internal_mail_filter_classes).
    const [first] = life.events;
    if (first?.kind === 'cleanup.message-id') continue;
    const last = life.events.at(-1);
    if (last?.kind === 'qmgr.active' && !story.cameBack(life.queueId)) return last;
  }
  return undefined;
}
