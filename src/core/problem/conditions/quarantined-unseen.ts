import { addressKey } from '../../address-key.js';
import type { Condition, Finding } from './condition.js';

/** Kept in the quarantine for recipients none of whom got the message. */
export const quarantinedUnseen: Condition = (story): Finding | undefined => {
  const kept = story
    .of('amavis.verdict')
    .filter(({ action, quarantine }) => action === 'Blocked' && quarantine !== undefined);
  if (kept.length === 0) return undefined;
  const got = new Set<string>();
  for (const { address, originalTo, state } of story.trace.recipients) {
    if (state !== 'delivered' && state !== 'relayed') continue;
    got.add(addressKey(address));
    if (originalTo !== null) got.add(addressKey(originalTo));
  }
  const events = kept.filter(({ recipients }) => !recipients.some((to) => got.has(addressKey(to))));
  const file = events.at(-1)?.quarantine;
  return file === undefined ? undefined : { events, values: { quarantine: file } };
};
