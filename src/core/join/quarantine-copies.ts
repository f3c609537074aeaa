/**
 * Messages that amavis put away in a mailbox: a copy goes in by the way back, under the message's own Message-ID. From
 * log level 1 on a SEND line names its queue id; at level 0 there is only the mailbox's address in the main line.
 */
import { addressKey } from '../address-key.js';
import type { Event } from '../event.js';
import type { Case, Life } from './node.js';

type Verdict = Extract<Event, { kind: 'amavis.verdict' }>;

const SECOND = 1_000_000;
/** Clocks of whole seconds. */
const NEAR = 2 * SECOND;
/** How long a run may take whose line doesn't tell. */
const LONGEST = 60 * SECOND;

export interface QuarantineCopy {
  readonly parent: Case;
  readonly mailId: string;
  readonly copy: Case;
  readonly queueId: string;
}

/** Whether the line names a mailbox where a copy may have gone. */
export function asksForCopy(event: Event): boolean {
  return event.kind === 'amavis.verdict' && event.quarantine?.includes('@') === true;
}

/** The copies among cases that share a message-id. One that two runs may have sent is nobody's. */
export function quarantineCopies(cases: readonly Case[], messageId: string): QuarantineCopy[] {
  const told = cases.flatMap((which) => {
    const verdicts = which.events.filter((event): event is Verdict => asksForCopy(event));
    return verdicts
      .filter((verdict) => verdict.messageId === messageId)
      .map((verdict) => ({ which, verdict }));
  });
  if (told.length === 0) return [];
  const found: QuarantineCopy[] = [];
  for (const copy of cases) {
    const [life] = copy.lives;
    if (life === undefined || !mayBeCopy(copy, life, messageId)) continue;
    const fits = told.filter(({ which, verdict }) => which !== copy && isFrom(verdict, copy, life));
    const [fit] = fits;
    const mailId = fit?.verdict.mailId;
    if (fit === undefined || mailId === undefined) continue;
    if (fits.some(({ verdict }) => verdict.mailId !== mailId)) continue;
    found.push({ parent: fit.which, mailId, copy, queueId: life.queueId });
  }
  return found;
}

function mayBeCopy({ lives, runs, parent }: Case, life: Life, messageId: string): boolean {
  return (
    parent === null && runs.length === 0 && lives.length === 1 && life.nearby && life.messageId === messageId
  );
}

/** Whether it came in while amavis worked on the message, and went to mailboxes of the quarantine only. */
function isFrom({ at, durationMs, quarantine }: Verdict, { events }: Case, life: Life): boolean {
  const took = durationMs === undefined ? LONGEST : durationMs * 1000;
  const began = life.starter ?? life.first;
  if (life.host !== at.host || began < at.time - took - NEAR || began > at.time + NEAR) return false;
  const mailboxes = new Set(quarantine?.split(/[,\s]+/).map(addressKey));
  const deliveries = events.filter((event) => event.kind === 'delivery');
  return (
    deliveries.length > 0 &&
    deliveries.every(
      ({ recipient, originalTo }) =>
        mailboxes.has(addressKey(recipient)) ||
        (originalTo !== undefined && mailboxes.has(addressKey(originalTo))),
    )
  );
}
