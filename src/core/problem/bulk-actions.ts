/**
 * What postsuper did to the whole queue. Of `postsuper -d ALL` and `-h ALL` the log has only the number, `Deleted: 3
 * messages`, where for ids that were given each is named first, by the same process.
 */
import type { Event } from '../event.js';
import type { EventOf } from './story.js';

const SECOND = 1_000_000;
/** Lines of one process id further apart than this are of two processes. */
const APART = 600 * SECOND;
/** Older ones are forgotten. */
const MAX_PASSES = 200;

export type Bulk = 'delete' | 'hold' | 'release';

/** What one postsuper process logged of one action. */
export interface Pass {
  readonly host: string;
  readonly instance: string;
  readonly pid: number;
  readonly action: Bulk;
  /** When it last wrote of it (microseconds). */
  time: number;
  /** Whether it named any message. */
  named: boolean;
  /** The line with the number of messages, and that number; null until it is read. */
  total: { readonly count: number; readonly line: string } | null;
}

/** Messages that were not named: how many, when (microseconds) and by which line. */
export interface BulkAction {
  readonly action: Bulk;
  readonly time: number;
  readonly count: number;
  readonly line: string;
}

const TOTAL = /^(Deleted|Placed on hold|Released from hold): (\d{1,9}) messages?$/;
const ACTIONS: Readonly<Record<string, Bulk>> = {
  Deleted: 'delete',
  'Placed on hold': 'hold',
  'Released from hold': 'release',
};

export class BulkActions {
  readonly #passes: Pass[];

  constructor(passes: readonly Pass[] = []) {
    this.#passes = passes.map((pass) => ({ ...pass }));
  }

  get passes(): readonly Pass[] {
    return this.#passes;
  }

  /** Any event: those of postsuper count. */
  event(event: Event): void {
    switch (event.kind) {
      case 'removed':
        // Where heads lost the daemon it may be postsuper's.
        if (event.at.daemon !== 'qmgr') this.#pass(event, 'delete').named = true;
        break;
      case 'postsuper':
        if (event.action === 'hold' || event.action === 'release')
          this.#pass(event, event.action).named = true;
        break;
      case 'system.note':
        this.#total(event);
        break;
      default:
    }
  }

  /** The last of those after the time that may have concerned any message which the instance's queue had then. */
  after(host: string, instance: string, time: number): BulkAction | undefined {
    const found = this.#passes
      .filter((pass) => pass.host === host && pass.instance === instance && pass.time >= time)
      .flatMap(({ action, time: at, named, total }) =>
        named || total === null || total.count === 0 ? [] : { action, time: at, ...total },
      )
      .sort((a, b) => a.time - b.time);
    // What was deleted stays so, whatever is said later of all.
    return found.findLast(({ action }) => action === 'delete') ?? found.at(-1);
  }

  #total(event: EventOf<'system.note'>): void {
    if (event.at.daemon !== 'postsuper' && event.at.daemon !== '') return;
    const [, what = '', count] = TOTAL.exec(event.text) ?? [];
    const action = ACTIONS[what];
    if (action !== undefined) this.#pass(event, action).total = { count: Number(count), line: event.at.raw };
  }

  #pass({ at: { host, instance, pid, time } }: Event, action: Bulk): Pass {
    const known = this.#passes.find(
      (one) =>
        one.host === host &&
        one.instance === instance &&
        one.pid === pid &&
        one.action === action &&
        Math.abs(one.time - time) <= APART,
    );
    if (known !== undefined) {
      known.time = Math.max(known.time, time);
      return known;
    }
    const pass: Pass = { host, instance, pid, action, time, named: false, total: null };
    this.#passes.push(pass);
    if (this.#passes.length > MAX_PASSES) this.#passes.shift();
    return pass;
  }
}
