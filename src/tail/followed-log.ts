import type { Batch, Notify } from './batch.js';
import type { Checkpoint } from './checkpoint.js';
import type { Generation, Reading, Taken } from './generation.js';
import { Keeper, REMEMBERED } from './keeper.js';
import { type Known, NOWHERE } from './known.js';
import type { From } from './plain-generation.js';

/** A rotated file may get late lines (the logger reopens when it is told to); so long it is watched for them. */
const LINGER_MS = 60_000;
/** How long an unterminated last line of a rotated file may still be completed while its successor has lines. */
const GRACE_MS = 1_000;
const CLOCK_LAG_MS = 10;

/** Reads one log's generations, one after the other, and says how far. */
export class FollowedLog {
  private readonly path: string;
  private readonly keeper: Keeper;
  private grace: { readonly mtime: number; readonly until: number } | undefined;
  /** The checkpoint given out last. */
  private last: Checkpoint;

  constructor(path: string, notify: Notify) {
    this.path = path;
    this.keeper = new Keeper(path, notify);
    this.last = { path, ...NOWHERE, time: Date.now() };
  }

  /** Begins without a checkpoint. */
  async begin(from: From): Promise<void> {
    // File systems stamp with a clock that may lag some milliseconds.
    this.keeper.time = Date.now() - CLOCK_LAG_MS;
    await this.keeper.begin(from);
  }

  /** A batch without lines: says where following began, or where it stands. */
  position(): Batch {
    return this.batch({ lines: [], cut: 0 });
  }

  /** Begins where an earlier run ended. */
  async resume(checkpoint: Checkpoint): Promise<void> {
    this.last = checkpoint;
    this.grace = undefined;
    const { path: _, time, older = [], ...position } = checkpoint;
    await this.keeper.resume([...older, position], time);
  }

  /** Looks at the files again: rotated, truncated, grown? */
  look(): Promise<void> {
    return this.keeper.look();
  }

  /** The next lines, if there are any. */
  async take(): Promise<Batch | undefined> {
    if (this.keeper.isSetBack) {
      this.keeper.isSetBack = false;
      return this.position();
    }
    return (await this.takeLate()) ?? (await this.takeNext());
  }

  /** Opens everything anew from where it has been handed out: after an error, or when asked to. */
  async reopen(): Promise<void> {
    await this.resume(this.last);
  }

  /** Whether something is to be decided soon, though no file may change. */
  get restless(): boolean {
    return this.grace !== undefined || this.keeper.restless;
  }

  async close(): Promise<void> {
    await this.keeper.close();
  }

  private async takeLate(): Promise<Batch | undefined> {
    for (const known of this.keeper.known) {
      const { generation, until } = known;
      if (generation === undefined || until === undefined || known.isUnsighted) continue;
      const over = Date.now() >= until;
      let reading = await generation.read();
      if (reading === 'nothing' && over) reading = await generation.readRest();
      if (typeof reading === 'object') return this.batch(reading, generation);
      if (reading === 'replaced' || reading === 'shrunk') return this.lose(known, reading);
      if (over) await known.finish();
    }
    return undefined;
  }

  private async takeNext(): Promise<Batch | undefined> {
    for (;;) {
      const known = this.keeper.known.find((one) => one.isQueued);
      const generation = known?.generation;
      if (known === undefined || generation === undefined || known.isUnsighted) return undefined;
      let reading: Reading | 'left' = await generation.read();
      if (reading === 'nothing') reading = await this.atEnd(known, generation);
      if (typeof reading === 'object') {
        this.grace = undefined;
        return this.batch(reading, generation);
      }
      if (reading === 'nothing') return undefined;
      if (reading === 'replaced' || reading === 'shrunk') return this.lose(known, reading);
      if (reading === 'finished') await known.finish();
    }
  }

  /** At the end of what a generation has: it's `left` for the next one, or its unterminated last line is taken. */
  private async atEnd(known: Known, generation: Generation): Promise<Reading | 'left'> {
    const later = this.keeper.known.slice(this.keeper.known.indexOf(known) + 1);
    if (!later.some((one) => one.isQueued && one.head?.length)) return 'nothing';
    // It may have grown before its successor did, and after it was looked at.
    const looked = await generation.look();
    if (looked !== 'same') return looked;
    if (known.isUnsighted) return 'nothing';
    const grown = await generation.read();
    if (grown !== 'nothing') return grown;
    if (generation.left > 0) {
      if (this.grace?.mtime !== generation.mtime) {
        const now = Date.now();
        this.grace = { mtime: generation.mtime, until: Math.min(now, generation.mtime) + GRACE_MS };
      }
      if (Date.now() < this.grace.until) return 'nothing';
      const rest = await generation.readRest();
      if (rest !== 'nothing') return rest;
    }
    this.grace = undefined;
    known.until = Date.now() + LINGER_MS;
    return 'left';
  }

  /** What is in place of what was read is found out, and read, at once. */
  private async lose(known: Known, looked: 'replaced' | 'shrunk'): Promise<Batch | undefined> {
    await this.keeper.lose(known, looked);
    await this.keeper.look();
    return this.keeper.restless ? undefined : this.take();
  }

  private batch(taken: Taken, generation?: Generation): Batch {
    this.keeper.time = Math.max(this.keeper.time, generation?.mtime ?? 0);
    const { lines, cut } = taken;
    return { path: this.path, lines, cut, checkpoint: this.checkpoint(), left: this.left };
  }

  /** Bytes that are there and not taken, as far as is known. */
  private get left(): number {
    let left = 0;
    for (const { isQueued, generation } of this.keeper.known) if (isQueued) left += generation?.left ?? 0;
    return left;
  }

  /** What has been handed out, with the batch that it's for. */
  private checkpoint(): Checkpoint {
    const { known, time } = this.keeper;
    const main =
      known.findLast(({ position }) => position.offset > 0) ??
      known.find((one) => one.isQueued) ??
      known.at(-1);
    const older = known
      .slice(0, main === undefined ? 0 : known.indexOf(main))
      .map(({ position }) => position)
      // What nothing was taken of is new to the next one, too.
      .filter(({ offset, done }) => offset > 0 || done)
      .slice(1 - REMEMBERED);
    const position = main?.position ?? NOWHERE;
    this.last = { path: this.path, ...position, time, ...(older.length > 0 ? { older } : {}) };
    return this.last;
  }
}
