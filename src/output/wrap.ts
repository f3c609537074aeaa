/** Breaks running text into lines of at most `width` characters, between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** The same, with a head before the first line and as much space before the others. */
export function hanging(head: string, text: string, width: number): string[] {
  const lines = wrap(text, width - head.length);
  const space = ' '.repeat(head.length);
  return lines.length === 0 ? [head.trimEnd()] : lines.map((line, at) => (at === 0 ? head : space) + line);
}

export function indent(line: string): string {
  return `  ${line}`;
}
