import { describe, test } from 'vitest';
import { followsAsImported, programFollowsAsImported } from './one-import.js';

/** Each is one schedule of things that happen to a log and its follower; those from 300 on once found a mistake. */
const SEEDS = [...Array.from({ length: 60 }, (_, index) => index + 1), 346, 366, 508, 534];
const PROCESS_SEEDS = [101, 102, 103, 104];

describe('however a log is written, rotated and its follower killed, the store equals one import of it', () => {
  test.concurrent.each(SEEDS)('schedule %i', (seed) => followsAsImported(seed));

  test.concurrent.each(PROCESS_SEEDS)(
    'schedule %i, with processes that the system kills',
    (seed) => programFollowsAsImported(seed),
    180_000,
  );
});
