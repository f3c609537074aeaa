/** Which lines a case has: the same line may be read from several files, behind other heads. */
import { isPieceOf } from '../continuation.js';
import type { Event } from '../event.js';
import type { Case } from './node.js';

const SECOND = 1_000_000;
/** Events per case from which their identities are kept in a set. */
const MANY = 40;

/**
 * Adds a line to a case, in the place of its pieces where these were read before without their rest. False when the
 * case has it, or all that it says.
 */
export function add(owner: Case, event: Event): boolean {
  if (knows(owner, event)) return false;
  const { at } = event;
  if (at.daemon === 'amavis') {
    if (owner.whole.some((other) => isPieceOf(at, other.at))) return false;
    if (at.pieces !== undefined) {
      owner.whole.push(event);
      for (const piece of owner.events.filter((other) => isPieceOf(other.at, at))) takeOut(owner, piece);
    }
  }
  owner.events.push(event);
  return true;
}

/** Takes a line out of a case. */
export function takeOut(owner: Case, event: Event): void {
  for (const list of [owner.events, owner.whole]) {
    const at = list.indexOf(event);
    if (at >= 0) list.splice(at, 1);
  }
  owner.seen = null;
}

/** Whether the case has this line: the same second, process and text. A line that it hasn't is to be added to it. */
function knows(owner: Case, event: Event): boolean {
  const { events } = owner;
  if (events.length >= MANY) {
    const seen = identitiesOf(owner);
    const id = identity(event);
    if (seen.has(id)) return true;
    seen.add(id);
    return false;
  }
  const { pid, time, message } = event.at;
  const second = Math.floor(time / SECOND);
  for (let i = events.length - 1; i >= 0; i--) {
    const at = events[i]?.at;
    if (
      at !== undefined &&
      at.pid === pid &&
      at.message === message &&
      Math.floor(at.time / SECOND) === second
    )
      return true;
  }
  return false;
}

/** The same without taking the line for its own. */
export function has(owner: Case, event: Event): boolean {
  return sameLine(owner, event) !== undefined;
}

/** The case's event of this line, which may have been read before. */
export function sameLine(owner: Case, event: Event): Event | undefined {
  const { events } = owner;
  if (events.length >= MANY && !identitiesOf(owner).has(identity(event))) return undefined;
  const { pid, time, message } = event.at;
  const second = Math.floor(time / SECOND);
  return events.find(
    ({ at }) => at.pid === pid && at.message === message && Math.floor(at.time / SECOND) === second,
  );
}

function identitiesOf(owner: Case): Set<string> {
  owner.seen ??= new Set(owner.events.map(identity));
  return owner.seen;
}

function identity({ at }: Event): string {
  return `${Math.floor(at.time / SECOND)}|${at.pid}|${at.message}`;
}
