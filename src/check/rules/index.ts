import type { Rule } from '../rule.js';
import { deliveryRules } from './delivery.js';
import { feedRules } from './feed.js';
import { fileRules } from './files.js';
import { filterRules } from './filter.js';
import { frontRules } from './front.js';
import { returnRules } from './return.js';
import { returnOptionRules } from './return-options.js';
import { runningRules } from './running.js';

/** All rules, in the order of the path. */
export const RULES: readonly Rule[] = [
  ...frontRules,
  ...feedRules,
  ...filterRules,
  ...returnRules,
  ...returnOptionRules,
  ...deliveryRules,
  ...runningRules,
  ...fileRules,
];
