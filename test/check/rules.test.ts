import { describe, expect, test } from 'vitest';
import { audit } from '../../src/check/audit.js';
import { RULES } from '../../src/check/rules/index.js';
import { configure, GUIDE } from './configure.js';
import { SOUND, VARIANTS } from './variants.js';

const speaking = (texts: typeof SOUND) => audit(configure(texts)).filter(({ severity }) => severity !== 'ok');

describe("the guide's own configuration", () => {
  test('is fine as it is written there, and leaves one hint', () => {
    expect(speaking(GUIDE).map(({ code, severity }) => [code, severity])).toEqual([
      ['reinject-xforward', 'info'],
    ]);
  });

  test('with that hint followed leaves nothing to say', () => {
    expect(speaking(SOUND)).toEqual([]);
  });
});

describe('wrong in one way, exactly one rule speaks', () => {
  test.each(VARIANTS.map((variant) => [variant.what, variant] as const))('%s', (_, variant) => {
    const findings = speaking(variant.texts);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([
      [variant.code, variant.severity],
    ]);
    expect(findings[0]?.found).toContain(variant.found);
    expect(findings[0]?.fix).toBe(variant.fix);
  });

  test('every rule that the text of files can wake has a variant', () => {
    // These two are shown in setups.test.ts: by what runs, and by what makes many settings unknown at once.
    const elsewhere = ['file-not-reloaded', 'filter-unread'];
    const covered = new Set([...VARIANTS.map(({ code }) => code), ...elsewhere]);
    expect(RULES.map(({ code }) => code).filter((code) => !covered.has(code))).toEqual([]);
  });
});
