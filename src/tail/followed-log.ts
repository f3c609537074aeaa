import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError } from '../read/file-error.js';
import { printable } from '../read/printable.js';
import type { Checkpoint, Position } from './checkpoint.js';
import { areCopies, EMPTY, hasFingerprint, hasLine } from './fingerprint.js';
import type { Generation, Taken } from './generation.js';
import { PackedGeneration } from './packed-generation.js';
import { type From, PlainGeneration } from './plain-generation.js';
import { type Sibling, siblingsOf } from './siblings.js';
import { find, Moved, openListed, successorsOf } from './successors.js';

/** A rotated file may get late lines (the logger reopens when it is told to); so long it is watched for them. */
const LINGER_MS = 60_000;
/** How long an unterminated last line of a rotated file may still be completed while its successor has lines. */
const GRACE_MS = 1_000;
const REMEMBERED = 64;
const CLOCK_LAG_MS = 10;
const ATTEMPTS = 10;

/** Lines of one generation of a log, and the checkpoint to commit with them. */
export interface Batch {
  readonly path: string;
  readonly lines: readonly string[];
  /** How many of the lines were longer than 1 MiB and cut to that. */
  readonly cut: number;
  readonly checkpoint: Checkpoint;
}

/** Something to tell the user about a followed log; following goes on. */
export interface Notice {
  readonly path: string;
  /** `waiting`: not there yet; `unreadable`; `gap`: lines are gone that couldn't be read; `damaged`: a packed file. */
  readonly kind: 'waiting' | 'unreadable' | 'gap' | 'damaged';
  readonly message: string;
}

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
  private readonly notify: (notice: Notice) => void;
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

  constructor(path: string, notify: (notice: Notice) => void) {
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
      const rotated = last && (await this.openSibling(last, 0).catch(() => undefined));
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
      if (sibling) this.queue.push(await this.openSibling(sibling, position.offset));
    }
    const live = await this.openLive();
    if (live) this.queue.push(live);
    // Of an empty file only the inode was known, and that may be another file's by now: time tells then.
    const position = checkpoint.fingerprint === EMPTY ? NOWHERE : checkpoint;
    if (live && (await this.isAt(live, position, siblings))) {
      live.startAt(position.offset);
      return;
    }
    const between = await this.between(position, live ? [live] : [], {
      offset: position.offset,
      told: position !== NOWHERE,
    });
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
    const between = await this.between(position, this.queue.slice(at), { offset: position.offset, told });
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
      const between = await this.between(before, this.queue.slice(at));
      this.queue.splice(at, 0, ...between);
      const last = markerOf(between.at(-1));
      if (!settled && last) this.before.set(generation, last);
    }
  }

  /**
   * Opens the rotated generations after a position, up to those of `until`, that aren't open or read already. With `own`
   * also the position's own generation from there on; that it is gone is `told`.
   */
  private async between(
    position: Position,
    until: readonly Generation[],
    own?: { readonly offset: number; readonly told: boolean },
  ): Promise<Generation[]> {
    return whileRenaming(async () => {
      const { rest, newer } = await successorsOf(this.path, position, this.time);
      // What was empty at the last look may be one of those by now, packed.
      if (newer.length > 0) for (const generation of this.queue) await generation.look();
      const opened: Generation[] = [];
      try {
        if (rest && own) opened.push(await this.openSibling(rest, own.offset));
        for (const { sibling, head } of newer) {
          if (until.some((generation) => isOf(generation, sibling, head))) break;
          if (this.isKnown(sibling, head, opened)) continue;
          opened.push(await this.openSibling(sibling, 0));
        }
      } catch (error) {
        for (const generation of opened) await generation.close();
        throw error;
      }
      if (rest === undefined && own?.told) this.tellGap();
      return opened;
    });
  }

  private isKnown(sibling: Sibling, head: Buffer, opened: readonly Generation[]): boolean {
    const open = [...opened, ...this.queue, ...this.lingering.map(({ generation }) => generation)];
    return (
      open.some((generation) => isOf(generation, sibling, head)) ||
      this.seen.some((seen) => areCopies(head, seen))
    );
  }

  private async openSibling(sibling: Sibling, offset: number): Promise<Generation> {
    const file = await openListed(sibling);
    if (!sibling.packed) return PlainGeneration.of(sibling.path, file, offset);
    const damaged = (message: string) => this.notify({ path: this.path, kind: 'damaged', message });
    return PackedGeneration.of(file, sibling.path, offset, damaged);
  }

  private async openLive(): Promise<PlainGeneration | undefined> {
    try {
      const live = await PlainGeneration.of(this.path, await open(this.path, 'r'));
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

  private tellGap(): void {
    const message = `lines of ${printable(this.path)} are gone: it was truncated or removed before they were read, and no rotated copy of it can be read`;
    this.notify({ path: this.path, kind: 'gap', message });
  }

  private tellTrouble(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (this.trouble === code) return;
    this.trouble = code;
    if (code === 'ENOENT') {
      this.notify({
        path: this.path,
        kind: 'waiting',
        message: `${printable(this.path)} is not there yet: waiting`,
      });
      return;
    }
    const { message } = fileError(error, this.path);
    this.notify({ path: this.path, kind: 'unreadable', message: `${message}; trying on` });
  }
}

const NOWHERE: Position = { dev: '0', ino: '0', offset: 0, fingerprint: EMPTY };

/** Where a generation is that is held open: its inode can't be another's, so before it has a line that's enough. */
function markerOf(generation: Generation | undefined): Position | undefined {
  if (generation === undefined || hasLine(generation.head)) return generation?.position();
  return { ...generation.position(), fingerprint: EMPTY };
}

/** Whether a rotated file is this generation or a copy of it. */
function isOf(generation: Generation, sibling: Sibling, head: Buffer): boolean {
  const isSame = generation.dev === sibling.dev && generation.ino === sibling.ino;
  return isSame || areCopies(head, generation.head);
}

/** Tries again while files are being renamed or packed under the reader's hands. */
async function whileRenaming<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Moved) || attempt === ATTEMPTS) throw error;
      await sleep(5 * attempt);
    }
  }
}
