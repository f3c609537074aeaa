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
    // These are shown in setups.test.ts: by what runs, and by what makes many settings unknown at once.
    const elsewhere = ['file-not-reloaded', 'filter-unread', 'filter-running', 'reinject-running'];
    const covered = new Set([...VARIANTS.map(({ code }) => code), ...elsewhere]);
    expect(RULES.map(({ code }) => code).filter((code) => !covered.has(code))).toEqual([]);
  });
});

describe('a fix says where it belongs', () => {
  const fixIn = (what: string): string | null | undefined => {
    const variant = VARIANTS.find((one) => one.what === what);
    return variant === undefined ? undefined : speaking(variant.texts)[0]?.fixIn;
  };

  test('an option that is missing: under its service', () => {
    expect(fixIn('no XFORWARD')).toBe('/etc/postfix/master.cf, under "amavisfeed unix"');
  });

  test('an option that is there: in its place', () => {
    expect(fixIn('clients that live long')).toBe(
      '/etc/postfix/master.cf, in place of -o max_use at line 23, under "amavisfeed unix"',
    );
  });

  test("a column: in place of the service's own line", () => {
    expect(fixIn('clients without limit')).toBe(
      '/etc/postfix/master.cf, in place of "amavisfeed unix" at line 19',
    );
  });

  test('a setting of main.cf: in its place', () => {
    expect(fixIn('localhost by name')).toBe('/etc/postfix/main.cf, in place of line 10');
  });

  test('a setting of amavis: where nothing sets it again', () => {
    expect(fixIn('D_REJECT after the queue')).toBe('/etc/amavisd.conf, at its end, before "1;"');
  });
});
