/** Cases at rest to batches for the store. */
import type { Case } from '../core/join/node.js';
import { noticeParent } from '../core/join/notice.js';
import { amavisKey, childKey, mailKey, messageKey, noticeKey, queueKey } from '../core/keys.js';
import type { MailPath } from '../core/path.js';
import { clientOf, senderOf } from '../core/trace/build.js';
import { type View, viewOf } from '../core/trace/view.js';
import type { Batch, TraceRow } from '../store/batch.js';
import { hashKey } from '../store/hash.js';
import { BlockBuilder, packLines, type StoredLine } from '../store/segment.js';
import type { Diagnosis } from './diagnosis.js';
import { extraOf } from './stored-case.js';

/** A batch is handed over when it holds about this many characters of lines. */
const BATCH_CHARACTERS = 4 * 1024 * 1024;

interface Draft {
  /** Rows by trace: a message may be put away twice before the batch is sent. */
  readonly rows: Map<number, { readonly row: TraceRow; readonly lines: Batch['lines'] }>;
  readonly keys: number[];
  readonly keyTraces: number[];
  readonly rewritten: Batch['rewritten'][number][];
  readonly gone: number[];
}

/** A case that was taken into the batch. */
interface Added {
  /** The number it is stored under. */
  readonly ref: number;
  readonly hashes: readonly number[];
  readonly view: View;
  /** Codes of its problems: words between spaces. */
  readonly problems: string;
}

export class Packer {
  readonly #path: MailPath;
  readonly #live: boolean;
  /** When live: the loose lines that the store has of a case in memory. */
  readonly #loose = new WeakMap<Case, { readonly ref: number; readonly lines: readonly StoredLine[] }>();
  readonly #blocks: BlockBuilder;
  readonly #diagnosis: Diagnosis;
  #draft: Draft = emptyDraft();
  #characters = 0;
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
    this.#blocks = new BlockBuilder(last.block + 1);
  }

  get isFull(): boolean {
    return this.#characters >= BATCH_CHARACTERS;
  }

  get isEmpty(): boolean {
    return this.#draft.rows.size === 0;
  }

  /** Takes a case into the batch. */
  add(which: Case): Added {
    const [known, ...others] = which.refs;
    const ref = known ?? ++this.#lastTrace;
    if (known === undefined) this.added++;
    else this.changed++;
    const draft = this.#draft;
    for (const other of others) {
      draft.gone.push(other);
      draft.rows.delete(other);
    }
    const view = viewOf(which, this.#path);
    const lines = linesOf(view);
    let place: { block: number; start: number; length: number } | undefined;
    let from = 0;
    let loose: Batch['lines'] = [];
    if (view.open || this.#live) {
      from = this.#sameLines(which, ref, lines);
      loose = lines.map(({ time, raw }, n) => ({ trace: ref, n, time, raw })).slice(from);
      for (const { raw } of loose) this.#characters += raw.length;
    } else {
      const segment = packLines(lines);
      this.#characters += segment.length;
      place = this.#blocks.add(segment);
    }
    if (known !== undefined) draft.rewritten.push({ trace: known, from });
    const codes = this.#live
      ? this.#diagnosis.codes(view)
      : this.#diagnosis.putAway(view, known === undefined);
    const problems = codes.join(' ');
    draft.rows.set(ref, { row: rowOf(ref, view, problems, place), lines: loose });
    const hashes = [...keysOf(which, view)].map(hashKey);
    for (const hash of hashes) {
      draft.keys.push(hash);
      draft.keyTraces.push(ref);
    }
    return { ref, hashes, view, problems };
  }

  /** What has been taken in, to be stored with what else belongs into the same transaction. */
  take(more: Partial<Pick<Batch, 'checkpoints' | 'knowledge' | 'waiting' | 'diagnosed'>> = {}): Batch {
    const { rows, ...rest } = this.#draft;
    const entries = [...rows.values()];
    const batch: Batch = {
      ...rest,
      traces: entries.map(({ row }) => row),
      lines: entries.flatMap(({ lines }) => lines),
      blocks: this.#blocks.take(true),
      endpoints: this.#path.takeLearnt(),
      checkpoints: [],
      knowledge: [],
      waiting: { added: [], removed: [] },
      diagnosed: [],
      ...more,
    };
    this.#draft = emptyDraft();
    this.#characters = 0;
    return batch;
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

function emptyDraft(): Draft {
  return { rows: new Map(), keys: [], keyTraces: [], rewritten: [], gone: [] };
}

function linesOf(view: View): StoredLine[] {
  const lines: StoredLine[] = [];
  for (const { at } of view.facts.events) {
    if (at.raw.includes('\n')) for (const raw of at.raw.split('\n')) lines.push({ time: at.time, raw });
    else lines.push({ time: at.time, raw: at.raw });
  }
  return lines;
}

function keysOf(which: Case, view: View): Set<string> {
  const keys = new Set<string>(which.anonymous);
  for (const { queueId } of which.lives) keys.add(queueKey(queueId));
  for (const { amavisId, mailId } of which.runs) {
    keys.add(amavisKey(amavisId));
    if (mailId !== null) keys.add(mailKey(mailId));
  }
  for (const { queueId } of which.children) keys.add(childKey(queueId));
  for (const { messageId } of view.facts.lives.values()) {
    if (messageId === undefined || messageId.messageId === '') continue;
    keys.add(messageKey(messageId.messageId));
    const parent = noticeParent(messageId.messageId);
    if (parent !== undefined) keys.add(noticeKey(parent));
  }
  for (const { verdicts } of view.facts.runs.values()) {
    for (const { messageId } of verdicts)
      if (messageId !== undefined && messageId !== '') keys.add(messageKey(messageId));
  }
  return keys;
}

function rowOf(
  id: number,
  view: View,
  problems: string,
  place: { block: number; start: number; length: number } | undefined,
): TraceRow {
  const addresses = new Set<string>();
  for (const { address, originalTo } of view.recipients) {
    addresses.add(address.toLowerCase());
    if (originalTo !== null) addresses.add(originalTo.toLowerCase());
  }
  const verdicts = new Set<string>();
  let filterMs: number | null = null;
  for (const run of view.facts.runs.values()) {
    for (const { verdict, durationMs } of run.verdicts) {
      verdicts.add(verdict);
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
    verdicts: [...verdicts].join(' '),
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
