import type { Scenario } from '../scenario.js';
import { after } from './after.js';
import { beforeQueue } from './before_queue.js';
import { clean } from './clean.js';
import { crowds } from './crowd.js';
import { filter } from './filter.js';
import { probes } from './probe.js';
import { reinject } from './reinject.js';
import { routing } from './routing.js';
import { stuck } from './stuck.js';
import { variants } from './variants.js';
import { verdicts } from './verdicts.js';

/** In the order that restarts amavis least often. */
export const scenarios: readonly Scenario[] = [
  ...clean,
  ...probes,
  ...beforeQueue,
  ...reinject,
  ...after,
  ...filter,
  ...stuck,
  ...verdicts,
  ...variants,
  ...routing,
  ...crowds,
];
