/**
 * What is between the feed, the keys and the screen: it holds the state, asks the feed, and has new rows drawn when they
 * differ from those on the screen, at most ten times a second.
 */
import type { Trace } from '../core/trace/trace.js';
import type { LiveFeed } from '../follow/feed.js';
import { type Data, type Frame, frameOf } from './frame.js';
import { History } from './history.js';
import { commandOf, type Key } from './keys.js';
import type { Look } from './look.js';
import { healthOf } from './model/health.js';
import { indexOf } from './model/list.js';
import { chosenTrace, open, press, START, type, type Ui } from './ui.js';
import type { Overview } from './views/header.js';
import { idOf } from './views/list.js';

/** Milliseconds between two drawings. */
const PACE = 100;
/** Milliseconds after which the counters, which fall by the clock alone, are looked at again. */
const TICK = 1000;

export interface SessionOptions {
  readonly feed: LiveFeed;
  readonly look: () => Look;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly copy: (text: string) => void;
  readonly redraw: () => void;
  readonly quit: () => void;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #listeners = new Set<() => void>();
  #ui: Ui = START;
  #frame: Frame;
  /** What the feed has, as of its last word. */
  #live: readonly Trace[];
  #overview: Overview;
  readonly #history: History;
  #message: Data['message'] = null;
  /** Whether the feed has said something since `#live` was taken. */
  #stale = false;
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #notice: string | undefined;
  readonly #stop: () => void;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { feed, now } = options;
    this.#live = feed.traces();
    this.#history = new History(this.#live, now());
    this.#overview = this.#survey();
    this.#frame = this.#build();
    const unsubscribe = feed.subscribe(() => {
      this.#stale = true;
      this.#changed();
    });
    const ticking = setInterval(() => this.#tick(), TICK);
    this.#stop = () => {
      unsubscribe();
      clearInterval(ticking);
      clearTimeout(this.#timer);
    };
  }

  get rows(): readonly string[] {
    return this.#frame.rows;
  }

  /** Calls back when there are new rows. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  press(keys: readonly Key[]): void {
    for (const key of keys) {
      if (key === 'ctrl-c') this.#options.quit();
      else if (this.#ui.filterBefore !== null) this.#type(key);
      else this.#command(key);
      // The next key of the same chunk acts on what this one has led to.
      this.#frame = { ...this.#build(), rows: this.#frame.rows };
    }
    this.#changed();
  }

  resized(): void {
    this.#changed();
  }

  /** Something the user should know for as long as the screen is open. */
  notify(notice: string): void {
    this.#notice = notice;
    this.#changed();
  }

  close(): void {
    this.#stop();
  }

  #type(key: Key): void {
    this.#ui = type(this.#ui, key);
    if (key !== 'enter' || this.#ui.filter === '') return;
    // An id that none of the listed ones has may be one of the store's.
    const { pinned, rest } = this.#build().world.listing;
    if (pinned.length + rest.length > 0) return;
    const found = this.#options.feed.find(this.#ui.filter);
    if (found !== undefined) this.#ui = open({ ...this.#ui, filter: '' }, found);
  }

  #command(key: Key): void {
    const command = commandOf(key);
    const row = this.#row();
    switch (command) {
      case undefined:
        return;
      case 'quit':
        this.#options.quit();
        return;
      case 'redraw':
        this.#options.redraw();
        return;
      case 'copy':
        if (!this.#ui.help) this.#copy(row?.id);
        return;
      case 'open':
        if (row?.goes !== undefined && !this.#ui.help) {
          this.#goTo(row.goes);
          return;
        }
        break;
    }
    this.#ui = press(this.#ui, command, this.#frame.world);
  }

  /** The row of the opened message that the cursor is on. */
  #row(): Frame['document']['rows'][number] | undefined {
    const opened = this.#ui.opened.at(-1);
    return opened === undefined ? undefined : this.#frame.document.rows[opened.cursor];
  }

  #goTo(id: string): void {
    const found = this.#options.feed.find(id);
    this.#ui =
      found === undefined ? { ...this.#ui, said: `nothing is known of ${id}` } : open(this.#ui, found);
  }

  #copy(id: string | undefined): void {
    const trace = this.#message?.trace ?? chosenTrace(this.#frame.world.listing, this.#ui.chosen);
    const text = id ?? (trace === undefined ? undefined : idOf(trace));
    if (text === undefined) return;
    this.#options.copy(text);
    this.#ui = { ...this.#ui, said: `copied ${text}` };
  }

  /** What else the clock changes (ages, bars, what is silent) is looked at with each bar: an idle screen costs nothing. */
  #tick(): void {
    const counters = this.#options.feed.counters();
    const due = this.#history.tick(counters.messagesPerMinute, this.#live, this.#options.now());
    if (!due && JSON.stringify(counters) === JSON.stringify(this.#overview.counters)) return;
    this.#stale = true;
    this.#changed();
  }

  #changed(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#drawnAt + PACE - performance.now();
    if (wait <= 0) this.#draw();
    else {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#draw();
      }, wait);
    }
  }

  #draw(): void {
    const before = this.#frame.rows;
    if (this.#stale) {
      this.#stale = false;
      this.#live = this.#options.feed.traces();
      this.#history.learn(this.#live);
      this.#overview = this.#survey();
    }
    this.#frame = this.#build();
    const { rows } = this.#frame;
    if (rows.length === before.length && rows.every((row, index) => row === before[index])) {
      this.#frame = { ...this.#frame, rows: before };
      return;
    }
    this.#drawnAt = performance.now();
    for (const listener of this.#listeners) listener();
  }

  #build(): Frame {
    return frameOf(this.#ui, this.#data(), this.#options.look());
  }

  #survey(): Overview {
    const { feed, now } = this.#options;
    return {
      sources: feed.sources,
      database: feed.database,
      counters: feed.counters(),
      stations: healthOf(this.#live, now()),
      samples: this.#history.samples,
    };
  }

  #data(): Data {
    const { feed, now } = this.#options;
    const { paused } = this.#ui;
    return {
      overview: this.#overview,
      traces: paused ?? this.#live,
      fresh: paused === null ? 0 : countNew(this.#live, paused),
      notices: this.#notice === undefined ? feed.notices() : [...feed.notices(), this.#notice],
      message: this.#opened(paused ?? this.#live),
      now: now(),
    };
  }

  /** The opened message as it is by now; its log lines are read only when it has changed. */
  #opened(traces: readonly Trace[]): Data['message'] {
    const opened = this.#ui.opened.at(-1)?.trace;
    if (opened === undefined) {
      this.#message = null;
      return null;
    }
    const at = indexOf(traces, opened);
    const trace = traces[at] ?? opened;
    if (this.#message?.trace !== trace) {
      this.#message = { trace, evidence: this.#options.feed.evidence(trace.id) };
    }
    return this.#message;
  }
}

function countNew(live: readonly Trace[], paused: readonly Trace[]): number {
  const known = new Set(paused.map(({ id }) => id));
  return live.filter(({ id }) => !known.has(id)).length;
}
