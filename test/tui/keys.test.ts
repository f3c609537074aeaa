import { describe, expect, it } from 'vitest';
import { BINDINGS, commandOf, keysOf } from '../../src/tui/keys.js';

describe('the keys', () => {
  it('are taken out of a chunk one by one', () => {
    expect(keysOf('jjk', {})).toEqual(['j', 'j', 'k']);
    expect(keysOf('ab\r\t\x7f\x15', {})).toEqual(['a', 'b', 'enter', 'tab', 'backspace', 'ctrl-u']);
  });

  it('have names where they are no characters', () => {
    expect(keysOf('', { upArrow: true })).toEqual(['up']);
    expect(keysOf('', { tab: true, shift: true })).toEqual(['shift-tab']);
    expect(keysOf('c', { ctrl: true })).toEqual(['ctrl-c']);
    // The key above Enter sends DEL, which Ink calls delete.
    expect(keysOf('', { delete: true })).toEqual(['backspace']);
  });

  it('are two where Esc and the next one come at once', () => {
    expect(keysOf('/', { meta: true })).toEqual(['escape', '/']);
  });

  it('mean one thing each', () => {
    const keys = BINDINGS.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(commandOf('j')).toBe('down');
    expect(commandOf('x')).toBeUndefined();
  });

  it('are named in ASCII where the terminal has no more', () => {
    for (const { label } of BINDINGS) expect(label[1]).toMatch(/^[\x20-\x7e]{1,9}$/);
  });
});
