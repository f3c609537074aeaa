import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** A program that packs, and the ending it gives. */
export type Packer = readonly [program: string, ending: string];

/**
 * A logger and its logrotate, in one hand: does to a log what they do, and knows which lines a reader must
 * have got in the end. One line after another; a rotated file's unterminated last line counts as a line.
 */
export class Writer {
  readonly path: string;
  /** What a reader has to deliver, in order. */
  readonly expected: string[] = [];
  private fd: number;
  private number = 0;
  /** Of the present line, what has been written. */
  private written = '';
  /** Of the present line, the bytes to come. */
  private pending: Buffer = Buffer.alloc(0);
  private readonly folder: string;

  constructor(folder: string, name = 'mail.log') {
    this.folder = folder;
    this.path = join(folder, name);
    this.fd = openSync(this.path, 'a');
  }

  /** Whole lines, in one write. */
  lines(count: number, pad = ''): void {
    let text = '';
    for (let i = 0; i < count; i++) {
      const line = this.nextLine(pad);
      if (i === 0 && this.pending.length > 0) throw new Error('a line is unfinished');
      this.expected.push(line);
      text += `${line}\n`;
    }
    writeSync(this.fd, text);
  }

  /** A part of a line, cut at any byte; the last part ends it. */
  piece(bytes: number): void {
    if (this.pending.length === 0) {
      this.written = '';
      this.pending = Buffer.from(`${this.nextLine('in pieces ')}\n`);
    }
    const part = this.pending.subarray(0, bytes);
    this.pending = this.pending.subarray(bytes);
    writeSync(this.fd, part);
    this.written += part.toString('latin1');
    if (this.pending.length === 0) this.ends(this.written.slice(0, -1));
  }

  finishLine(): void {
    if (this.pending.length > 0) this.piece(this.pending.length);
  }

  /** The file at the log's name becomes `.1`, `.1` becomes `.2`. The logger stays on it until it reopens. */
  rename(create: boolean): void {
    if (!existsSync(this.path)) return;
    this.shift();
    renameSync(this.path, `${this.path}.1`);
    if (create) closeSync(openSync(this.path, 'a'));
  }

  reopen(): void {
    if (this.isOnItsName()) return;
    this.cutOff();
    closeSync(this.fd);
    this.fd = openSync(this.path, 'a');
  }

  copytruncate(): void {
    this.reopen();
    this.cutOff();
    this.shift();
    copyFileSync(this.path, `${this.path}.1`);
    ftruncateSync(this.fd, 0);
  }

  /** The logger's file is emptied, or cut back to a line's start; gives the size then. Only what has been read may be lost. */
  shrink(share: number): number {
    this.reopen();
    const text = readFileSync(this.path);
    const size = share === 0 ? 0 : text.lastIndexOf(0x0a, Math.floor(text.length * share)) + 1;
    truncateSync(this.path, size);
    return size;
  }

  remove(): void {
    if (existsSync(this.path)) unlinkSync(this.path);
  }

  /** The file is replaced by a copy of itself, as editors do. */
  replaceByCopy(): void {
    this.reopen();
    copyFileSync(this.path, `${this.path}.tmp`);
    renameSync(`${this.path}.tmp`, this.path);
    closeSync(this.fd);
    this.fd = openSync(this.path, 'a');
  }

  /** Packs the newest rotated file nobody writes to. */
  compress([program, ending]: Packer): void {
    const name = this.rotated().find((candidate) => /\.\d+$/.test(candidate));
    if (name === undefined) return;
    const file = join(this.folder, name);
    const stats = statSync(file);
    if (stats.ino === fstatSync(this.fd).ino) return;
    const packed = spawnSync(program, ['-c'], { input: readFileSync(file), maxBuffer: 1 << 28 });
    if (packed.status !== 0) throw new Error(`${program} failed`);
    writeFileSync(`${file}${ending}`, packed.stdout);
    utimesSync(`${file}${ending}`, stats.atimeMs / 1000, stats.mtimeMs / 1000);
    unlinkSync(file);
  }

  close(): void {
    closeSync(this.fd);
    rmSync(this.folder, { recursive: true, force: true });
  }

  protected nextLine(pad: string): string {
    this.number += 1;
    return `Nov 23 00:19:14 mx postfix/smtp[91]: ${this.number} ${pad}för → 😀 ${'x'.repeat((this.number * 7) % 90)}`;
  }

  /** The present file gets nothing more: its unfinished line is all there will be of it. */
  private cutOff(): void {
    if (this.pending.length === 0 || this.written === '') return;
    this.ends(this.written);
    this.written = '';
  }

  private ends(latin1: string): void {
    this.expected.push(Buffer.from(latin1, 'latin1').toString('utf8'));
  }

  private isOnItsName(): boolean {
    return existsSync(this.path) && statSync(this.path).ino === fstatSync(this.fd).ino;
  }

  private rotated(): string[] {
    const mark = (name: string) => Number(/\.(\d+)/.exec(name.slice('mail.log'.length))?.[1]);
    return readdirSync(this.folder)
      .filter((name) => /^mail\.log\.\d+/.test(name))
      .sort((a, b) => mark(a) - mark(b));
  }

  private shift(): void {
    for (const name of this.rotated().reverse()) {
      const next = name.replace(/^mail\.log\.(\d+)/, (_, n) => `mail.log.${Number(n) + 1}`);
      renameSync(join(this.folder, name), join(this.folder, next));
    }
  }
}
