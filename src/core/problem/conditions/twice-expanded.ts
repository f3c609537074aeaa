/** Recipients that were made twice: once before the filter and once behind it. */
import { addressKey } from '../../address-key.js';
import { replyOf } from '../../response.js';
import type { EventOf, Story } from '../story.js';
import type { Condition, Finding } from './condition.js';

type DeliveryEvent = EventOf<'delivery'>;

/** What local(8) says of a command, a file and what it sends on (local/command.c, file.c, forward.c). */
const ALIAS_PART = /^(?:delivered to (?:command|file): .*|forwarded as )/;

/** The done deliveries before the filter (into it) and behind it. */
function bothSides(story: Story): { fed: DeliveryEvent[]; done: DeliveryEvent[] } | undefined {
  if (story.trace.queueIds.length < 2 || story.of('delivery').length < 3) return undefined;
  const fed: DeliveryEvent[] = [];
  const done: DeliveryEvent[] = [];
  const tried = new Set<string>();
  for (const event of story.of('delivery')) {
    if (story.position(event) === 'filter') {
      if (story.cameBack(event.queueId)) continue;
      // Fed to the filter more than once: copies then have another cause.
      const key = `${event.queueId} ${event.recipient}\n${event.originalTo ?? ''}`;
      if (tried.has(key)) return undefined;
      tried.add(key);
      if (event.status === 'sent') fed.push(event);
    } else if (event.status === 'sent' && story.cameBack(event.queueId) && !wentOn(story, event)) {
      done.push(event);
    }
  }
  return fed.length > 0 && done.length > 1 ? { fed, done } : undefined;
}

/** Whether it came in here once more: there is another filter behind the first. */
function wentOn(story: Story, event: DeliveryEvent): boolean {
  const next = replyOf(event).queuedAs;
  return next !== undefined && (story.cameBack(next) || story.lives.has(next));
}

/** The deliveries behind the filter to each address that got more than one. */
function repeated(done: readonly DeliveryEvent[]): DeliveryEvent[][] {
  const byAddress = new Map<string, DeliveryEvent[]>();
  for (const event of done) {
    const address = addressKey(event.recipient);
    byAddress.set(address, [...(byAddress.get(address) ?? []), event]);
  }
  return [...byAddress.values()].filter((events) => events.length > 1);
}

/** The same alias was expanded to the same address before and behind the filter, and that address got two copies. */
export const addressMapping: Condition = (story): Finding | undefined => {
  const sides = bothSides(story);
  if (sides === undefined) return undefined;
  for (const events of repeated(sides.done)) {
    const mapped = events.find(
      (event) =>
        event.originalTo !== undefined &&
        sides.fed.some((feed) => feed.recipient === event.recipient && feed.originalTo === event.originalTo),
    );
    if (mapped?.originalTo !== undefined) {
      return { events, count: events.length - 1, values: { mapped: mapped.originalTo } };
    }
  }
  return undefined;
};

/** An address that was among the recipients before the filter got more copies behind it than were fed, no alias
 * being to blame. */
export const alwaysBcc: Condition = (story): Finding | undefined => {
  const sides = bothSides(story);
  if (sides === undefined) return undefined;
  for (const events of repeated(sides.done)) {
    const plain = copiesOf(events.filter((event) => event.originalTo === undefined));
    const address = plain[0]?.recipient;
    if (address === undefined) continue;
    const fed = sides.fed.filter((feed) => addressKey(feed.recipient) === addressKey(address)).length;
    if (fed > 0 && plain.length > fed) {
      return { events: plain, count: plain.length - fed, values: { copied: address } };
    }
  }
  return undefined;
};

/** One line a copy: where local(8) logs the parts of an alias or .forward under the alias' own name, these are one. */
function copiesOf(events: readonly DeliveryEvent[]): readonly DeliveryEvent[] {
  const parts = new Map<string, Set<string>>();
  for (const event of events) {
    const part = ALIAS_PART.exec(event.response)?.[0];
    if (part !== undefined) parts.set(event.queueId, (parts.get(event.queueId) ?? new Set()).add(part));
  }
  const counted = new Set<string>();
  return events.filter(({ queueId }) => {
    const isAlias = (parts.get(queueId)?.size ?? 0) > 1;
    if (isAlias && counted.has(queueId)) return false;
    counted.add(queueId);
    return true;
  });
}
