import type { ZoneOffset } from '../core/clock.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import type { Catalogue } from '../core/problem/catalogue.js';
import type { Trace } from '../core/trace/trace.js';
import { Engine } from '../follow/engine.js';
import type { LogInput } from '../follow/inputs.js';
import { Live } from '../follow/live.js';
import { run } from '../follow/run.js';
import { Diagnosis } from '../ingest/diagnosis.js';
import { Traces } from '../ingest/traces.js';
import { openInMemory } from '../store/database.js';
import { Reader } from '../store/reader.js';

/** By what a message is found in the log. */
export interface MessageIds {
  readonly messageId: string;
  readonly queueId: string | null;
  readonly amavisId: string | null;
}

/** A mail log that is followed, to be asked for a message once its ids are known. */
export interface LogWatch {
  /** The message's trace, again each time that it changes; ends when the signal fires or there is no more to come. */
  readonly find: (ids: MessageIds, signal: AbortSignal) => AsyncIterable<Trace>;
  readonly close: () => Promise<void>;
}

export interface WatchOptions {
  readonly patterns: PatternSet;
  readonly catalogue: Catalogue;
  readonly path: MailPath;
  readonly zone: ZoneOffset;
  /** Ends the input. */
  readonly stop: () => void;
}

/** Microseconds; far past what a test message is followed for: none of them is called stuck. */
const STUCK_AFTER = 86_400_000_000;
/** Finished messages that are kept at hand: the one that is looked for is the newest, or nearly so. */
const KEPT = 200;

/** Follows a log as `amavtrace follow` does, with a store that is kept in memory and forgotten. */
export function watchLog(input: LogInput, { patterns, catalogue, path, zone, stop }: WatchOptions): LogWatch {
  const db = openInMemory();
  const reader = new Reader(db);
  const diagnosis = new Diagnosis(catalogue, path, reader.knowledge());
  const engine = new Engine({ db, patterns, path, diagnosis, zone });
  const now = (): number => Date.now() * 1000;
  const traces = new Traces({ db, path, diagnosis, patterns, stuckAfter: STUCK_AFTER, now });
  const live = new Live({
    sources: [],
    database: null,
    reader,
    traces,
    stuckAfter: STUCK_AFTER,
    kept: KEPT,
    now,
  });
  const following = run(engine, live, input, stop);
  // Who asks for a message is told; without a question nobody misses the log.
  following.catch(() => {});

  return {
    async *find(ids, signal) {
      let wake = (): void => {};
      const unsubscribe = live.subscribe(() => wake());
      const onAbort = (): void => wake();
      signal.addEventListener('abort', onAbort);
      let ended = false;
      const end = (): void => {
        ended = true;
        wake();
      };
      following.then(end, end);
      try {
        for (let known: Trace | undefined; !signal.aborted; ) {
          const news = new Promise<void>((resolve) => {
            wake = resolve;
          });
          const last = ended;
          const found = live.traces().find((trace) => isOf(trace, ids));
          if (found !== undefined && found !== known) {
            known = found;
            yield found;
          }
          if (last) return await following;
          await news;
        }
      } finally {
        unsubscribe();
        signal.removeEventListener('abort', onAbort);
      }
    },
    async close() {
      stop();
      await following.catch(() => {});
      db.close();
    },
  };
}

function isOf(trace: Trace, { messageId, queueId, amavisId }: MessageIds): boolean {
  return (
    trace.messageId === messageId ||
    (queueId !== null && trace.queueIds.includes(queueId)) ||
    (amavisId !== null && trace.filter.some((run) => run.amavisId === amavisId))
  );
}
