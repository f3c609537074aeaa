import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { MailPath } from '../../src/core/path.js';
import { Engine } from '../../src/follow/engine.js';
import { openFiles } from '../../src/follow/inputs.js';
import { Live } from '../../src/follow/live.js';
import { run } from '../../src/follow/run.js';
import { Diagnosis } from '../../src/ingest/diagnosis.js';
import { Traces } from '../../src/ingest/traces.js';
import { openForWriting } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import type { Position } from '../../src/tail/checkpoint.js';
import { CATALOGUE, PATTERNS } from './store.js';

const NOW = () => Date.now() * 1000;

/** `amavtrace follow --from-start` in this process. A kill forgets whatever was not committed, as kill -9 does. */
export class Follower {
  readonly notices: string[] = [];
  /** Lines committed, over all runs. */
  committed = 0;
  reopen: () => void = () => {};
  private readonly file: string;
  private readonly paths: readonly string[];
  private db: Database | undefined;
  private stop = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(file: string, paths: readonly string[]) {
    this.file = file;
    this.paths = paths;
  }

  get isUp(): boolean {
    return this.db !== undefined;
  }

  async start(): Promise<void> {
    const db = openForWriting(this.file);
    this.db = db;
    const stop = new AbortController();
    this.stop = stop;
    const path = new MailPath();
    const reader = new Reader(db);
    const diagnosis = new Diagnosis(CATALOGUE, path, reader.knowledge());
    const engine = new Engine({ db, patterns: PATTERNS, path, diagnosis, zone: () => 0 });
    const traces = new Traces({ db, path, diagnosis, patterns: PATTERNS, stuckAfter: 300_000_000, now: NOW });
    const live = new Live({
      sources: this.paths,
      database: this.file,
      reader,
      traces,
      kept: 2000,
      stuckAfter: 300_000_000,
      now: NOW,
    });
    const before = this.committed;
    const take = live.take.bind(live);
    live.take = (committed, counts) => {
      this.committed = before + counts.lines;
      take(committed, counts);
    };
    const input = await openFiles(
      this.paths,
      { fromStart: true, since: undefined, tail: 0 },
      { zone: () => 0 },
      {
        once: false,
        signal: stop.signal,
        onNotice: (text) => this.notices.push(text),
        position: (log) => engine.position(log),
      },
    );
    this.reopen = () => input.reopen();
    this.running = run(engine, live, input, () => stop.abort()).catch((error: unknown) => {
      // Whoever was killed finds its database gone.
      if (db.open) throw error;
    });
    while (this.db === db && !this.paths.every((log) => engine.position(log) !== undefined)) await sleep(1);
  }

  /** How far the log has been taken, as it is committed. */
  position(): Position | undefined {
    const [checkpoint] = this.db ? new Reader(this.db).checkpoints() : [];
    return checkpoint === undefined ? undefined : (JSON.parse(checkpoint.json).position as Position);
  }

  async kill(): Promise<void> {
    this.db?.close();
    await this.end();
  }

  /** As SIGTERM does. */
  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
    this.db?.close();
    this.db = undefined;
  }

  /** Waits until so many lines are committed. */
  async until(count: number, patience = 30_000): Promise<void> {
    const end = Date.now() + patience;
    while (this.committed < count && Date.now() < end)
      await Promise.race([sleep(5), this.running.then(() => sleep(5))]);
  }
}
