import { addressKey } from '../../address-key.js';
import type { Event } from '../../event.js';
import { isQueueId } from '../../queue-id.js';
import { replyOf } from '../../response.js';
import type { Story } from '../story.js';
import type { Condition, Finding } from './condition.js';

/** One time that the filter let the message through: by whom, under which ids, to whom. */
interface Copy {
  readonly ids: Set<string>;
  readonly recipients: Set<string>;
  readonly events: Event[];
}

/**
 * Two runs of the filter let the same message through to the same recipient, and neither fed the other, nor was what
 * the first gave back requeued before the recipient had it (what is requeued is filtered again). A copy whose
 * verdict was never logged (amavis was stopped after it had passed the message on) still shows in the reply or the
 * FWD line that names its queue id, or as a queue id that came in by SMTP and that no line names.
 */
export const duplicateDelivery: Condition = (story: Story): Finding | undefined => {
  if (story.trace.queueIds.length < 3) return undefined;
  const copies = copiesOf(story).filter(({ ids }) => ![...ids].some((id) => wasFedOn(story, id)));
  const found = new Set<Copy>();
  let most = 1;
  for (const recipient of new Set(copies.flatMap((copy) => [...copy.recipients]))) {
    const same = copies.filter((copy) => copy.recipients.has(recipient));
    if (same.length < 2) continue;
    most = Math.max(most, same.length);
    for (const copy of same) found.add(copy);
  }
  if (found.size === 0) return undefined;
  return {
    events: [...found].flatMap((copy) => copy.events),
    count: most - 1,
    values: { copies: String(most) },
  };
};

function copiesOf(story: Story): Copy[] {
  const runs = new Map<string, Copy>();
  for (const event of story.events) {
    if (event.kind === 'amavis.verdict') {
      if (event.action !== 'Passed' || event.verdict === 'MTA-BLOCKED' || event.verdict === 'TEMPFAIL')
        continue;
      const ids = (event.queuedAs ?? []).filter(isQueueId);
      if (ids.length > 0) add(runs, event.amavisId, ids, event.recipients, event);
    } else if (event.kind === 'amavis.forward') {
      if (event.direction === 'FWD' && event.queuedAs !== undefined) {
        add(runs, event.amavisId, [event.queuedAs], event.recipients, event);
      }
    }
  }
  const copies = [...runs.values()];
  for (const event of story.feeds) {
    const id = event.status === 'sent' ? replyOf(event).queuedAs : undefined;
    if (id === undefined) continue;
    const known = copies.find((copy) => copy.ids.has(id));
    if (known !== undefined) known.recipients.add(addressKey(event.recipient));
    else
      copies.push({
        ids: new Set([id]),
        recipients: new Set([addressKey(event.recipient)]),
        events: [event],
      });
  }
  // Nobody names what a filter gave back that was stopped before it answered.
  const root = story.trace.queueIds[0];
  const broken = story.feeds.some(({ status }) => status === 'deferred');
  for (const { queueId } of broken ? story.of('smtpd.client') : []) {
    if (queueId === root || copies.some(({ ids }) => ids.has(queueId))) continue;
    const events = story.lives.get(queueId)?.deliveries ?? [];
    const addresses = events.flatMap(({ recipient, originalTo = recipient }) => [recipient, originalTo]);
    copies.push({
      ids: new Set([queueId]),
      recipients: new Set(addresses.map(addressKey)),
      events: [...events],
    });
  }
  for (const { origQueueId } of story.of('pickup')) {
    const copy = origQueueId === undefined ? undefined : copies.find(({ ids }) => ids.has(origQueueId));
    if (copy !== undefined) takeRequeued(copy, story.lives.get(origQueueId ?? '')?.deliveries ?? []);
  }
  return copies;
}

/** Whom a requeued id had not served is served by the id after it. */
function takeRequeued({ ids, recipients }: Copy, deliveries: Story['feeds']): void {
  const sent = new Set(deliveries.filter(({ status }) => status === 'sent').map(recipientKey));
  const tried = ids.size > 1 ? deliveries.map(recipientKey) : [...recipients];
  for (const recipient of tried) if (!sent.has(recipient)) recipients.delete(recipient);
}

function recipientKey({ recipient }: Story['feeds'][number]): string {
  return addressKey(recipient);
}

function add(
  runs: Map<string, Copy>,
  amavisId: string,
  ids: readonly string[],
  recipients: readonly string[],
  event: Event,
): void {
  let copy = runs.get(amavisId);
  if (copy === undefined) {
    copy = { ids: new Set(), recipients: new Set(), events: [] };
    runs.set(amavisId, copy);
  }
  for (const id of ids) copy.ids.add(id);
  for (const recipient of recipients) copy.recipients.add(addressKey(recipient));
  copy.events.push(event);
}

/** Whether what came back under this id went into a filter again and came back once more: a loop or a second pass, not
 * a copy. That filter's endpoint need not be known. */
function wasFedOn(story: Story, queueId: string): boolean {
  const deliveries = story.lives.get(queueId)?.deliveries ?? [];
  return deliveries.some((event) => {
    if (story.position(event) === 'filter') return true;
    const next = replyOf(event).queuedAs;
    return next !== undefined && (story.cameBack(next) || story.lives.has(next));
  });
}
