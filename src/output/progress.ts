/** A progress bar on the terminal that errors go to: how far, how fast, how long still. */
import type { Io } from '../commands/command.js';
import { printable } from './printable.js';
import { clip } from './style.js';
import { duration } from './times.js';

const EVERY_MS = 200;
const WIDTH = 24;

export interface ProgressBar {
  /** `position` bytes of the present file have been read. */
  show(name: string, position: number): void;
  /** The present file of `size` bytes is done. */
  done(size: number): void;
  clear(): void;
}

export function progressBar(total: number, io: Io): ProgressBar {
  if (!io.noteIsTerminal || total === 0) return { show: () => {}, done: () => {}, clear: () => {} };
  const started = performance.now();
  let before = 0;
  let last = started;
  let drawn = false;
  return {
    show(name, position) {
      const now = performance.now();
      if (now - last < EVERY_MS) return;
      last = now;
      drawn = true;
      const share = Math.min(1, (before + position) / total);
      const rate = (before + position) / (now - started);
      const full = Math.round(share * WIDTH);
      const [on, off] = io.unicode ? ['█', '░'] : ['#', '.'];
      const left =
        share > 0 ? duration(Math.ceil((((1 - share) / share) * (now - started)) / 1000) * 1000) : '';
      const text = `${on.repeat(full)}${off.repeat(WIDTH - full)} ${Math.round(share * 100)}%  ${(rate / 1000).toFixed(0)} MB/s  ${left} left  ${printable(name)}`;
      io.note(`\r${clip(text, Math.max(20, io.columns - 1), io)}`);
    },
    done(size) {
      before += size;
    },
    clear() {
      if (drawn) io.note(`\r${' '.repeat(Math.max(20, io.columns - 1))}\r`);
    },
  };
}
