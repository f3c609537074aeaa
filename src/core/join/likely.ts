/**
 * Joins that no id proves: the message-id, the sender, the recipients, the time and the way that a message took tell
 * that it went on. Each is refused as soon as there are two answers, since one message-id may stand on many messages.
 *
 * - `lost-reply`: the filter was stopped after it gave the message back and before it answered. The feed's line breaks
 *   off at the end of data, and what came back meanwhile, from where the filter is, was fed by nobody.
 * - `pipe`: a filter run by pipe(8) gave the message back by sendmail(1).
 */
import type { MailPath } from '../path.js';
import { isLoopback } from '../response.js';
import type { Link } from '../trace/trace.js';
import { type Copy, type Ends, endsOf, type Handover, type Message, type Source } from './ends.js';
import type { Case } from './node.js';

/** Clocks of whole seconds, and `delays=` that is rounded. */
export const NEAR = 2_000_000;

export interface LikelyJoin {
  readonly one: Case;
  readonly other: Case;
  readonly link: Link;
}

/** A message that a copy may be of, and which of its lines lead to the copy. */
interface Fit {
  readonly source: Source;
  readonly handovers: readonly Handover[];
}

/**
 * What is likely among cases that share a message-id, none of which holds a likely join yet. A case of which too little
 * is known to rule it out is left with a question.
 */
export function likelyJoins(cases: readonly Case[], messageId: string, path: MailPath): LikelyJoin[] {
  const { sources, copies, untold } = endsOf(cases, messageId, path);
  const fits = copies.map((copy) => ({ copy, own: fitsOf(copy, sources) }));
  const found: LikelyJoin[] = [];
  for (const { copy, own } of fits) {
    const [fit] = own;
    if (fit === undefined || own.some(({ source }) => source.case !== fit.source.case)) continue;
    if (fits.some((other) => other.copy !== copy && clash(own, other.own))) continue;
    const rivals = untold.filter((message) => message.case !== fit.source.case && mayHaveFed(message, copy));
    for (const rival of rivals) rival.case.asks = true;
    if (rivals.length > 0) continue;
    const { queueId: from } = fit.source.life;
    const { queueId: to } = copy.life;
    const link: Link = { from, to, via: ['message-id', copy.way], confidence: 'likely' };
    found.push({ one: fit.source.case, other: copy.case, link });
  }
  return found;
}

function fitsOf(copy: Copy, sources: Ends['sources']): Fit[] {
  const fits: Fit[] = [];
  for (const source of sources) {
    const handovers = isLike(copy, source) ? leadingTo(copy, source) : [];
    if (handovers.length > 0) fits.push({ source, handovers });
  }
  return fits;
}

function isLike(copy: Copy, source: Source): boolean {
  if (copy.case === source.case || copy.host !== source.host) return false;
  if (copy.sender === undefined || copy.sender !== source.sender) return false;
  // amavis and the way back each add a header.
  return copy.way === 'pipe' || (copy.size ?? 0) > (source.size ?? 0);
}

/** The source's lines that lead to the copy; none unless there is one for each of the copy's recipients. */
function leadingTo(copy: Copy, { handovers }: Source): Handover[] {
  const meant = handovers.filter(
    ({ way, address, from, to }) =>
      way === copy.way &&
      copy.from >= from - NEAR &&
      copy.from <= to + NEAR &&
      isSameMachine(address, copy.address),
  );
  const served = (recipient: string): boolean => copy.recipients.some((names) => names.includes(recipient));
  const all = copy.recipients.every((names) => meant.some(({ recipient }) => names.includes(recipient)));
  return all ? meant.filter(({ recipient }) => served(recipient)) : [];
}

function isSameMachine(filter: string | undefined, client: string | undefined): boolean {
  if (filter === undefined || client === undefined) return filter === client;
  return filter === client || (isLoopback(filter) && isLoopback(client));
}

/** Two copies for one recipient of one attempt: at most one of them came of it. */
function clash(fits: readonly Fit[], others: readonly Fit[]): boolean {
  const lines = new Set(fits.flatMap(({ handovers }) => handovers));
  return others.some(({ handovers }) => handovers.some((handover) => lines.has(handover)));
}

/** Whether it was in the queue at the time, and may have gone to the filter without a line that says so. */
function mayHaveFed({ host, sender, life }: Message, copy: Copy): boolean {
  if (host !== copy.host || (sender !== undefined && sender !== copy.sender)) return false;
  const end = life.removed?.at.time ?? Number.POSITIVE_INFINITY;
  return life.first <= copy.from + NEAR && end >= copy.from - NEAR;
}
