import { basename, dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError } from '../read/file-error.js';
import { UserError } from '../user-error.js';
import type { Batch, Notify } from './batch.js';
import type { Checkpoint } from './checkpoint.js';
import { FollowedLog } from './followed-log.js';
import { siblingNames } from './log-files.js';
import type { From } from './plain-generation.js';
import { Wake } from './wake.js';

/** Reads are at least so far apart while lines keep coming, so that a busy log is read in batches. */
const GAP_MS = 15;
/** A batch so large is of a log that is being caught up with: no reason to wait. */
const BACKLOG_LINES = 500;
const RESTLESS_MS = 100;

export interface FollowOptions {
  /** What was committed last, for each path: following goes on after it. */
  readonly checkpoints?: readonly Checkpoint[];
  /** Where to begin in a log without a checkpoint; default `end`. What appears later is read from its start. */
  readonly from?: From | ((path: string) => From);
  /** Ends with the last line that is there by then. */
  readonly once?: boolean;
  /** Ends the following: the loop over the batches ends after the present one. */
  readonly signal?: AbortSignal;
  /** How often the files are looked at without an event, in ms; default 1000. */
  readonly pollMs?: number;
  /** Doesn't watch, only polls. */
  readonly pollOnly?: boolean;
  readonly onNotice?: Notify;
}

/** Iterate once. Back-pressure is the loop's own pace: no more than one batch a log is read ahead. */
export interface Following extends AsyncIterable<Batch> {
  /** Opens the logs anew (SIGHUP). Nothing is lost or doubled by it. */
  reopen(): void;
}

/**
 * Follows growing logs through rotations, exactly once. Commit each batch's checkpoint together with what was
 * made of its lines, and give the last one of each path back at the next start. The first batch of each log has
 * no lines: it says where following began.
 *
 * A log that isn't there is waited for. Lines written between copytruncate's copy and its truncate are gone for
 * every reader; so are those of a file that is truncated or removed before it was read, when no copy is left.
 */
export function follow(paths: readonly string[], options: FollowOptions = {}): Following {
  const unique = [...new Set(paths.map((path) => resolve(path)))];
  const followers = unique.map((path) => new Follower(path, options));
  return {
    [Symbol.asyncIterator]: () => batches(followers, options.signal),
    reopen() {
      for (const follower of followers) follower.reopen();
    },
  };
}

async function* batches(
  followers: readonly Follower[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Batch> {
  let failure: { readonly error: unknown } | undefined;
  let ready = () => {};
  const onAbort = () => ready();
  signal?.addEventListener('abort', onAbort);
  const running = followers.map((follower) =>
    follower
      .run(() => ready())
      .catch((error: unknown) => {
        failure = { error };
        ready();
      }),
  );
  try {
    for (let turn = 0; !signal?.aborted; ) {
      if (failure) throw failure.error;
      const at = followers.findIndex((_, i) => followers[(turn + i) % followers.length]?.hasBatch);
      if (at === -1) {
        if (followers.every(({ atEnd }) => atEnd)) return;
        await new Promise<void>((resolve) => {
          ready = resolve;
          const something =
            followers.some(({ hasBatch }) => hasBatch) || followers.every(({ atEnd }) => atEnd);
          if (signal?.aborted || failure || something) resolve();
        });
        continue;
      }
      turn = (turn + at) % followers.length;
      const batch = followers[turn]?.takeBatch();
      turn += 1;
      if (batch) yield batch;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await Promise.all(followers.map((follower) => follower.stop()));
    await Promise.all(running);
  }
}

/** Runs one log: looks whenever something happens, and reads one batch ahead of the consumer. */
class Follower {
  private readonly log: FollowedLog;
  private readonly wake: Wake;
  private readonly path: string;
  private readonly checkpoint: Checkpoint | undefined;
  private readonly from: From;
  private readonly notify: Notify;
  private ahead: Batch | undefined;
  private reopening = false;
  private stopped = false;
  private readonly once: boolean;
  /** Reading once has come to its end. */
  atEnd = false;

  constructor(path: string, options: FollowOptions) {
    const isSibling = siblingNames(basename(path));
    this.path = path;
    this.checkpoint = options.checkpoints?.find((checkpoint) => checkpoint.path === path);
    const { from = 'end' } = options;
    this.from = typeof from === 'function' ? from(path) : from;
    this.once = options.once ?? false;
    this.notify = options.onNotice ?? (() => {});
    this.log = new FollowedLog(path, this.notify);
    this.wake = new Wake(dirname(path), (name) => name === basename(path) || isSibling(name) !== null, {
      pollMs: options.pollMs ?? 1000,
      pollOnly: options.pollOnly ?? false,
    });
  }

  get hasBatch(): boolean {
    return this.ahead !== undefined;
  }

  takeBatch(): Batch | undefined {
    const batch = this.ahead;
    this.ahead = undefined;
    this.wake.signal();
    return batch;
  }

  reopen(): void {
    this.reopening = true;
    this.wake.signal();
  }

  async run(onBatch: () => void): Promise<void> {
    let begun = false;
    let woken: 'signal' | 'poll' = 'signal';
    while (!this.stopped) {
      try {
        if (!begun) {
          await this.wake.watch();
          if (this.checkpoint) await this.log.resume(this.checkpoint);
          else await this.log.begin(this.from);
          this.ahead = this.log.position();
          begun = true;
          onBatch();
        }
        if (this.reopening) {
          this.reopening = false;
          await this.log.reopen();
          await this.wake.restart();
        }
        const started = Date.now();
        if (woken === 'poll') await this.wake.watch();
        const decided = this.log.restless;
        await this.log.look();
        if (this.ahead === undefined) {
          this.ahead = await this.log.take();
          if (this.ahead !== undefined) {
            if (woken === 'poll' && !decided) this.wake.overlooked();
            onBatch();
          }
        }
        if (this.once && this.ahead === undefined && !this.log.restless) {
          this.atEnd = true;
          onBatch();
          break;
        }
        const behind = (this.ahead?.lines.length ?? 0) >= BACKLOG_LINES;
        woken = await this.wake.wait(this.log.restless ? RESTLESS_MS : undefined);
        if (woken === 'signal' && !behind) await sleep(Math.max(0, GAP_MS - (Date.now() - started)));
      } catch (error) {
        if (error instanceof UserError || isFileError(error)) {
          const message = `${fileError(error, this.path).message}; trying on`;
          this.notify({ path: this.path, kind: 'unreadable', message });
        } else throw error;
        await this.wake.wait();
        this.reopening = begun;
      }
    }
    await this.log.close();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.wake.close();
  }
}

function isFileError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
