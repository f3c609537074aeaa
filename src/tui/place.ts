/**
 * Rows with characters whose width terminals disagree about (emoji, flags, marks on letters) or that read from the
 * right: what follows them is put at its own column, however wide they came out.
 */
import { GRAPHEMES, isNarrow, widthOf } from './text.js';

const ESC = '\x1b[';
const COLOR = /(\x1b\[[\d;]*m)/;
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
/** Ends the effect of what reads from the right: a terminal that turns it round would turn the next columns too. */
const LEFT_TO_RIGHT = '\u200e';

/** The row as it is to be written from the first column on. */
export function placed(row: string): string {
  const parts = row.split(COLOR);
  if (parts.every((part) => part.startsWith(ESC) || isNarrow(part))) return row;
  // What an earlier row has left between the columns is wiped out first.
  let text = `${ESC}2K`;
  let column = 1;
  let isDoubtful = false;
  let isTurned = false;
  for (const part of parts) {
    if (part.startsWith(ESC)) {
      text += part;
      continue;
    }
    for (const { segment } of GRAPHEMES.segment(part)) {
      const narrow = isNarrow(segment);
      if (narrow && isTurned) text += LEFT_TO_RIGHT;
      if (narrow && isDoubtful) text += `${ESC}${column}G`;
      isDoubtful = !narrow;
      isTurned = !narrow && RIGHT_TO_LEFT.test(segment);
      text += segment;
      column += widthOf(segment);
    }
  }
  return text;
}
