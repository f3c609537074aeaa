/**
 * Addresses that amavis' pieces of a long line were cut through. Where a piece was lost, two halves of different
 * addresses meet, and nobody has what they make: so where other lines name recipients, too, one of them must have it.
 */
import { addressKey } from '../address-key.js';
import type { Event } from '../event.js';
import type { LifeFacts, RunFacts } from './facts.js';

const HEAD = /\(\d+-\d+(?:-\d+)*\) (?:\(!{1,2}\))?\.\.\./;

type Listing = Event & { readonly recipients?: readonly string[] };

/** Leaves out of the run's lists of recipients what only a seam names. */
export function dropSeams(run: RunFacts, lives: ReadonlyMap<string, LifeFacts>): void {
  const listings: Listing[] = [...run.verdicts, ...run.forwards];
  if (run.received !== undefined) listings.push(run.received);
  if (run.checking !== undefined) listings.push(run.checking);
  if (!listings.some(({ at }) => at.pieces !== undefined)) return;
  const seams = new Map(listings.map((event) => [event, seamsOf(event)]));
  const others = new Set<string>();
  for (const { deliveries } of lives.values()) {
    for (const { recipient, originalTo = recipient } of deliveries)
      others.add(addressKey(recipient)).add(addressKey(originalTo));
  }
  if (others.size === 0 && listings.length === 1) return;
  for (const [event, own] of seams) {
    for (const address of event.recipients ?? [])
      if (!own.has(addressKey(address))) others.add(addressKey(address));
  }
  const without = <E extends Listing>(event: E): E => {
    const own = seams.get(event);
    if (own === undefined || own.size === 0 || event.recipients === undefined) return event;
    const isSure = (address: string): boolean =>
      !own.has(addressKey(address)) || others.has(addressKey(address));
    return { ...event, recipients: event.recipients.filter(isSure) };
  };
  run.verdicts.splice(0, run.verdicts.length, ...run.verdicts.map(without));
  run.forwards.splice(0, run.forwards.length, ...run.forwards.map(without));
  if (run.received !== undefined) run.received = without(run.received);
  if (run.checking !== undefined) run.checking = without(run.checking);
}

/** The addresses, as they compare, that stand on both sides of a cut. */
function seamsOf({ at: { pieces = [] } }: Event): Set<string> {
  const found = new Set<string>();
  for (let n = 1; n < pieces.length; n++) {
    const before = pieces[n - 1]?.slice(0, -3) ?? '';
    const after = pieces[n] ?? '';
    const open = before.lastIndexOf('<');
    const head = HEAD.exec(after);
    const close = after.indexOf('>', head === null ? 0 : head.index + head[0].length);
    if (head === null || close < 0 || open < before.lastIndexOf('>')) continue;
    found.add(addressKey(before.slice(open + 1) + after.slice(head.index + head[0].length, close)));
  }
  return found;
}
