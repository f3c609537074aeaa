import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, random } from './random.js';
import type { Reader } from './reader.js';
import type { Packer, Writer } from './writer.js';

const PACKERS: readonly [Packer, ...Packer[]] = [
  ['gzip', '.gz'],
  ['xz', '.xz'],
  ['bzip2', '.bz2'],
  ['zstd', '.zst'],
];

/**
 * What can happen to a log and its reader, with how often. Each works on both; what needs the reader to have
 * taken everything first (as the lines are gone afterwards) says so by `caughtUp`.
 */
const ACTIONS: Readonly<
  Record<string, { weight: number; run: (w: Writer, r: Reader, chance: Random) => Promise<void> | void }>
> = {
  line: { weight: 20, run: (w) => whole(w, 1) },
  burst: { weight: 8, run: (w, _, c) => whole(w, c.int(2, 200)) },
  longLines: { weight: 1, run: (w, _, c) => whole(w, 2, 'y'.repeat(c.int(4_000, 300_000))) },
  piece: { weight: 12, run: (w, _, c) => w.piece(c.int(1, 60)) },
  pause: { weight: 12, run: (_, __, c) => sleep(c.int(1, 30)).then(() => undefined) },
  longPause: { weight: 1, run: () => sleep(300).then(() => undefined) },
  rotate: {
    weight: 4,
    run: (w) => {
      w.rename(true);
      w.reopen();
    },
  },
  rotateLater: { weight: 3, run: (w, _, c) => w.rename(c.chance(0.7)) },
  reopen: { weight: 6, run: (w) => w.reopen() },
  copytruncate: { weight: 3, run: (w) => w.copytruncate() },
  copytruncateRegrown: {
    weight: 2,
    run: (w) => {
      w.copytruncate();
      w.finishLine();
      w.lines(300);
    },
  },
  compress: { weight: 4, run: (w, _, c) => w.compress(c.pick(PACKERS)) },
  rotateCompress: {
    weight: 2,
    run: (w, _, c) => {
      w.rename(true);
      w.reopen();
      w.compress(c.pick(PACKERS));
    },
  },
  kill: { weight: 3, run: (_, r) => r.kill() },
  start: { weight: 8, run: (_, r) => (r.isUp ? undefined : r.start()) },
  hangup: { weight: 1, run: (_, r) => r.reopen() },
  remove: {
    weight: 1,
    run: async (w, r) => {
      await caughtUp(w, r);
      w.remove();
      w.reopen();
    },
  },
  empty: {
    weight: 1,
    run: async (w, r, c) => {
      await caughtUp(w, r);
      w.shrink(0);
      if (c.chance(0.5)) await sleep(250);
      else w.lines(1);
    },
  },
  shrink: {
    weight: 1,
    run: async (w, r, c) => {
      await caughtUp(w, r);
      const size = w.shrink(c.next());
      // Shrunk and grown again before anyone looked couldn't be told from having been written over.
      for (let n = 0; n < 400 && (r.checkpoint(w.path)?.offset ?? 0) > size; n++) await sleep(10);
    },
  },
};

/** Runs as many random actions as asked for, then lets the reader end its work. Gives the actions' names. */
export async function runSchedule(
  seed: number,
  steps: number,
  writer: Writer,
  reader: Reader,
): Promise<string[]> {
  const chance = random(seed);
  const names: string[] = [];
  const total = Object.values(ACTIONS).reduce((sum, { weight }) => sum + weight, 0);
  reader.beforeCommit = async () => {
    if (chance.chance(0.1)) await sleep(20);
  };
  for (let i = 0; i < steps; i++) {
    let ticket = chance.int(0, total - 1);
    for (const [name, { weight, run }] of Object.entries(ACTIONS)) {
      ticket -= weight;
      if (ticket >= 0) continue;
      names.push(name);
      await run(writer, reader, chance);
      break;
    }
  }
  await caughtUp(writer, reader);
  await sleep(60);
  return names;
}

function whole(writer: Writer, count: number, pad?: string): void {
  writer.finishLine();
  writer.lines(count, pad);
}

async function caughtUp(writer: Writer, reader: Reader): Promise<void> {
  writer.reopen();
  writer.finishLine();
  if (!reader.isUp) await reader.start();
  await reader.until(writer.expected.length);
}
