/** A logical line of main.cf, master.cf or a lookup table, put together from its physical lines. */
export interface LogicalLine {
  readonly text: string;
  /** The 1-based number of the physical line in which the character at `offset` of `text` stands. */
  readonly lineAt: (offset: number) => number;
}

/**
 * Postfix' rule (readlline(3)): a line that begins with whitespace continues the one before; empty lines and lines
 * whose first visible character is `#` are skipped wherever they stand, also between a line and its continuation.
 */
export function logicalLines(text: string): LogicalLine[] {
  const lines: { text: string; starts: { offset: number; line: number }[] }[] = [];
  text.split(/\r?\n/).forEach((physical, index) => {
    if (/^\s*(?:#|$)/.test(physical)) return;
    const last = lines.at(-1);
    if (/^\s/.test(physical) && last !== undefined) {
      last.starts.push({ offset: last.text.length, line: index + 1 });
      last.text += physical;
    } else {
      lines.push({ text: physical, starts: [{ offset: 0, line: index + 1 }] });
    }
  });
  return lines.map(({ text, starts }) => ({
    text,
    lineAt: (offset) => starts.findLast((start) => start.offset <= offset)?.line ?? 1,
  }));
}
