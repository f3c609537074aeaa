/** Cases at rest to batches for the store. */
import type { Case } from '../core/join/node.js';
import { noticeParent, releaseRun } from '../core/join/notice.js';
import { amavisKey, childKey, mailKey, messageKey, noticeKey, queueKey } from '../core/keys.js';
import type { MailPath } from '../core/path.js';
import { clientOf, senderOf } from '../core/trace/build.js';
import { type View, viewOf } from '../core/trace/view.js';
import type { TraceRow } from '../store/batch.js';
import { hashKey } from '../store/hash.js';
import type { Place, StoredLine } from '../store/segment.js';
import type { Diagnosis } from './diagnosis.js';
import { Draft } from './draft.js';
import { extraOf } from './stored-case.js';

/** A batch is handed over when it holds about this many characters of lines. */
const BATCH_CHARACTERS = 2 * 1024 * 1024;

/** A case that was taken into the batch. */
interface Added {
  /** The number it is stored under. */
  readonly ref: number;
  readonly view: View;
  /** Codes of its problems: words between spaces. */
  readonly problems: string;
}

export class Packer {
  readonly #path: MailPath;
  readonly #live: boolean;
  /** When live: the loose lines that the store has of a case in memory. */
  readonly #loose = new WeakMap<Case, { readonly ref: number; readonly lines: readonly StoredLine[] }>();
  readonly #diagnosis: Diagnosis;
  #draft: Draft;
  #lastTrace: number;
  /** Traces put away for the first time, and those that had been stored before. */
  added = 0;
  changed = 0;

  /** `live`: cases come again and again, so their lines stay loose until they are packed together. */
  constructor(
    path: MailPath,
    diagnosis: Diagnosis,
    last: { readonly trace: number; readonly block: number },
    live = false,
  ) {
    this.#path = path;
    this.#live = live;
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

  /** Takes a case into the batch. */
  add(which: Case): Added {
    const [known, ...others] = which.refs;
    const ref = known ?? ++this.#lastTrace;
    if (known === undefined) this.added++;
    else this.changed++;
    for (const other of others) this.#draft.drop(other);
    const view = viewOf(which, this.#path);
    const lines = linesOf(view);
    let place: Place | undefined;
    let from = 0;
    if (view.open || this.#live) {
      from = this.#sameLines(which, ref, lines);
      this.#draft.loose(ref, lines, from);
    } else {
      place = this.#draft.pack(lines);
    }
    const codes = this.#live
      ? this.#diagnosis.codes(view)
      : this.#diagnosis.putAway(view, known === undefined);
    const problems = codes.join(' ');
    this.#draft.add(
      rowOf(ref, view, problems, place),
      keysOf(which, view),
      known === undefined ? null : from,
    );
    return { ref, view, problems };
  }

  /** The batch so far; another begins. */
  take(): Draft {
    const taken = this.#draft;
    this.#draft = new Draft(taken.nextBlock);
    return taken;
  }

  /** How many of the lines, from the first on, the store has already. */
  #sameLines(which: Case, ref: number, lines: readonly StoredLine[]): number {
    if (!this.#live) return 0;
    const before = this.#loose.get(which);
    this.#loose.set(which, { ref, lines });
    if (before?.ref !== ref) return 0;
    let same = 0;
    while (same < before.lines.length && before.lines[same]?.raw === lines[same]?.raw) same++;
    return same;
  }
}

function linesOf(view: View): StoredLine[] {
  const lines: StoredLine[] = [];
  for (const { at } of view.facts.events) {
    if (at.pieces === undefined) lines.push(at);
    else for (const raw of at.pieces) lines.push({ time: at.time, raw });
  }
  return lines;
}

/** Hashes of the keys that the trace is filed under, each once. */
function keysOf(which: Case, view: View): number[] {
  const hashes: number[] = [];
  const add = (key: string): void => {
    const hash = hashKey(key);
    if (!hashes.includes(hash)) hashes.push(hash);
  };
  for (const key of which.anonymous) add(key);
  for (const { queueId } of which.lives) add(queueKey(queueId));
  for (const { amavisId, mailId } of which.runs) {
    add(amavisKey(amavisId));
    if (mailId !== null) add(mailKey(mailId));
  }
  for (const { queueId } of which.children) add(childKey(queueId));
  if (which.parent?.kind === 'release') add(noticeKey(which.parent.id));
  for (const { messageId, resentId } of view.facts.lives.values()) {
    const release = resentId === undefined ? undefined : releaseRun(resentId);
    if (release !== undefined) add(amavisKey(release));
    if (messageId === undefined || messageId.messageId === '') continue;
    add(messageKey(messageId.messageId));
    const parent = noticeParent(messageId.messageId);
    if (parent !== undefined) add(noticeKey(parent));
  }
  for (const { verdicts } of view.facts.runs.values()) {
    for (const { messageId } of verdicts)
      if (messageId !== undefined && messageId !== '') add(messageKey(messageId));
  }
  return hashes;
}

function rowOf(id: number, view: View, problems: string, place: Place | undefined): TraceRow {
  const addresses = new Set<string>();
  for (const { address, originalTo } of view.recipients) {
    addresses.add(address.toLowerCase());
    if (originalTo !== null) addresses.add(originalTo.toLowerCase());
  }
  const verdicts: string[] = [];
  let filterMs: number | null = null;
  for (const run of view.facts.runs.values()) {
    for (const { verdict, durationMs } of run.verdicts) {
      if (!verdicts.includes(verdict)) verdicts.push(verdict);
      if (durationMs !== undefined) filterMs = Math.max(filterMs ?? 0, durationMs);
    }
  }
  const client = clientOf(view);
  return {
    id,
    host: view.host,
    first: view.first,
    last: view.last,
    state: view.state,
    open: view.open ? 1 : 0,
    complete: view.complete ? 1 : 0,
    verdicts: verdicts.join(' '),
    problems,
    sender: senderOf(view),
    recipients: [...addresses].join('\n'),
    client:
      client === null
        ? null
        : [client.address, client.name]
            .filter((part) => part !== null)
            .join('\n')
            .toLowerCase(),
    filterMs,
    extra: extraOf(view.case),
    block: place?.block ?? null,
    start: place?.start ?? null,
    length: place?.length ?? null,
  };
}
