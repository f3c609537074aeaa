/** Text measured in terminal columns: cut, padded, wrapped, and made harmless. */
import stringWidth from 'string-width';
import { printable } from '../output/printable.js';
import type { Style } from '../output/style.js';

const ASCII = /^[\x20-\x7e]*$/;
/** Letters of the West, lines, blocks, arrows and our marks: one column each, without asking tables. */
const NARROW = /^[\x20-\x7e·×À-ɏ›…←-⇿⊘─-▟▸✓✗]*$/;
export const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Text from outside, without what moves a cursor or what the terminal has no sign for. */
export function clean(text: string, { unicode }: Style): string {
  if (ASCII.test(text)) return text;
  const safe = printable(text);
  return unicode ? safe : safe.replace(/[^\x20-\x7e]/gu, '?');
}

/** Whether every terminal takes one column for each character. */
export function isNarrow(text: string): boolean {
  return NARROW.test(text);
}

export function widthOf(text: string): number {
  return isNarrow(text) ? text.length : stringWidth(text);
}

/** The longest beginning that is no wider than that. */
function clip(text: string, columns: number): string {
  if (isNarrow(text)) return text.slice(0, Math.max(0, columns));
  let taken = '';
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    width += stringWidth(segment);
    if (width > columns) break;
    taken += segment;
  }
  return taken;
}

function ellipsis({ unicode }: Style): string {
  return unicode ? '…' : '..';
}

/** Cut at the end, with an ellipsis where something is missing. */
export function cut(text: string, columns: number, style: Style): string {
  if (widthOf(text) <= columns) return text;
  const dots = ellipsis(style);
  if (columns <= dots.length) return clip(dots, columns);
  return clip(text, columns - dots.length) + dots;
}

/** An address cut in its middle, so that its domain stays readable: `some…@example.com`. */
export function cutAddress(address: string, columns: number, style: Style): string {
  if (widthOf(address) <= columns) return address;
  const at = address.lastIndexOf('@');
  const domain = at < 0 ? '' : address.slice(at);
  const dots = ellipsis(style);
  const room = columns - widthOf(domain) - dots.length;
  if (at > 0 && room >= 1) return clip(address.slice(0, at), room) + dots + domain;
  return cut(address, columns, style);
}

/** Cut or padded to exactly that many columns. */
export function fitted(text: string, columns: number, style: Style): string {
  const shown = cut(text, columns, style);
  return shown + ' '.repeat(Math.max(0, columns - widthOf(shown)));
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
}

/** Broken into lines at spaces where there are any, at the edge where there are none. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (widthOf(rest) > columns) {
    const edge = clip(rest, columns) || rest.slice(0, 1);
    const space = rest.charAt(edge.length) === ' ' ? edge.length : edge.lastIndexOf(' ');
    const end = space > columns / 3 ? space : edge.length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
