/** Which run of amavis a line belongs to: an amavis id is a process id and two counters, so it comes again. */
import type { Event } from '../event.js';
import { LinkedMap } from './linked-map.js';
import { SLACK } from './lives.js';
import type { Case, Run } from './node.js';

/** Longer than any message is worked on: $child_timeout is 8 minutes, Postfix waits 20. */
export const RUN_TIME = 30 * 60 * 1_000_000;

export type RunEvent = Extract<
  Event,
  {
    readonly amavisId: string;
    readonly kind: `amavis.${'verdict' | 'recipient' | 'forward' | 'received' | 'checking' | 'timing'}`;
  }
>;

export class Runs {
  readonly #byId = new LinkedMap<Run[]>();

  /** Whether a run with the amavis id is in memory. */
  has(amavisId: string): boolean {
    return this.#byId.get(amavisId) !== undefined;
  }

  /** The run that a line of amavis' own belongs to. */
  own(amavisId: string, host: string, time: number, mailId: string | null): Run | undefined {
    return this.#nearest(amavisId, time, (run) => {
      if (run.host !== host && !(run.host === '' && !run.seen)) return false;
      return mailId === null || run.mailId === null || run.mailId === mailId;
    });
  }

  /** The run that a reply names; on any host when `host` is null. */
  mentioned(amavisId: string, host: string | null, time: number): Run | undefined {
    return this.#nearest(
      amavisId,
      time,
      (run) => (host === null || run.host === '' || run.host === host) && run.first <= time + SLACK,
    );
  }

  begin(amavisId: string, host: string, time: number, owner: Case, seen: boolean): Run {
    const run: Run = { amavisId, host, first: time, last: time, mailId: null, seen, case: owner };
    owner.runs.push(run);
    const list = this.#byId.get(amavisId);
    if (list === undefined) this.#byId.set(amavisId, [run]);
    else list.push(run);
    return run;
  }

  note(run: Run, host: string, time: number, mailId: string | null): void {
    if (!run.seen) {
      run.seen = true;
      run.host = host;
    }
    if (time < run.first) run.first = time;
    if (time > run.last) run.last = time;
    run.mailId ??= mailId;
  }

  remove(run: Run): void {
    const list = this.#byId.get(run.amavisId);
    if (list === undefined) return;
    if (list.length === 1) this.#byId.delete(run.amavisId);
    else list.splice(list.indexOf(run), 1);
  }

  #nearest(amavisId: string, time: number, accept: (run: Run) => boolean): Run | undefined {
    let best: Run | undefined;
    let bestGap = RUN_TIME;
    for (const run of this.#byId.get(amavisId) ?? []) {
      if (!accept(run)) continue;
      const gap = time < run.first ? run.first - time : time > run.last ? time - run.last : 0;
      if (gap < bestGap) {
        best = run;
        bestGap = gap;
      }
    }
    return best;
  }
}
