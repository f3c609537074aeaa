import { stat } from 'node:fs/promises';
import { type FSWatcher, watch } from 'chokidar';

/** Where there are no events, the files are looked at so often. */
const BLIND_MS = 200;

/**
 * Tells when to look at files of a folder again. chokidar's `change` events swallow a second write within 50 ms,
 * so it's the `raw` ones that wake; the safety poll stands in for events that never come (network file systems,
 * inotify's limits). When it finds what no event told, it polls fast until there is an event again.
 */
export class Wake {
  private readonly folder: string;
  private readonly concerns: (name: string) => boolean;
  private readonly pollMs: number;
  private readonly pollOnly: boolean;
  private watcher: FSWatcher | undefined;
  private watched: string | undefined;
  private blind = true;
  private missed = 0;
  private pending = false;
  private closed = false;
  private waiting: (() => void) | undefined;

  /** `concerns` tells by its name whether a file of the folder is of interest. */
  constructor(
    folder: string,
    concerns: (name: string) => boolean,
    options: { readonly pollMs: number; readonly pollOnly: boolean },
  ) {
    this.folder = folder;
    this.concerns = concerns;
    this.pollMs = options.pollMs;
    this.pollOnly = options.pollOnly;
  }

  /** Wakes the waiting one, or lets the next wait end at once. */
  signal(): void {
    this.pending = true;
    this.waiting?.();
  }

  /** Waits for a signal, or for the poll's turn, or `atMost` ms. */
  async wait(atMost = Number.POSITIVE_INFINITY): Promise<'signal' | 'poll'> {
    if (!this.pending) {
      const poll = this.blind ? Math.min(BLIND_MS, this.pollMs) : this.pollMs;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(poll, atMost));
        this.waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.waiting = undefined;
    }
    const signalled = this.pending;
    this.pending = false;
    return signalled ? 'signal' : 'poll';
  }

  /** The poll found what no event had told. */
  overlooked(): void {
    this.missed += 1;
    if (this.missed >= 2) this.blind = true;
  }

  /** Watches the folder, and again when it is another one by now. */
  async watch(): Promise<void> {
    if (this.pollOnly) return;
    const stats = await stat(this.folder).catch(() => undefined);
    const found = stats?.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined;
    if (found === this.watched) return;
    await this.unwatch();
    if (found === undefined || this.closed) return;
    this.watched = found;
    const watcher = watch(this.folder, {
      depth: 0,
      ignoreInitial: true,
      ignored: (path) => path !== this.folder,
    });
    this.watcher = watcher;
    watcher.on('error', () => {
      this.blind = true;
    });
    // Told to poll by its environment (CHOKIDAR_USEPOLLING), it sees names come and go, but nothing being written.
    if (watcher.options.usePolling) return;
    watcher.on('raw', (_event, name) => {
      this.missed = 0;
      this.blind = false;
      if (typeof name !== 'string' || this.concerns(name)) this.signal();
    });
    watcher.on('ready', () => {
      this.blind = false;
      this.signal();
    });
  }

  /** Watches anew, as after an error. */
  async restart(): Promise<void> {
    await this.unwatch();
    await this.watch();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.signal();
    await this.unwatch();
  }

  private async unwatch(): Promise<void> {
    this.blind = true;
    this.watched = undefined;
    const watcher = this.watcher;
    this.watcher = undefined;
    await watcher?.close();
  }
}
