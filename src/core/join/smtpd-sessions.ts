/**
 * What smtpd logs of a message without its queue id: what an access table did to it before it had one, and that its
 * client went away. One process talks to one client at a time, so its `client=` lines tell which message is meant.
 */
import type { Event } from '../event.js';
import { LooseEnds } from './loose-ends.js';

const SECOND = 1_000_000;
/** From an action to the id: the rest of the restrictions, policy servers among them. */
export const UNTIL_ID = 60 * SECOND;
/** Actions on the message as a whole; what the others did shows elsewhere. */
const KEPT: ReadonlySet<string> = new Set(['hold', 'discard', 'milter-hold', 'milter-discard']);

type Client = Extract<Event, { kind: 'smtpd.client' }>;
type Action = Extract<Event, { kind: 'smtpd.action' }>;
type Lost = Extract<Event, { kind: 'smtpd.lost' }>;

export class SmtpdSessions {
  /** Actions on a message that has no id yet, by smtpd process. */
  readonly #actions = new LooseEnds<Action[]>();
  /** The last `client=` line of each smtpd process. */
  readonly #last = new LooseEnds<Client>();

  /** Actions on messages that have no id yet. */
  *actions(): IterableIterator<Event> {
    for (const actions of this.#actions.values()) yield* actions;
  }

  acted(event: Action): void {
    if (!KEPT.has(event.action)) return;
    const key = processOf(event);
    this.#actions.set(key, [...(this.#actions.get(key) ?? []), event], event.at.host, event.at.time);
  }

  /** The message has its id: what was done to it before. */
  began(event: Client): readonly Action[] {
    const key = processOf(event);
    this.#last.set(key, event, event.at.host, event.at.time);
    const actions = this.#actions.get(key);
    if (actions === undefined) return [];
    this.#actions.delete(key);
    const { clientAddress, at } = event;
    return actions.filter(
      (action) =>
        action.clientAddress === clientAddress &&
        action.at.time <= at.time &&
        at.time - action.at.time <= UNTIL_ID,
    );
  }

  /** The message that the process received last, from that client. */
  lastOf(event: Lost): Client | undefined {
    const last = this.#last.get(processOf(event));
    if (last?.clientAddress !== event.clientAddress || last.at.time > event.at.time) return undefined;
    return last;
  }

  clear(): void {
    this.#actions.clear();
    this.#last.clear();
  }
}

function processOf({ at }: Event): string {
  return `${at.host}|${at.pid}`;
}
