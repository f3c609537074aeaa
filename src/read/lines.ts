import { isAscii } from 'node:buffer';

/** The longest line given out, in bytes. What is beyond is dropped and the line counted as cut. */
export const MAX_LINE = 1 << 20;

const NEWLINE = 0x0a;

/** Whole lines as bytes, and how many bytes of the input they stand for (more than `data` after a cut). */
interface WholeLines {
  readonly data: Buffer;
  readonly bytes: number;
}

/**
 * Cuts a stream of bytes at newlines, in bounded memory whatever the length of a line. Only the end of the
 * input can give a part without a newline at its end. What is cut doesn't depend on how the pieces fall.
 */
export async function* wholeLines(
  pieces: AsyncIterable<Buffer>,
  onCut: () => void,
): AsyncGenerator<WholeLines, void, undefined> {
  let held: Buffer[] = [];
  let heldLength = 0;
  let bytes = 0;
  let dropping = false;
  for await (let piece of pieces) {
    bytes += piece.length;
    if (dropping) {
      const end = piece.indexOf(NEWLINE);
      if (end === -1) continue;
      piece = piece.subarray(end);
      dropping = false;
    }
    const last = piece.lastIndexOf(NEWLINE);
    const rest = piece.subarray(last + 1);
    if (last !== -1) {
      const whole =
        held.length === 0
          ? piece.subarray(0, last + 1)
          : Buffer.concat([...held, piece.subarray(0, last + 1)]);
      yield { data: cutLongLines(whole, onCut), bytes: bytes - rest.length };
      bytes = rest.length;
      held = [];
      heldLength = 0;
    }
    held.push(rest);
    heldLength += rest.length;
    if (heldLength > MAX_LINE) {
      // A copy, so that the pieces can go.
      held = [Buffer.from(cutLine(Buffer.concat(held)))];
      heldLength = MAX_LINE;
      dropping = true;
      onCut();
    }
  }
  if (bytes > 0) yield { data: Buffer.concat(held), bytes };
}

/** Shortens each line that is over the limit. Looks at one newline per MAX_LINE bytes when none is. */
function cutLongLines(whole: Buffer, onCut: () => void): Buffer {
  let kept: Buffer[] | undefined;
  let from = 0;
  let at = 0;
  while (whole.length - at > MAX_LINE) {
    const end = whole.lastIndexOf(NEWLINE, at + MAX_LINE);
    if (end >= at) {
      at = end + 1;
      continue;
    }
    onCut();
    kept ??= [];
    kept.push(whole.subarray(from, at), cutLine(whole.subarray(at)));
    from = whole.indexOf(NEWLINE, at);
    at = from + 1;
  }
  return kept === undefined ? whole : Buffer.concat([...kept, whole.subarray(from)]);
}

/** The first MAX_LINE bytes, less a UTF-8 character that would be cut in two. */
export function cutLine(line: Buffer): Buffer {
  let end = MAX_LINE;
  while (end > MAX_LINE - 3 && ((line[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return line.subarray(0, end);
}

/** Text of whole lines, '\n' between them: UTF-8, invalid bytes become U+FFFD, CR before LF is dropped. */
export function decodeLines(data: Buffer): string {
  const text = isAscii(data) ? data.toString('latin1') : data.toString('utf8');
  if (!text.includes('\r')) return text;
  return text.replaceAll('\r\n', '\n').replace(/\r$/, '');
}

/** Each line of a text that `decodeLines` gave, and whether it has its end; empty ones are passed over. */
export function eachLine(text: string, take: (line: string, ended: boolean) => void): void {
  let from = 0;
  while (from < text.length) {
    const found = text.indexOf('\n', from);
    const end = found < 0 ? text.length : found;
    if (end > from) take(text.slice(from, text.charCodeAt(end - 1) === 13 ? end - 1 : end), found >= 0);
    from = end + 1;
  }
}
