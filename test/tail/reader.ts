import { setTimeout as sleep } from 'node:timers/promises';
import type { Notice } from '../../src/tail/batch.js';
import type { Checkpoint } from '../../src/tail/checkpoint.js';
import { type FollowOptions, follow } from '../../src/tail/follow.js';

/** A consumer with a store: what is committed survives a kill, what was handed out and not committed doesn't. */
export class Reader {
  readonly committed: { path: string; line: string }[] = [];
  readonly notices: Notice[] = [];
  private checkpoints = new Map<string, Checkpoint>();
  private stopping: AbortController | undefined;
  private running: Promise<void> = Promise.resolve();
  private readonly paths: readonly string[];
  private readonly options: FollowOptions;
  /** What the consumer does with a batch before it commits. */
  beforeCommit: () => Promise<void> = async () => {};
  /** Lines that came cut. */
  cut = 0;
  /** From how many logs the first batch is waited for at the start. */
  expects: number;
  reopen: () => void = () => {};

  constructor(paths: readonly string[], options: FollowOptions = {}) {
    this.paths = paths;
    this.options = options;
    this.expects = paths.length;
  }

  get lines(): string[] {
    return this.committed.map(({ line }) => line);
  }

  linesOf(path: string): string[] {
    return this.committed.filter((entry) => entry.path === path).map(({ line }) => line);
  }

  checkpoint(path: string): Checkpoint | undefined {
    return this.checkpoints.get(path);
  }

  get isUp(): boolean {
    return this.stopping !== undefined;
  }

  /** Starts, with the checkpoints committed last; comes back when it is following. */
  async start(): Promise<void> {
    const stopping = new AbortController();
    this.stopping = stopping;
    // As it comes out of a store.
    const checkpoints: Checkpoint[] = JSON.parse(JSON.stringify([...this.checkpoints.values()]));
    const begun = new Set<string>();
    const following = follow(this.paths, {
      ...this.options,
      checkpoints,
      signal: stopping.signal,
      onNotice: (notice) => this.notices.push(notice),
    });
    this.reopen = () => following.reopen();
    this.running = (async () => {
      for await (const batch of following) {
        await this.beforeCommit();
        if (stopping.signal.aborted) return;
        this.cut += batch.cut;
        for (const line of batch.lines) this.committed.push({ path: batch.path, line });
        this.checkpoints.set(batch.path, batch.checkpoint);
        begun.add(batch.path);
      }
    })();
    while (begun.size < this.expects) await Promise.race([sleep(1), this.running]);
  }

  /** As kill -9 does: what isn't committed is forgotten. */
  async kill(): Promise<void> {
    this.stopping?.abort();
    this.stopping = undefined;
    await this.running;
  }

  /** Waits until so many lines are committed, then a little for lines that shouldn't come. */
  async until(count: number, patience = 4_000): Promise<void> {
    const end = Date.now() + patience;
    while (this.committed.length < count && Date.now() < end)
      await Promise.race([sleep(2), this.running.then(() => sleep(2))]);
  }
}
