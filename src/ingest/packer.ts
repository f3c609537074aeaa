/** Cases at rest to batches for the store. */

import type { StoredCase } from '../core/join/archive.js';
import type { Again } from '../core/join/attempts.js';
import type { Case } from '../core/join/node.js';
import type { MailPath } from '../core/path.js';
import { ordinarySummary } from '../core/trace/ordinary.js';
import { summaryOf } from '../core/trace/summary.js';
import { linesOf, type View, viewOf } from '../core/trace/view.js';
import type { Place, StoredLine } from '../store/segment.js';
import type { Diagnosis } from './diagnosis.js';
import { Draft } from './draft.js';
import { keysOf, rowOf } from './row.js';

/** A batch is handed over when it holds about this many characters of lines. */
const BATCH_CHARACTERS = 1024 * 1024;

/** A live case that was taken into the batch. */
interface Added {
  /** The number it is stored under. */
  readonly ref: number;
  readonly view: View;
  /** Codes of its problems: words between spaces. */
  readonly problems: string;
}

const NOTHING_ELSE = { anonymous: [], lives: [], children: [], parent: null, likely: [] } as const;

/** What became of a case that was put away. */
export interface PutAway {
  /** The number it is stored under. */
  readonly ref: number;
  readonly lines: number;
  /** Whether it waits in the queue for another attempt. */
  readonly isDeferred: boolean;
}

export class Packer {
  readonly #path: MailPath;
  /** The loose lines that the store has of a live case: it comes again and again, and is packed when it is done. */
  readonly #loose = new WeakMap<Case, { readonly ref: number; readonly lines: readonly StoredLine[] }>();
  readonly #diagnosis: Diagnosis;
  #draft: Draft;
  #lastTrace: number;
  /** Traces put away for the first time, and those that had been stored before. */
  added = 0;
  changed = 0;

  constructor(
    path: MailPath,
    diagnosis: Diagnosis,
    last: { readonly trace: number; readonly block: number },
  ) {
    this.#path = path;
    this.#diagnosis = diagnosis;
    this.#lastTrace = last.trace;
    this.#draft = new Draft(last.block + 1);
  }

  get isFull(): boolean {
    return this.#draft.size >= BATCH_CHARACTERS;
  }

  /** The batch that cases are put into now. */
  get draft(): Draft {
    return this.#draft;
  }

  /** Takes a case that has left memory into the batch. */
  add(which: Case): PutAway {
    const ordinary = which.refs.length === 0 ? this.#addOrdinary(which) : undefined;
    if (ordinary !== undefined) return ordinary;
    const isNew = which.refs.length === 0;
    const ref = this.#refOf(which);
    const view = viewOf(which, this.#path);
    const summary = summaryOf(view);
    const lines = linesOf(view.facts.events);
    let place: Place | undefined;
    if (view.open) this.#draft.loose(ref, lines, 0);
    else place = this.#draft.pack(lines);
    const problems = this.#diagnosis.putAway(view, ref, isNew, summary).join(' ');
    const row = rowOf(which, summary, problems, place);
    this.#draft.add(ref, place?.block ?? null, row, keysOf(which), isNew ? null : 0);
    return { ref, lines: lines.length, isDeferred: view.open && view.state === 'deferred' };
  }

  /** Puts lines to a message that was put away. */
  append({ ref, count, events, runs }: Again): void {
    this.#draft.append(ref, count, linesOf(events));
    if (runs.length > 0) this.#draft.file(ref, keysOf({ ...NOTHING_ELSE, runs, events }));
  }

  /** Tells anew what the row of a stored message says, after lines were put to it. */
  tellAgain(stored: StoredCase): View {
    const view = viewOf(stored, this.#path);
    const summary = summaryOf(view);
    const problems = this.#diagnosis.putAway(view, stored.ref, false, summary).join(' ');
    this.#draft.add(stored.ref, null, rowOf(stored, summary, problems, undefined), [], null);
    this.changed++;
    return view;
  }

  /** Takes a case that stays in memory into the batch. */
  addLive(which: Case): Added {
    const isNew = which.refs.length === 0;
    const ref = this.#refOf(which);
    const view = viewOf(which, this.#path);
    const summary = summaryOf(view);
    const lines = linesOf(view.facts.events);
    const from = this.#sameLines(which, ref, lines);
    this.#draft.loose(ref, lines, from);
    const problems = this.#diagnosis.codes(summary, view.facts.events).join(' ');
    const row = rowOf(which, summary, problems, undefined);
    this.#draft.add(ref, null, row, keysOf(which), isNew ? null : from);
    return { ref, view, problems };
  }

  /** Takes an ordinary message without problems into the batch; undefined when it is not one. */
  #addOrdinary(which: Case): PutAway | undefined {
    const summary = ordinarySummary(which, this.#path);
    if (summary === undefined || !this.#diagnosis.hasNoProblem(which.events)) return undefined;
    const lines = linesOf(which.events);
    const place = this.#draft.pack(lines);
    this.#diagnosis.putAwayOrdinary(summary, which.events);
    const ref = this.#refOf(which);
    this.#draft.add(ref, place.block, rowOf(which, summary, '', place), keysOf(which), null);
    return { ref, lines: lines.length, isDeferred: false };
  }

  /** Takes an ordinary message, ready for the store. */
  addReady(block: number, row: string, hashes: Float64Array): void {
    this.added++;
    this.#draft.add(++this.#lastTrace, block, row, hashes, null);
  }

  /** The number that the case is stored under; what it was under before, too, is dropped. */
  #refOf({ refs: [known, ...others] }: Case): number {
    if (known === undefined) this.added++;
    else this.changed++;
    for (const other of others) {
      this.#draft.drop(other);
      this.#diagnosis.forget(other);
    }
    return known ?? ++this.#lastTrace;
  }

  /** The batch so far; another begins. */
  take(): Draft {
    const taken = this.#draft;
    this.#draft = new Draft(taken.nextBlock);
    return taken;
  }

  /** How many of the lines, from the first on, the store has already. */
  #sameLines(which: Case, ref: number, lines: readonly StoredLine[]): number {
    const before = this.#loose.get(which);
    this.#loose.set(which, { ref, lines });
    if (before?.ref !== ref) return 0;
    let same = 0;
    while (same < before.lines.length && before.lines[same]?.raw === lines[same]?.raw) same++;
    return same;
  }
}
