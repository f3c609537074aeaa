import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '../../src/tail/checkpoint.js';
import { type Random, random } from '../tail/random.js';
import type { Packer } from '../tail/writer.js';
import type { LogWriter } from './log-writer.js';

const PACKERS: readonly [Packer, ...Packer[]] = [
  ['gzip', '.gz'],
  ['xz', '.xz'],
  ['bzip2', '.bz2'],
  ['zstd', '.zst'],
];

/** Who follows the log; it may be up or not. */
export interface Subject {
  readonly isUp: boolean;
  reopen: () => Promise<void> | void;
  start(): Promise<void>;
  /** As kill -9 does. */
  kill(): Promise<void>;
  /** As SIGTERM does. */
  end(): Promise<void>;
  /** Waits until so many lines are committed. */
  until(count: number): Promise<void>;
  /** How far the log has been taken, as it is committed. */
  position(): Position | undefined;
}

type Action = (log: LogWriter, subject: Subject, chance: Random) => Promise<void> | void;

/** What can happen to a log and to who follows it, and how often. */
const ACTIONS: readonly (readonly [name: string, weight: number, action: Action])[] = [
  ['line', 10, (log) => log.write(1)],
  ['burst', 12, (log, _, chance) => log.write(chance.int(2, 60))],
  ['piece', 8, (log, _, chance) => log.writePart(chance.int(1, 60))],
  ['pause', 8, (_, __, chance) => sleep(chance.int(1, 40))],
  ['commit', 3, () => sleep(130)],
  ['rename, create', 3, (log) => rotate(log)],
  ['rename, reopen later', 3, (log, _, chance) => log.rename(chance.chance(0.7))],
  ['reopen', 5, (log) => log.reopen()],
  [
    'two rotations at once',
    2,
    (log) => {
      rotate(log);
      log.write(3);
      rotate(log);
    },
  ],
  ['copytruncate', 3, (log) => log.copytruncate()],
  ['pack', 3, (log, _, chance) => log.compress(chance.pick(PACKERS))],
  [
    'rename, pack',
    2,
    (log, _, chance) => {
      rotate(log);
      log.compress(chance.pick(PACKERS));
    },
  ],
  ['kill', 6, (_, subject) => subject.kill()],
  ['end', 1, (_, subject) => subject.end()],
  ['start', 10, (_, subject) => (subject.isUp ? undefined : subject.start())],
  ['hang up', 1, (_, subject) => subject.reopen()],
  [
    'remove',
    1,
    async (log, subject) => {
      await caughtUp(log, subject);
      log.remove();
      log.reopen();
    },
  ],
  [
    'shrink',
    1,
    async (log, subject, chance) => {
      await caughtUp(log, subject);
      const size = log.shrink(chance.pick([0, chance.next()]));
      // Cut back and grown again before anyone looked it is the same as having grown from where it was taken up to:
      // the file begins as it did, no copy was made, and what is new is written over what was taken.
      const { ino } = statSync(log.path);
      const isTakenFurther = () => {
        const position = subject.position();
        return position?.ino === String(ino) && position.offset > size;
      };
      for (let n = 0; n < 1000 && isTakenFurther(); n++) await sleep(10);
    },
  ],
];

/** Random actions until all lines are written and followed. Gives what was done. */
export async function runSchedule(seed: number, log: LogWriter, subject: Subject): Promise<string[]> {
  const chance = random(seed);
  const done: string[] = [];
  const total = ACTIONS.reduce((sum, [, weight]) => sum + weight, 0);
  while (log.left > 0) {
    let ticket = chance.int(0, total - 1);
    for (const [name, weight, action] of ACTIONS) {
      ticket -= weight;
      if (ticket >= 0) continue;
      done.push(name);
      await action(log, subject, chance);
      break;
    }
  }
  await caughtUp(log, subject);
  await subject.end();
  return done;
}

async function caughtUp(log: LogWriter, subject: Subject): Promise<void> {
  log.reopen();
  log.finishLine();
  if (!subject.isUp) await subject.start();
  await subject.until(log.expected.length);
}

function rotate(log: LogWriter): void {
  log.rename(true);
  log.reopen();
}
