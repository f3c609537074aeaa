import type { ClockOptions } from '../core/clock.js';
import { EventReader } from '../core/event-reader.js';
import { emptyArchive } from '../core/join/archive.js';
import { Joiner } from '../core/join/joiner.js';
import type { Case } from '../core/join/node.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import { buildTrace } from '../core/trace/build.js';
import type { Trace } from '../core/trace/trace.js';
import { viewOf } from '../core/trace/view.js';
import type { LogWatch, MessageIds } from './watch.js';

export interface WatchOptions {
  readonly patterns: PatternSet;
  readonly path: MailPath;
  readonly clock: ClockOptions;
  /** Ends the batches. */
  readonly stop: () => void;
}

/** Long past what a test message is followed for: none of them is called stuck. */
const STUCK_AFTER = 86_400_000_000;

/** Reads batches of lines from now on and joins them in memory; nothing is stored. */
export function watchLines(batches: AsyncIterable<readonly string[]>, options: WatchOptions): LogWatch {
  const joiner = new Joiner(options.path, emptyArchive);
  const reader = new EventReader(options.patterns, options.clock, {
    event: (event) => joiner.apply(event),
    unrecognized: () => {},
  });
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wake = (): void => {};
  let news: Promise<void> = Promise.resolve();
  const renew = (): void => {
    wake();
    news = new Promise((resolve) => {
      wake = resolve;
    });
  };
  renew();
  const reading = (async () => {
    try {
      for await (const lines of batches) {
        for (const line of lines) reader.read(line);
        renew();
      }
    } catch (error) {
      failure = { error };
    } finally {
      ended = true;
      renew();
    }
  })();

  return {
    async *find(ids, signal) {
      let known = 0;
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      while (!signal.aborted) {
        const next = news;
        if (failure !== undefined) throw failure.error;
        const found = joiner.changed().find((one) => isOf(one, ids));
        if (found !== undefined && found.events.length !== known) {
          known = found.events.length;
          yield traceOf(found, options.path);
        }
        if (ended) return;
        await Promise.race([next, aborted]);
      }
    },
    close: async () => {
      options.stop();
      await reading;
    },
  };
}

function isOf({ lives, runs, events }: Case, { messageId, queueId, amavisId }: MessageIds): boolean {
  return (
    lives.some((life) => life.queueId === queueId) ||
    runs.some((run) => run.amavisId === amavisId) ||
    events.some((event) => 'messageId' in event && event.messageId === messageId)
  );
}

function traceOf(which: Case, path: MailPath): Trace {
  const view = viewOf(which, path);
  return buildTrace(view, { path, now: view.last, stuckAfter: STUCK_AFTER, idOf: () => undefined });
}
