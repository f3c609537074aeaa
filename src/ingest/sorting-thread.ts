/** The thread behind `threadSorting`. */
import { parentPort, workerData } from 'node:worker_threads';
import { MailPath } from '../core/path.js';
import { compilePatterns } from '../read/pattern-files.js';
import { readCatalogue } from '../read/problem-files.js';
import { zoneOffset } from '../read/zone.js';
import { UserError } from '../user-error.js';
import { type Answer, directSorting, type LogFile, type Order, type ThreadData } from './log-sorting.js';

/** Pieces given out and not taken yet: so that neither thread waits, and memory is bounded. */
const MAX_AHEAD = 2;

const data = workerData as ThreadData;
const path = new MailPath(data.path);
path.recall(data.endpoints);
const sorting = directSorting(
  {
    patterns: compilePatterns(data.patterns),
    path,
    catalogue: readCatalogue(data.problems),
    showUnrecognized: data.showUnrecognized,
  },
  zoneOffset(data.tz),
);

let ahead = 0;
let taken = (): void => {};
let stop = new AbortController();

parentPort?.on('message', (order: Order) => {
  if (order === 'stop') stop.abort();
  else if (order === 'taken') {
    ahead--;
    taken();
  } else void sort(order);
});

async function sort(log: LogFile): Promise<void> {
  stop = new AbortController();
  try {
    const read = await sorting.sort(
      log,
      async (sorted, position) => {
        while (ahead >= MAX_AHEAD) {
          await new Promise<void>((resolve) => {
            taken = resolve;
          });
        }
        ahead++;
        const { numbers, keys, others, times, blocks } = sorted;
        const moved = [numbers, keys, others, times, ...blocks.map(({ data }) => data)].map(
          ({ buffer }) => buffer,
        );
        parentPort?.postMessage({ sorted, position } satisfies Answer, moved);
      },
      stop.signal,
    );
    parentPort?.postMessage({ read } satisfies Answer);
  } catch (error) {
    // Anything else is a fault of the program's, and ends it.
    if (!(error instanceof UserError)) throw error;
    parentPort?.postMessage({ refused: { message: error.message, help: error.help } } satisfies Answer);
  }
}
