/** A trace as text, in terminals of different widths. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { traceText } from '../../src/output/trace-text.js';
import { diagnosed } from '../problem/helpers.js';
import { KEPT_FROM_SOME } from '../support/kept-from-some.js';

const [trace] = diagnosed(KEPT_FROM_SOME).traces as [Trace];

function shown(columns: number, color = false): string[] {
  return traceText(trace, { zone: () => 0, color, unicode: true, columns }).split('\n');
}

describe('in a narrow terminal', () => {
  it.each([40, 60, 79])('no line is longer than %i columns, but what is copied', (columns) => {
    const long = shown(columns).filter((line) => line.length > columns);
    expect(long.filter((line) => !/^ {6}(?:fix {2}| {5}) /.test(line))).toEqual([]);
  });

  it('colours take no room', () => {
    const plain = (line: string) => line.replace(/\x1b\[\d+m/g, '');
    expect(shown(40, true).map(plain)).toEqual(shown(40));
  });

  it('a command to copy stays in one line', () => {
    expect(shown(40).join('\n')).toContain('amavisd-release N/spam-NaGLPoStDLaY.gz');
  });

  it('a hop begins with its place, and goes on further in', () => {
    const [first, second] = shown(40).filter((_, index, all) =>
      /reinject/.test(`${all[index]}${all[index - 1]}`),
    );
    expect(first).toMatch(/^ {2}✓ reinject {2}\S/);
    expect(second).toMatch(/^ {4}\S/);
  });
});

it('from 80 columns on every line is one, however long', () => {
  const facts = (columns: number) => shown(columns).find((line) => line.includes('message-id'));
  expect(facts(79)?.length).toBeLessThan(80);
  expect(facts(80)?.length).toBeGreaterThan(80);
  expect(facts(80)).toBe(facts(200));
});
