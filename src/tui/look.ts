/** What the screen is like. */
import type { ZoneOffset } from '../core/clock.js';
import type { Style } from '../output/style.js';

export interface Look extends Style {
  readonly zone: ZoneOffset;
  readonly columns: number;
  readonly rows: number;
}

/** Signs that are no marks, with what stands for them in ASCII. */
const SIGNS = {
  arrow: ['→', '->'],
  step: ['▸', '>'],
  times: ['×', 'x'],
  dot: ['·', '.'],
  chosen: ['›', '>'],
  rule: ['─', '-'],
  cursor: ['█', '_'],
  between: ['·', '|'],
  up: ['↑', '^'],
  down: ['↓', 'v'],
} as const;

export function sign(name: keyof typeof SIGNS, { unicode }: Style): string {
  return SIGNS[name][unicode ? 0 : 1];
}
