/** Text for a terminal that is narrower than lines are made for. */
import { stripVTControlCharacters } from 'node:util';

/** Columns that lines are made for: from here on they stay as they are. */
const WIDE = 80;

export function isNarrow(columns: number): boolean {
  return columns < WIDE;
}

/** Lines that are too long for a narrow terminal go on in others, further in. Nothing is left out. */
export function narrowed(lines: readonly string[], columns: number): string[] {
  return folded(lines, columns, (part) => part.split(' '));
}

/** The same for what people copy: a part without a wider gap stays whole, and the terminal cuts it. */
export function narrowedToCopy(lines: readonly string[], columns: number): string[] {
  return folded(lines, columns, (part) => (/^(?:#|\p{Lu})/u.test(part) ? part.split(' ') : [part]));
}

/** Breaks between parts (two spaces or more apart) where that is enough, else between words. */
function folded(
  lines: readonly string[],
  columns: number,
  wordsOf: (part: string) => readonly string[],
): string[] {
  if (!isNarrow(columns)) return [...lines];
  return lines.flatMap((line) => {
    if (widthOf(line) <= columns) return [line];
    const text = line.trimStart();
    const more = ' '.repeat(line.length - text.length + 2);
    const made: string[] = [];
    let present = line.slice(0, line.length - text.length);
    let gap = '';
    const add = (word: string): void => {
      if (gap !== '' && widthOf(present + gap + word) > columns) {
        made.push(present);
        present = more + word;
      } else {
        present += gap + word;
      }
    };
    // The first column stays one.
    const column = / {2,}/.exec(text)?.[0] ?? '';
    for (const [at, part] of text.split(/ {2,}/).entries()) {
      const isWhole = widthOf(more + part) <= columns;
      for (const word of isWhole ? [part] : wordsOf(part)) {
        add(word);
        gap = ' ';
      }
      gap = at === 0 ? column : '  ';
    }
    return [...made, present];
  });
}

/** Columns, without the colours. */
function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
