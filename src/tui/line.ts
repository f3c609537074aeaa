/** A row of the screen: spans of text, each with a tone, that know how wide they are. */
import { styleText } from 'node:util';
import { paint, type Style, type Tone } from '../output/style.js';
import { clean, cut, widthOf } from './text.js';

export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

export type Line = readonly Span[];

export function span(text: string, tone?: Tone): Span {
  return { text, tone };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** The line cut or padded to that many columns. */
export function fitLine(line: Line, columns: number, style: Style): Line {
  const fitted: Span[] = [];
  let room = columns;
  for (const { text, tone } of line) {
    const shown = cut(text, room, style);
    fitted.push({ text: shown, tone });
    room -= widthOf(shown);
    if (shown !== text) break;
  }
  if (room > 0) fitted.push({ text: ' '.repeat(room) });
  return fitted;
}

/** The line with a part at its right edge. */
export function withRight(left: Line, right: Line, columns: number, style: Style): Line {
  const room = Math.max(0, columns - lineWidth(right));
  return fitLine([...fitLine(left, room, style), ...right], columns, style);
}

/** As terminals read it. Whatever the text is, nothing but our own colours gets through. */
export function paintLine(line: Line, style: Style): string {
  return line
    .map(({ text, tone }) => {
      const safe = clean(text, style);
      return tone === undefined || safe.trim() === '' ? safe : paint(safe, tone, style);
    })
    .join('');
}

/** The line as the chosen one: reversed as a whole, since colours on a reversed ground are hard to read. */
export function paintChosen(line: Line, style: Style): string {
  const text = clean(line.map((part) => part.text).join(''), style);
  return style.color ? styleText('inverse', text, { validateStream: false }) : text;
}
