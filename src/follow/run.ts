/** Following itself: reads, commits in time, packs, looks for what is stuck, until it is told to end. */
import type { Engine } from './engine.js';
import type { LogInput } from './inputs.js';
import type { Live } from './live.js';

/** What was read is in the store after so many milliseconds at the latest. */
const COMMIT_MS = 60;
/** What no commit has told yet is told so soon, when there is nothing else to do. */
const BEHIND_MS = 5;
const WATCH_MS = 1000;
/** A log of which more than so many bytes are still to be read is being caught up with. */
const BACKLOG = 256 * 1024;

/**
 * Resolves when the input has ended; all that was read is stored then. Rejects when it can't be read or stored.
 * `stop` ends the input.
 */
export async function run(engine: Engine, live: Live, input: LogInput, stop: () => void): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  let committed = 0;
  /** Bytes still to be read while the logs are caught up with, else 0. */
  let backlog = 0;
  let timer: NodeJS.Timeout | undefined;
  const guarded = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      failure ??= { error };
      stop();
    }
  };
  const commit = (): void => {
    clearTimeout(timer);
    timer = undefined;
    live.take(engine.commit(backlog > 0), { ...engine.counts, left: backlog });
    // As soon as there is a block's worth: a second's of a busy log at once would hold up the lines behind it.
    engine.pack();
    committed = performance.now();
    if (engine.isBehind && backlog === 0) timer = setTimeout(() => guarded(commit), BEHIND_MS);
  };
  const watch = setInterval(() => guarded(() => live.watch()), WATCH_MS);
  try {
    for await (const { log, lines, position, modified, year, left = 0 } of input) {
      if (failure !== undefined) break;
      engine.read(log, lines, position, modified, year);
      backlog = left > BACKLOG ? left : 0;
      const wait = committed + COMMIT_MS - performance.now();
      if (wait <= 0) commit();
      else timer ??= setTimeout(() => guarded(commit), wait);
    }
    if (failure !== undefined) throw failure.error;
    // Who ends it while it catches up doesn't wait until all is told: the rest of the log brings most of it up again.
    do commit();
    while (engine.isBehind && backlog === 0);
    clearTimeout(timer);
    engine.close();
    live.end();
  } catch (error) {
    live.end(error);
    throw error;
  } finally {
    clearInterval(watch);
    clearTimeout(timer);
  }
}
