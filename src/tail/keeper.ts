import { constants, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../output/printable.js';
import { fileError } from '../read/file-error.js';
import type { Notify } from './batch.js';
import type { Position } from './checkpoint.js';
import { type Examined, examine, isCopyOf, Moved, mayBecomeCopyOf, openListed } from './examined.js';
import { fingerprintOf, hasLine } from './fingerprint.js';
import type { Generation, Looked } from './generation.js';
import { Known } from './known.js';
import { areUnchanged, isLaterThan, type LogFile, logFiles } from './log-files.js';
import { isSame, match } from './match.js';
import { PackedGeneration } from './packed-generation.js';
import { type From, PlainGeneration } from './plain-generation.js';

/** So many generations are remembered. */
export const REMEMBERED = 16;
/** Where none of them is found by its inode, so many of the newest files are looked through. */
const SEARCHED = 32;
const ATTEMPTS = 10;
/** Two changes that are closer may have the same time. */
const CLOCK_TICK_MS = 20;

/**
 * Keeps the generations of one log, in the order they were written. All that aren't read to their end are held open.
 * Of those that were it is known what they began with and how far they were taken.
 *
 * Whenever the name points to another inode, or a file's content was replaced, the folder is surveyed: each file is
 * either a known generation under its name, inode or packing of now, or older than all that are known, or new.
 */
export class Keeper {
  known: Known[] = [];
  /** A generation was cut back or given up: to be committed before there is more to read. */
  isSetBack = false;
  /** Where no known generation is left, what was modified after this is new (ms since 1970). */
  time = 0;
  private readonly path: string;
  private readonly notify: Notify;
  /** What was found in files in place of what they held, until it's clear what it is. */
  private renewed: { readonly generation: PlainGeneration; readonly after: Known }[] = [];
  /** The file that has the log's name, if it is open. */
  private live: string | undefined;
  private unsettled = false;
  /** When a name in the folder changed last (ms since 1970), as of the last survey, if that is certain. */
  private folderChanged: number | undefined;
  /** A file that may be a copy being made: whether it is one shows when it holds a line, or is left a fragment. */
  private pending: 'empty' | 'fragment' | undefined;
  private packed = new Map<string, Examined>();
  private trouble: string | undefined;
  private readonly leftOut = new Set<string>();

  constructor(path: string, notify: Notify) {
    this.path = path;
    this.notify = notify;
  }

  /** Begins with what is there. */
  async begin(from: From): Promise<void> {
    await this.close();
    const live = await this.openLive();
    if (live) {
      await live.begin(from);
      this.known.push(Known.open(live, { isSighted: hasLine(live.head) }));
      this.live = idOf(live);
    }
    const rotated = (await logFiles(this.path)).filter(
      (file) => file.order.kind !== 'live' && idOf(file) !== this.live,
    );
    const last = rotated.at(-1);
    if (last === undefined) return;
    if (!last.packed && (live === undefined || live.head.length === 0)) {
      // Just rotated: the logger may not have reopened yet and goes on in the rotated file.
      const generation = await this.openFile(last, 0).catch(() => undefined);
      if (!(generation instanceof PlainGeneration)) return;
      await generation.begin('end');
      this.known.unshift(Known.open(generation, { isSighted: true }));
    } else {
      const { head } = await examine(last).catch(() => ({ head: Buffer.alloc(0) }));
      const { dev, ino, born } = last;
      const inode = { dev, ino, ...(born === undefined ? {} : { born }) };
      // It and what is older isn't to be read.
      this.known.unshift(Known.closed({ ...inode, offset: 0, fingerprint: fingerprintOf(head), done: true }));
    }
  }

  /** Begins with what was known. */
  async resume(positions: readonly Position[], time: number): Promise<void> {
    await this.close();
    this.known = positions.map((position) => Known.closed(position));
    this.time = time;
    await this.survey();
  }

  /** Looks at the files again: rotated, truncated, grown? */
  async look(): Promise<void> {
    await this.lookAtOpen();
    const stats = await stat(this.path, { bigint: true }).catch(() => undefined);
    const isLive = stats !== undefined && this.live === idOf(stats);
    if (!isLive || this.unsettled || this.pending || (await this.mayHaveHeldLines())) await this.survey();
  }

  /** The content of an open generation was found replaced. It is to be looked again. */
  async lose(known: Known, looked: Exclude<Looked, 'same'>): Promise<void> {
    const { generation } = known;
    if (!(generation instanceof PlainGeneration)) return;
    known.lose(looked);
    this.unsettled = true;
    this.renewed.push({ generation: await generation.renewed(), after: known });
  }

  /** Whether a look has something to decide, though no file may change. */
  get restless(): boolean {
    return this.unsettled || this.pending === 'fragment' || this.known.some(({ isUnsighted }) => isUnsighted);
  }

  async close(): Promise<void> {
    const generations = [...this.known, ...this.renewed].flatMap(({ generation }) => generation ?? []);
    this.known = [];
    this.renewed = [];
    this.live = undefined;
    this.isSetBack = false;
    for (const generation of generations) await generation.close().catch(() => undefined);
  }

  private async lookAtOpen(): Promise<void> {
    for (const known of [...this.known]) {
      const looked = (await known.generation?.look()) ?? 'same';
      if (looked !== 'same') await this.lose(known, looked);
      else if (known.isUnsighted) this.unsettled = true;
    }
    for (const [i, { generation, after }] of [...this.renewed.entries()]) {
      if ((await generation.look()) === 'same') continue;
      this.renewed[i] = { generation: await generation.renewed(), after };
    }
  }

  /** An empty file may have held lines since it was looked at, and been truncated: there is a copy then. */
  private async mayHaveHeldLines(): Promise<boolean> {
    if (!this.known.some(({ generation }) => generation && !hasLine(generation.head))) return false;
    const changed = await this.folderChange();
    return changed === undefined || changed !== this.folderChanged;
  }

  private async folderChange(): Promise<number | undefined> {
    const stats = await stat(dirname(this.path)).catch(() => undefined);
    return stats && Date.now() - stats.mtimeMs > CLOCK_TICK_MS ? stats.mtimeMs : undefined;
  }

  private async survey(): Promise<void> {
    this.unsettled = true;
    this.folderChanged = await this.folderChange();
    for (let attempt = 1; this.unsettled && attempt <= ATTEMPTS; attempt++) {
      try {
        await this.surveyOnce();
        this.unsettled = false;
      } catch (error) {
        // Files are being renamed or packed under the reader's hands.
        if (!(error instanceof Moved)) throw error;
        await sleep(5 * attempt);
      }
    }
  }

  /** Finds out which files are known generations, and opens what is to be read. */
  private async surveyOnce(): Promise<void> {
    const listed = await logFiles(this.path);
    await this.lookAtOpen();
    this.keepUnlisted(listed);
    const sighted = this.known.filter(({ isUnsighted }) => isUnsighted);
    const { known, files } = await this.relevant(listed);
    const matched = new Map(await match(known, files));
    const fresh = await this.newAmong(files, matched);
    // What was found replaced had been copied before: no copy may be missing.
    if (!(await areUnchanged(this.path, listed))) throw new Moved();
    for (const [i, file] of files.entries()) {
      const one = matched.get(file);
      if (one) await this.goOn(one, file);
      else if (fresh.has(file)) {
        const generation = await this.openNew(file);
        if (generation === undefined) continue;
        const opened = Known.open(generation, { isSighted: hasLine(file.head) });
        const next = files.slice(i + 1).flatMap((later) => matched.get(later) ?? [])[0];
        this.known.splice(next ? this.known.indexOf(next) : this.known.length, 0, opened);
        matched.set(file, opened);
      }
    }
    for (const one of sighted) one.isSighted = true;
    for (const { generation } of this.renewed.splice(0)) await generation.close();
    const last = files.at(-1);
    if (last?.file.order.kind === 'live') {
      this.readOn(matched.get(last));
      this.giveUp(known, new Set(matched.values()));
    } else await this.tellMissing();
    while (this.known.length > REMEMBERED && this.known[0]?.isDone) this.known.shift();
  }

  /**
   * The generations and files to be matched: nothing is to be read of those before a generation that is surely there
   * under its inode, if all before it are done with.
   */
  private async relevant(
    listed: readonly LogFile[],
  ): Promise<{ readonly known: readonly Known[]; readonly files: readonly Examined[] }> {
    const undone = this.known.findIndex((known) => !known.isDone);
    for (let k = undone === -1 ? this.known.length - 1 : undone; k >= 0; k--) {
      const one = this.known[k];
      const i = listed.findIndex((file) => one?.isBegun && idOf(file) === idOf(one.position));
      const file = listed[i];
      if (one === undefined || file === undefined || !(await isSame(one, await this.examine(file)))) continue;
      return { known: this.known.slice(k), files: await this.examineAll(listed.slice(i)) };
    }
    return { known: [...this.known], files: await this.examineAll(listed.slice(-SEARCHED)) };
  }

  /** The files whose lines are to be read from the first on. */
  private async newAmong(
    files: readonly Examined[],
    matched: ReadonlyMap<Examined, Known>,
  ): Promise<ReadonlySet<Examined>> {
    const first = files.findIndex((file) => matched.get(file)?.isBegun);
    const fresh = new Set<Examined>();
    this.pending = undefined;
    for (const [i, file] of files.entries()) {
      if (matched.has(file)) continue;
      const isLive = file.file.order.kind === 'live';
      const isOld = first === -1 ? !isLaterThan(file.file, this.time) : i < first;
      if (isOld && !isLive) continue;
      const later = files.slice(i + 1);
      const copied = later.length === 1 ? mayBecomeCopyOf(file, later[0]) : 'no';
      if (copied === 'yes') {
        if (file.head.length === 0) this.pending = 'empty';
        // Before what is being read from its first line on nothing can come up but a copy of it.
        else if (!later.some((live) => matched.get(live)?.isBegun)) this.pending = 'fragment';
      } else if (copied === 'no' && !(await isCopyOfAny(file, later))) fresh.add(file);
    }
    return fresh;
  }

  /** Reads on in a known generation, where there may be more of it. */
  private async goOn(known: Known, { file, head, size }: Examined): Promise<void> {
    const { position } = known;
    const isLive = file.order.kind === 'live';
    if (known.generation) {
      if (!isLive || idOf(position) === idOf(file)) return;
      // Not rotated but replaced by a copy of itself.
      const copy = await this.openFile(file, position.offset);
      await known.generation.close();
      known.generation = copy;
      known.isSighted = true;
      return;
    }
    const hasGrown = size !== undefined && position.offset > 0 && size > position.offset;
    if (known.isDone && !hasGrown && !isLive) return;
    const generation = await this.openFile(file, position.offset);
    known.generation = generation;
    known.isSighted = position.offset > 0 || hasLine(head);
    if (generation.position().offset < position.offset) this.isSetBack = true;
  }

  /** What has the log's name is read as long as it has. */
  private readOn(known: Known | undefined): void {
    this.live = known?.generation && idOf(known.generation);
    if (known === undefined) return;
    known.until = undefined;
    // What may come before it is to be read before it.
    if (this.pending === 'fragment' && !known.isBegun) known.isSighted = false;
    this.known = [...this.known.filter((other) => other !== known), known];
  }

  /** What was found in a file that is no more there by any name is a generation: perhaps it's there packed. */
  private keepUnlisted(listed: readonly LogFile[]): void {
    for (const renewed of [...this.renewed]) {
      const { generation, after } = renewed;
      if (listed.some((file) => idOf(file) === idOf(generation))) continue;
      this.renewed = this.renewed.filter((other) => other !== renewed);
      const known = Known.open(generation, { isSighted: true });
      this.known.splice(this.known.indexOf(after) + 1, 0, known);
    }
  }

  /** What is neither there nor copied is gone. Where the log itself isn't there, its folder may be yet to come. */
  private giveUp(known: readonly Known[], found: ReadonlySet<Known>): void {
    for (const one of known) {
      if (found.has(one) || one.generation || one.isDone) continue;
      if (one.unread) {
        const message = `lines of ${printable(this.path)} are gone: it was truncated or removed before they were read, and no rotated copy of it can be read`;
        this.notify({ path: this.path, kind: 'gap', message });
      }
      // No copy of it can come up any more; another one that begins alike may.
      this.known = this.known.filter((other) => other !== one);
      this.isSetBack = true;
    }
  }

  private async openNew(examined: Examined): Promise<Generation | undefined> {
    const { file, head } = examined;
    try {
      if (examined.error !== undefined) throw examined.error;
      if (file.packed && head.length === 0) return undefined;
      const generation = await this.openFile(file, 0);
      const isThat = generation.head.subarray(0, head.length).equals(head);
      if (isThat) return generation;
      await generation.close();
      throw new Moved();
    } catch (error) {
      if (error instanceof Moved) throw error;
      if (file.order.kind === 'live') this.tellTrouble(error);
      else if (!this.leftOut.has(idOf(file))) {
        this.leftOut.add(idOf(file));
        const message = `${fileError(error, file.path).message}; its lines are left out`;
        this.notify({ path: this.path, kind: 'unreadable', message });
      }
      return undefined;
    }
  }

  private async openFile(file: LogFile, offset: number): Promise<Generation> {
    const at = this.renewed.findIndex(({ generation }) => idOf(generation) === idOf(file));
    const [renewed] = at === -1 ? [] : this.renewed.splice(at, 1);
    if (renewed) {
      await renewed.generation.startAt(offset);
      return renewed.generation;
    }
    const handle = await openListed(file);
    if (file.order.kind === 'live') this.trouble = undefined;
    if (!file.packed) return PlainGeneration.of(file.path, handle, offset);
    const onDamage = (message: string) => this.notify({ path: file.path, kind: 'damaged', message });
    return PackedGeneration.of(handle, file.path, offset, onDamage);
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

  private async tellMissing(): Promise<void> {
    this.live = undefined;
    const live = await this.openLive();
    await live?.close();
    if (live) throw new Moved();
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

  private async examineAll(files: readonly LogFile[]): Promise<Examined[]> {
    const examined: Examined[] = [];
    for (const file of files) examined.push(await this.examine(file));
    const ids = new Set(files.map(versionOf));
    for (const id of this.packed.keys()) if (!ids.has(id)) this.packed.delete(id);
    return examined;
  }

  /** Packed files don't change, and unpacking takes time. */
  private async examine(file: LogFile): Promise<Examined> {
    const before = this.packed.get(versionOf(file));
    if (before) return { ...before, file };
    const examined = await examine(file);
    if (file.packed && examined.error === undefined) this.packed.set(versionOf(file), examined);
    return examined;
  }
}

async function isCopyOfAny(file: Examined, later: readonly Examined[]): Promise<boolean> {
  for (const other of later) if (await isCopyOf(file, other)) return true;
  return false;
}

function idOf({ dev, ino }: { readonly dev: string | bigint; readonly ino: string | bigint }): string {
  return `${dev}:${ino}`;
}

function versionOf(file: LogFile): string {
  return `${idOf(file)}:${file.mtime}`;
}
