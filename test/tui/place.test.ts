import { describe, expect, it } from 'vitest';
import { placed } from '../../src/tui/place.js';

describe('a row', () => {
  it('is written as it is where every character takes one column', () => {
    const row = '\x1b[32m✓\x1b[39m 00:25:29 sender@outside.example → jörg@example.com  25▸10024';
    expect(placed(row)).toBe(row);
  });

  it('goes on at its own column after characters that terminals draw differently wide', () => {
    expect(placed('a 李小龍@x  25')).toBe('\x1b[2Ka 李小龍\x1b[9G@x  25');
    expect(placed('🇩🇪 25')).toBe('\x1b[2K🇩🇪\x1b[3G 25');
    expect(placed('e\u0301 25')).toBe('\x1b[2Ke\u0301\x1b[2G 25');
  });

  it('counts no column for colours', () => {
    expect(placed('\x1b[31m✗\x1b[39m 李\x1b[2m 25\x1b[22m')).toBe(
      '\x1b[2K\x1b[31m✗\x1b[39m 李\x1b[2m\x1b[5G 25\x1b[22m',
    );
  });

  it('keeps what reads from the right from turning round what follows', () => {
    expect(placed('של → מר')).toBe('\x1b[2Kשל\u200e\x1b[3G → מר');
  });
});
