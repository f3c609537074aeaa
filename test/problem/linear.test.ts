import { describe, expect, it } from 'vitest';
import { whyNotLinear } from '../../src/core/problem/linear.js';

describe('expressions that may run away are told', () => {
  it.each([
    '(a+)+',
    '(?:a*b)*',
    '(?:x{2,})+',
    '([a-z]+\\s)*$',
    '(a|ab)*c',
    '(?:(?:a+)b)+',
    '(a)\\1',
    '(?<x>a)\\k<x>',
  ])('refuses %s', (source) => {
    expect(whyNotLinear(source)).toBeDefined();
  });

  it.each([
    '^connect to \\S+: .+$',
    '(?:a|b)?c+',
    '(?:\\d{1,3}\\.){3}\\d+',
    '[(+*]+',
    '\\(a+\\)+',
    '(?!\\S*x)\\S+',
  ])('takes %s', (source) => {
    expect(whyNotLinear(source)).toBeUndefined();
  });
});
