import type { Scenario } from '../scenario.js';
import { clean } from './clean.js';

/** In the order that restarts amavis least often. */
export const scenarios: readonly Scenario[] = [...clean];
