import { setTimeout as sleep } from 'node:timers/promises';
import { showEndpoint } from '../check/endpoint.js';
import type { ZoneOffset } from '../core/clock.js';
import { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import type { FoundLog } from '../read/find-log.js';
import { readJournal } from '../read/journal.js';
import { appended } from './appended.js';
import { watchLines } from './log-watch.js';
import type { OpenLog } from './watch.js';

/** journalctl says nothing when it is ready; it is within this time. */
const JOURNAL_START_MS = 500;
const DAY_MS = 86_400_000;

export interface LogSource {
  /** null: the machine has no log that can be read. */
  readonly log: FoundLog | null;
  readonly patterns: PatternSet;
  readonly zone: ZoneOffset;
}

/** Opens the machine's mail log, files or the journal, at its end. */
export function openLogOf({ log, patterns, zone }: LogSource): OpenLog {
  return async ({ filter, reinject }) => {
    if (log === null) return null;
    const end = new AbortController();
    const batches = log.kind === 'files' ? await appended(log.paths, end.signal) : journalLines(end.signal);
    const path = new MailPath({
      filters: [showEndpoint({ ...filter, bracketed: true })],
      reinjections: [showEndpoint({ ...reinject, bracketed: true })],
    });
    // A little later than now: clocks of log and machine need not agree to the second.
    const clock = { notAfter: Date.now() + DAY_MS, zone };
    const watch = watchLines(batches, { patterns, path, clock, stop: () => end.abort() });
    if (log.kind === 'journal') await sleep(JOURNAL_START_MS);
    return watch;
  };
}

async function* journalLines(signal: AbortSignal): AsyncGenerator<readonly string[]> {
  for await (const { lines } of readJournal({ follow: true, signal })) yield lines;
}
