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
const KEPT: ReadonlySet<string> = new Set(['hold', 'discard', 'filter', 'milter-hold', 'milter-discard']);

type Client = Extract<Event, { kind: 'smtpd.client' }>;
type Action = Extract<Event, { kind: 'smtpd.action' }>;
type Lost = Extract<Event, { kind: 'smtpd.lost' }>;
type Refusal = Extract<Event, { kind: 'smtpd.reject' }>;

export class SmtpdSessions {
  /** Actions on a message that has no id yet, by smtpd process. */
  readonly #actions = new LooseEnds<Action[]>();
  /**
   * Filters chosen for a message before it had its id, by that. The session may have begun another message before, and
   * who the sender of this one is, the queue manager says.
   */
  readonly #filters = new LooseEnds<Action[]>();
  /** The last `client=` line of each smtpd process. */
  readonly #last = new LooseEnds<Client>();

  /** Actions on messages that have no id yet. */
  *actions(): IterableIterator<Event> {
    for (const actions of this.#actions.values()) yield* actions;
    for (const filters of this.#filters.values()) yield* filters;
  }

  acted(event: Action): void {
    if (!KEPT.has(event.action)) return;
    const key = processOf(event);
    this.#actions.set(key, [...(this.#actions.get(key) ?? []), event], event.at.host, event.at.time);
  }

  /** A recipient was refused: what an access table said of him before concerns no message. */
  refused({ at, stage, recipient }: Refusal): void {
    if (stage !== 'RCPT' || recipient === undefined) return;
    const key = `${at.host}|${at.pid}`;
    const actions = this.#actions.get(key);
    const rest = actions?.filter((action) => action.recipient !== recipient || action.at.time > at.time);
    if (rest !== undefined && rest.length !== actions?.length) this.#leave(key, rest, at);
  }

  /** The session is over. */
  ended({ at }: Event): void {
    this.#actions.delete(`${at.host}|${at.pid}`);
  }

  /** The message has its id: what was done to it before. */
  began(event: Client): readonly Action[] {
    const key = processOf(event);
    this.#last.set(key, event, event.at.host, event.at.time);
    const actions = this.#actions.get(key);
    if (actions === undefined) return [];
    const { clientAddress, at } = event;
    this.#leave(
      key,
      actions.filter((action) => action.at.time > at.time),
      at,
    );
    const own = actions.filter(
      (action) =>
        action.clientAddress === clientAddress &&
        action.at.time <= at.time &&
        at.time - action.at.time <= UNTIL_ID,
    );
    const filters = own.filter(({ action }) => action === 'filter');
    if (filters.length === 0) return own;
    this.#filters.set(`${at.host}|${event.queueId}`, filters, at.host, at.time);
    return own.filter(({ action }) => action !== 'filter');
  }

  /** The queue manager names the sender: which of the filters are its message's. */
  queued(host: string, queueId: string, from: string): readonly Action[] {
    const key = `${host}|${queueId}`;
    const filters = this.#filters.get(key);
    if (filters === undefined) return [];
    this.#filters.delete(key);
    return filters.filter(({ sender }) => sender === from);
  }

  #leave(key: string, actions: readonly Action[], { host, time }: Event['at']): void {
    if (actions.length === 0) this.#actions.delete(key);
    else this.#actions.set(key, [...actions], host, time);
  }

  /** The message that the process received last, from that client. */
  lastOf(event: Lost): Client | undefined {
    const last = this.#last.get(processOf(event));
    if (last?.clientAddress !== event.clientAddress || last.at.time > event.at.time) return undefined;
    return last;
  }

  clear(): void {
    this.#actions.clear();
    this.#filters.clear();
    this.#last.clear();
  }
}

function processOf({ at }: Event): string {
  return `${at.host}|${at.pid}`;
}
