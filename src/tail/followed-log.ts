import { constants, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { printable } from '../output/printable.js';
import { fileError } from '../read/file-error.js';
import type { Batch, Notify } from './batch.js';
import type { Checkpoint, Position } from './checkpoint.js';
import { areCopies, EMPTY, hasFingerprint, hasLine } from './fingerprint.js';
import type { Generation, Taken } from './generation.js';
import { type From, PlainGeneration } from './plain-generation.js';
import { markerOf, NOWHERE, openRotated, openSibling, type Wanted } from './rotated.js';
import { type Sibling, siblingsOf } from './siblings.js';
import { find, whileRenaming } from './successors.js';

/** A rotated file may get late lines (the logger reopens when it is told to); so long it is watched for them. */
const LINGER_MS = 60_000;
/** How long an unterminated last line of a rotated file may still be completed while its successor has lines. */
const GRACE_MS = 1_000;
const REMEMBERED = 64;
const CLOCK_LAG_MS = 10;

/**
 * The keeper of one log's generations. All that aren't read to their end are held open, in the order they were
 * written: `queue[0]` is being read, the last one is the file that has the log's name (or had it last).
 *
 * A rotation is noticed by the name pointing to another inode, a truncation by the first bytes being others.
 * At both, and when a new file gets its first line, the rotated files are looked through for generations that
 * came and went unseen since the last look.
 */
export class FollowedLog {
  readonly path: string;
  private readonly notify: Notify;
  private queue: Generation[] = [];
  private lingering: { readonly generation: Generation; readonly until: number }[] = [];
  /** Heads of what was read, so that a copy or packing of it isn't read again. */
  private seen: Buffer[] = [];
  private time = 0;
  /** What came before a generation, while that one has no line yet. */
  private before = new Map<Generation, Position>();
  /** When a name in the folder changed last, as of the last look for what came before. */
  private folderTime: bigint | undefined;
  private grace: { readonly mtime: number; readonly until: number } | undefined;
  /** The checkpoint given out last. */
  private last: Checkpoint;
  private trouble: string | undefined;

  constructor(path: string, notify: Notify) {
    this.path = path;
    this.notify = notify;
    this.last = { path, ...NOWHERE, time: Date.now() };
  }

  /** Begins without a checkpoint. */
  async begin(from: From): Promise<void> {
    // File systems stamp with a clock that may lag some milliseconds.
    this.time = Date.now() - CLOCK_LAG_MS;
    const live = await this.openLive();
    await live?.begin(from);
    if (live === undefined || live.head.length === 0) {
      // Just rotated: the logger may not have reopened yet and goes on in the rotated file.
      const last = (await siblingsOf(this.path)).filter((sibling) => !sibling.packed).at(-1);
      const rotated = last && (await openSibling(last, 0, this.notify).catch(() => undefined));
      if (rotated instanceof PlainGeneration) {
        await rotated.begin('end');
        this.queue.push(rotated);
      }
    }
    if (live && !hasLine(live.head)) this.before.set(live, markerOf(this.queue[0]) ?? NOWHERE);
    if (live) this.queue.push(live);
  }

  /** A batch without lines: says where following began, or where it stands. */
  position(): Batch {
    return this.batch({ lines: [], cut: 0 });
  }

  /** Begins where an earlier run ended. */
  async resume(checkpoint: Checkpoint): Promise<void> {
    this.last = checkpoint;
    await whileRenaming(async () => {
      await this.close();
      await this.openFrom(checkpoint);
    });
  }

  /** Looks at the files again: rotated, truncated, grown? */
  async look(): Promise<void> {
    for (const generation of [...this.queue]) {
      if ((await generation.look()) === 'replaced') await this.replaced(generation);
    }
    for (const { generation } of [...this.lingering]) {
      if ((await generation.look()) === 'replaced') await this.drop(generation);
    }
    await this.firstLines();
    await this.discover();
    await this.firstLines();
  }

  /** The next lines, if there are any. */
  async take(): Promise<Batch | undefined> {
    const { dev, ino, offset } = this.last;
    const cutBack = this.queue.some((generation) => {
      const position = generation.position();
      return position.dev === dev && position.ino === ino && position.offset < offset;
    });
    // To be committed before the file grows again.
    if (cutBack) return this.position();
    return (await this.takeLate()) ?? (await this.takeNext());
  }

  /** Opens everything anew from where it has been handed out: after an error, or when asked to. */
  async reopen(): Promise<void> {
    await this.resume(this.last);
  }

  /** Whether something is to be decided soon, though no file may change. */
  get restless(): boolean {
    return this.grace !== undefined || [...this.before.keys()].some(({ head }) => head.length > 0);
  }

  async close(): Promise<void> {
    const open = [...this.queue, ...this.lingering.map(({ generation }) => generation)];
    this.queue = [];
    this.lingering = [];
    this.before.clear();
    for (const generation of open) await generation.close().catch(() => undefined);
  }

  private async openFrom(checkpoint: Checkpoint): Promise<void> {
    this.time = checkpoint.time;
    this.seen = [];
    const siblings = await siblingsOf(this.path);
    for (const position of checkpoint.older ?? []) {
      const sibling = await find(siblings, position);
      if (sibling) this.queue.push(await openSibling(sibling, position.offset, this.notify));
    }
    const live = await this.openLive();
    if (live) this.queue.push(live);
    // Of an empty file only the inode was known, and that may be another file's by now: time tells then.
    const position = checkpoint.fingerprint === EMPTY ? NOWHERE : checkpoint;
    if (live && (await this.isAt(live, position, siblings))) {
      live.startAt(position.offset);
      return;
    }
    const between = await this.between(position, live ? [live] : [], { told: position.offset > 0 });
    this.queue.splice(live ? -1 : this.queue.length, 0, ...between);
    if (live) this.before.set(live, markerOf(between.at(-1)) ?? position);
  }

  private async takeLate(): Promise<Batch | undefined> {
    for (const { generation, until } of [...this.lingering]) {
      const over = Date.now() >= until;
      let reading = await generation.read();
      if (reading === 'nothing' && over) reading = await generation.readRest();
      if (typeof reading === 'object') return this.batch(reading, generation);
      if (over || reading === 'replaced') await this.drop(generation);
    }
    return undefined;
  }

  private async takeNext(): Promise<Batch | undefined> {
    for (;;) {
      const generation = this.queue[0];
      if (generation === undefined) return undefined;
      if (generation.head.length > 0 && this.before.has(generation)) return undefined;
      const reading = await generation.read();
      if (typeof reading === 'object') {
        this.grace = undefined;
        return this.batch(reading, generation);
      }
      if (reading === 'replaced') await this.replaced(generation);
      else if (reading === 'finished') await this.drop(generation);
      else {
        const rest = await this.atEnd(generation);
        if (rest === 'wait') return undefined;
        if (rest !== 'on') return this.batch(rest, generation);
      }
    }
  }

  /** At the end of what a generation has: go `on` to the next one, `wait`, or take its unterminated last line. */
  private async atEnd(generation: Generation): Promise<'on' | 'wait' | Taken> {
    if (!this.queue.some((later) => later !== generation && later.head.length > 0)) return 'wait';
    // It may have grown before its successor did, and after it was looked at.
    if ((await generation.look()) === 'replaced') {
      await this.replaced(generation);
      return 'on';
    }
    if (generation.head.length > 0 && this.before.has(generation)) return 'wait';
    const grown = await generation.read();
    if (typeof grown === 'object') return grown;
    if (grown === 'replaced') return 'on';
    if (generation.unread) {
      if (this.grace?.mtime !== generation.mtime) {
        const now = Date.now();
        this.grace = { mtime: generation.mtime, until: Math.min(now, generation.mtime) + GRACE_MS };
      }
      if (Date.now() < this.grace.until) return 'wait';
      const rest = await generation.readRest();
      if (typeof rest === 'object') return rest;
    }
    this.grace = undefined;
    this.queue.shift();
    this.remember(generation);
    this.lingering.push({ generation, until: Date.now() + LINGER_MS });
    return 'on';
  }

  private batch(taken: Taken, generation?: Generation): Batch {
    this.time = Math.max(this.time, generation?.mtime ?? 0);
    return { path: this.path, lines: taken.lines, cut: taken.cut, checkpoint: this.checkpoint() };
  }

  /** What has been handed out, with the batch that it's for. */
  private checkpoint(): Checkpoint {
    const open = [...this.lingering.map(({ generation }) => generation), ...this.queue];
    const positions = open.map((generation) => generation.position());
    // Usually queue[0]; but after a start an older one may be read first.
    const main = Math.max(
      positions.findLastIndex(({ offset }) => offset > 0),
      Math.min(this.lingering.length, positions.length - 1),
    );
    const position = positions[main] ?? NOWHERE;
    // An empty one couldn't be found again.
    const older = positions.slice(0, Math.max(0, main)).filter(({ fingerprint }) => fingerprint !== EMPTY);
    this.last = { path: this.path, ...position, time: this.time, ...(older.length > 0 ? { older } : {}) };
    return this.last;
  }

  /** The name points to another file, or to one at last. */
  private async discover(): Promise<void> {
    let newest = this.queue.at(-1);
    const stats = await stat(this.path, { bigint: true }).catch(() => undefined);
    if (newest && stats && newest.dev === String(stats.dev) && newest.ino === String(stats.ino)) return;
    // A file that has been renamed is truncated no more: what it holds now is what is known of it from here on.
    if (newest && (await newest.look()) === 'replaced') {
      await this.replaced(newest);
      newest = this.queue.at(-1);
    }
    const live = await this.openLive();
    if (live === undefined) return;
    if (newest && live.dev === newest.dev && live.ino === newest.ino) return live.close();
    const position = markerOf(newest) ?? NOWHERE;
    this.queue.push(live);
    if (newest && hasFingerprint(live.head, position.fingerprint)) {
      // Not rotated but replaced by a copy of itself.
      live.startAt(position.offset);
      await this.drop(newest);
      return;
    }
    const between = await this.between(position, [live]);
    this.queue.splice(-1, 0, ...between);
    this.before.set(live, markerOf(between.at(-1)) ?? position);
  }

  /** The content of an open file has been replaced: what was not read of the old is in a copy, or gone. */
  private async replaced(generation: Generation): Promise<void> {
    const at = this.queue.indexOf(generation);
    if (at === -1 || !(generation instanceof PlainGeneration)) return;
    // What it held is in a copy or nowhere, but not in this inode.
    const position = { ...generation.position(), ino: NOWHERE.ino };
    const told = generation.unread;
    const renewed = await generation.renewed();
    this.remember(generation);
    this.queue[at] = renewed;
    const between = await this.between(position, this.queue.slice(at), { told });
    this.queue.splice(at, 0, ...between);
    this.before.delete(generation);
    this.before.set(renewed, markerOf(between.at(-1)) ?? position);
  }

  /**
   * What came and went before a new file's first line. Only then the file can be told from a copy that is being
   * made of it; while it stays empty, names that change in the folder tell.
   */
  private async firstLines(): Promise<void> {
    if (this.before.size === 0) return;
    const stats = await stat(dirname(this.path), { bigint: true }).catch(() => undefined);
    const renamed = stats !== undefined && stats.mtimeNs !== this.folderTime;
    this.folderTime = stats?.mtimeNs;
    for (const [generation, before] of [...this.before]) {
      const at = this.queue.indexOf(generation);
      const isNewest = at === this.queue.length - 1;
      const settled = at === -1 || hasLine(generation.head) || (!isNewest && generation.head.length > 0);
      if (settled) this.before.delete(generation);
      if (at === -1 || (!settled && !renamed)) continue;
      if (settled && !isNewest && this.hasCopy(generation)) {
        await this.drop(generation);
        continue;
      }
      const between = await this.between(before, this.queue.slice(at));
      this.queue.splice(at, 0, ...between);
      const last = markerOf(between.at(-1));
      if (!settled && last) this.before.set(generation, last);
    }
  }

  /** Opens the rotated generations after a position that aren't open or read already, up to those of `until`. */
  private async between(
    after: Position,
    until: readonly Generation[],
    own?: Wanted['own'],
  ): Promise<Generation[]> {
    const open = [...this.queue, ...this.lingering.map(({ generation }) => generation)];
    const wanted = { after, time: this.time, until, open, seen: this.seen, ...(own ? { own } : {}) };
    const opened = await openRotated(this.path, wanted, this.notify);
    for (const generation of opened) if (!hasLine(generation.head)) this.before.set(generation, after);
    return opened;
  }

  private async openLive(): Promise<PlainGeneration | undefined> {
    try {
      // Not blocking: a pipe in a log's place would wait for its writer.
      const file = await open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
      const live = await PlainGeneration.of(this.path, file);
      this.trouble = undefined;
      return live;
    } catch (error) {
      this.tellTrouble(error);
      return undefined;
    }
  }

  private async isAt(live: Generation, position: Position, siblings: readonly Sibling[]): Promise<boolean> {
    if (!hasFingerprint(live.head, position.fingerprint)) return false;
    if (live.dev === position.dev && live.ino === position.ino) return true;
    return (await find(siblings, position)) === undefined;
  }

  /** A rotated file that was empty may become a copy that is made of another one. */
  private hasCopy(generation: Generation): boolean {
    return this.queue.some((other) => other !== generation && areCopies(other.head, generation.head));
  }

  private async drop(generation: Generation): Promise<void> {
    this.remember(generation);
    this.queue = this.queue.filter((other) => other !== generation);
    this.lingering = this.lingering.filter((other) => other.generation !== generation);
    await generation.close();
  }

  private remember(generation: Generation): void {
    if (generation.head.length > 0) this.seen.push(generation.head);
    if (this.seen.length > REMEMBERED) this.seen.shift();
  }

  private tellTrouble(error: unknown): void {
    const { message } = fileError(error, this.path);
    if (this.trouble === message) return;
    this.trouble = message;
    const path = this.path;
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing)
      this.notify({ path, kind: 'waiting', message: `${printable(path)} is not there yet: waiting` });
    else this.notify({ path, kind: 'unreadable', message: `${message}; trying on` });
  }
}
