import { expect, test } from 'vitest';
import { reader, writer } from './helpers.js';
import { runSchedule } from './schedule.js';

// Each seed is one schedule of 50 things that happen to a log and its reader. Every third has no events to go by.
// Those from 2000 on once found a mistake.
const SEEDS = [...Array.from({ length: 60 }, (_, i) => i + 1), 2091, 2181, 2232, 2374, 2453, 2644];
const AT_ONCE = 4;

test(`nothing is lost, doubled or put out of order over ${SEEDS.length} random schedules`, async () => {
  const waiting = [...SEEDS];
  const runs = Array.from({ length: AT_ONCE }, async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const log = writer();
      const blind = seed % 3 === 0;
      const follower = reader([log.path], { pollOnly: blind, pollMs: blind ? 100 : 1000 });
      await follower.start();
      const actions = await runSchedule(seed, 50, log, follower);
      expect(follower.lines, `seed ${seed}: ${actions.join(' ')}`).toEqual(log.expected);
      await follower.kill();
    }
  });
  await Promise.all(runs);
}, 120_000);
