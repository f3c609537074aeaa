import { describe, expect, it } from 'vitest';
import { fitLine, lineWidth, paintChosen, paintLine, span, withRight } from '../../src/tui/line.js';
import { clean, cut, cutAddress, fitted, widthOf, wrap } from '../../src/tui/text.js';

const UTF8 = { color: false, unicode: true };
const ASCII = { color: false, unicode: false };
const COLOR = { color: true, unicode: true };

describe('text measured in columns', () => {
  it('counts wide characters as two and combining ones as none', () => {
    expect(widthOf('日本@example.jp')).toBe(15);
    expect(widthOf('e\u0301')).toBe(1);
    expect(widthOf('… ▸ ✓ → ×')).toBe(9);
  });

  it('cuts at the end with an ellipsis, never inside a wide character', () => {
    expect(cut('delivered to maildir', 10, UTF8)).toBe('delivered…');
    expect(cut('delivered to maildir', 10, ASCII)).toBe('delivere..');
    expect(cut('日本語', 4, UTF8)).toBe('日…');
    expect(widthOf(fitted('日本語', 4, UTF8))).toBe(4);
  });

  it('keeps the domain of a long address', () => {
    expect(cutAddress('a.very.long.name@example.com', 18, UTF8)).toBe('a.ver…@example.com');
    expect(cutAddress('alice@a.domain.longer.than.the.column.example', 12, UTF8)).toBe('alice@a.dom…');
    expect(cutAddress('alice@example.com', 17, UTF8)).toBe('alice@example.com');
  });

  it('wraps at spaces, and at the edge where there are none', () => {
    expect(wrap('Start it and look at why it ended', 12)).toEqual([
      'Start it and',
      'look at why',
      'it ended',
    ]);
    expect(wrap('x'.repeat(25), 10)).toEqual(['x'.repeat(10), 'x'.repeat(10), 'xxxxx']);
  });
});

describe('what strangers write', () => {
  const hostile = 'evil\x1b]0;title\x07\x1b[2J\x1b[1;1H\u202egnp.exe\u009b31m\r\n';

  it('can neither move the cursor nor set a title', () => {
    for (const style of [UTF8, ASCII]) {
      expect(clean(hostile, style)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
      expect(paintLine([span(hostile)], style)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
      expect(paintChosen([span(hostile)], style)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
    }
  });

  it('is shown in ASCII where the terminal has no more', () => {
    expect(clean('müller@例え.jp', ASCII)).toBe('m?ller@??.jp');
  });
});

describe('a line of spans', () => {
  it('is cut or padded to the columns', () => {
    expect(lineWidth(fitLine([span('25 '), span('10024')], 12, UTF8))).toBe(12);
    expect(paintLine(fitLine([span('25 '), span('10024')], 6, UTF8), UTF8)).toBe('25 10…');
  });

  it('can have a part at its right edge, which is never cut', () => {
    expect(paintLine(withRight([span('/var/log/mail.log')], [span(' stored')], 16, UTF8), UTF8)).toBe(
      '/var/log… stored',
    );
  });

  it('has colours only where they are wanted', () => {
    expect(paintLine([span('failed', 'bad')], COLOR)).toContain('\x1b[31m');
    expect(paintLine([span('failed', 'bad')], UTF8)).toBe('failed');
    expect(paintChosen([span('row', 'bad')], COLOR)).toBe('\x1b[7mrow\x1b[27m');
  });
});
