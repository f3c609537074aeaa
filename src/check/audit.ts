import type { Finding } from './finding.js';
import { applyRule } from './rule.js';
import { RULES } from './rules/index.js';
import { type Configuration, understand } from './setup.js';

/** Holds a configuration against all rules that are about its kind of set-up. */
export function audit(configuration: Configuration): Finding[] {
  const setup = understand(configuration);
  return RULES.flatMap((rule) => applyRule(rule, setup));
}
