import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressKey } from '../../src/core/address-key.js';

describe('two addresses', () => {
  it.each([
    ['in other case', 'Alice@Example.com', 'alice@example.com'],
    ['with and without quotes', '"To:sandra"@example.nl', 'To:sandra@example.nl'],
    ['with an escaped quote', '"a\\"b"@example.com', 'a"b@example.com'],
    ['with a blank', '"a b"@example.com', 'a b@example.com'],
  ])('are the same %s', (_what, one, other) => {
    expect(addressKey(one)).toBe(addressKey(other));
  });

  it('differ by what stands behind the quotes', () => {
    expect(addressKey('"a"b@example.com')).not.toBe(addressKey('"a"@example.com'));
  });

  it('never fail to compare', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof addressKey(`"${text}`) === 'string'));
  });
});
