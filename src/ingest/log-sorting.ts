/** Logs to sorted pieces: in this thread, or in one of its own that reads on while this one joins. */
import { on } from 'node:events';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { ClockOptions, ZoneOffset } from '../core/clock.js';
import type { PathOptions } from '../core/path.js';
import type { PatternFile } from '../core/pattern.js';
import { type Input, openInput } from '../read/input.js';
import { eachLine } from '../read/lines.js';
import { UserError } from '../user-error.js';
import type { Sorted } from './sorted.js';
import { Sorting, type SortingOptions } from './sorting.js';

export interface LogFile extends Omit<ClockOptions, 'zone'> {
  /** As messages name it. */
  readonly path: string;
  /** Where it is read, when that is not at its path. */
  readonly file?: string | undefined;
  /** What can be read only once, and not in another thread. */
  readonly stream?: Input | undefined;
}

/** What became of a log. */
export interface LogRead {
  /** Of the unpacked log. */
  readonly bytes: number;
  /** What was wrong but didn't stop the reading. */
  readonly warnings: readonly string[];
  /** Lines that were cut to 1 MiB. */
  readonly cutLines: number;
}

/** Takes a piece, read up to a position in the file (bytes); the next one follows when it is done with this. */
type Take = (sorted: Sorted, position: number) => Promise<void>;

export interface LogSorting {
  /** Reads a log to its end, or until the signal. What was read is given out even when it then fails (UserError). */
  sort(log: LogFile, take: Take, signal: AbortSignal): Promise<LogRead>;
  close(): Promise<void>;
}

export function directSorting(options: Omit<SortingOptions, 'clock'>, zone: ZoneOffset): LogSorting {
  return {
    sort: async ({ path, file = path, stream, notAfter, year }, take, signal) => {
      const input = stream ?? (await openInput(file, { signal }));
      const sorting = new Sorting({ ...options, clock: { notAfter, year, zone } });
      let bytes = 0;
      let position = 0;
      try {
        for await (const chunk of input) {
          eachLine(chunk.text, (line, ended) =>
            ended || isWhole(line) ? sorting.read(line) : sorting.skip(),
          );
          bytes += chunk.bytes;
          position = chunk.position;
          if (sorting.isFull) await take(sorting.take(), position);
          if (signal.aborted) break;
        }
      } finally {
        await take(sorting.end(), position);
      }
      return { bytes, warnings: input.warnings, cutLines: input.cutLines };
    },
    close: async () => {},
  };
}

/** What the sorting thread is told when it starts. */
export interface ThreadData {
  /** Patterns beside the built-in ones. */
  readonly patterns: readonly PatternFile[];
  /** The folder of a site's own problems. */
  readonly problems: string | undefined;
  readonly path: PathOptions;
  /** Filters learnt before. */
  readonly endpoints: readonly string[];
  readonly showUnrecognized: boolean;
  readonly tz: string | undefined;
}

/** To the thread: a log to read, that a piece was taken, or to stop reading. */
export type Order = Omit<LogFile, 'stream'> | 'taken' | 'stop';

/** From the thread: a piece, or how it ended. */
export type Answer =
  | { readonly sorted: Sorted; readonly position: number }
  | { readonly read: LogRead }
  | { readonly refused: { readonly message: string; readonly help: string | undefined } };

const THREAD = new URL('./sorting-thread.js', import.meta.url);
/** Where the source runs without a build there is no file for a thread to run. */
export const hasThread = existsSync(THREAD);

export function threadSorting(data: ThreadData): LogSorting {
  const worker = new Worker(THREAD, {
    workerData: data,
    // What it allocates is gone with each piece.
    resourceLimits: { maxYoungGenerationSizeMb: 48 },
  });
  const answers = on(worker, 'message') as AsyncIterator<[Answer]>;
  const order = (what: Order): void => worker.postMessage(what);
  const stop = (): void => order('stop');
  return {
    sort: async ({ path, file, notAfter, year }, take, signal) => {
      order({ path, file, notAfter, year });
      signal.addEventListener('abort', stop);
      try {
        for (;;) {
          const [answer] = (await answers.next()).value as [Answer];
          if ('read' in answer) return answer.read;
          if ('refused' in answer) throw new UserError(answer.refused.message, answer.refused.help);
          await take(answer.sorted, answer.position);
          order('taken');
        }
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/**
 * Whether a log's last line, without a line end, is all there. One that is just being written may be cut in the middle
 * of a queue id, which would then be another's; so it must end as whole lines do.
 */
function isWhole(line: string): boolean {
  return /(?:[)>\]}]| ms| removed| requeued| hold)$/.test(line);
}
