/** The two rows at the bottom: what is shown of how many, and the keys that do something here. */
import { type Line, lineWidth, type Span, span, withRight } from '../line.js';
import { type Look, sign } from '../look.js';
import { clean } from '../text.js';
import type { Ui } from '../ui.js';
import type { Row } from './message.js';

export const FOOTER_ROWS = 2;

export interface Shown {
  readonly total: number;
  readonly shown: number;
  readonly pinned: number;
  /** Since the pause. */
  readonly fresh: number;
  readonly notices: readonly string[];
  /** Bytes that are to be read until the logs are caught up with. */
  readonly left: number;
  /** The row of an opened message that the cursor is on. */
  readonly row: Row | undefined;
  /** Which rows of it are on the screen, as `12-30 of 80`. */
  readonly position: string;
}

export function footerLines(ui: Ui, shown: Shown, look: Look): readonly Line[] {
  const room = look.columns - 2;
  return [
    withRight(statusLine(ui, shown, look), rightLine(ui, shown), room, look),
    keysLine(ui, shown, look),
  ].map((line) => [span(' '), ...line]);
}

function statusLine(ui: Ui, { total, shown, notices, left }: Shown, look: Look): Line {
  if (ui.filterBefore !== null) {
    return [span('filter ', 'bold'), span(clean(ui.filter, look)), span(sign('cursor', look))];
  }
  if (ui.said !== null) return [span(clean(ui.said, look), 'good')];
  const parts: Span[] = [];
  if (ui.only === 'failures') parts.push(span('failures only', 'wait'));
  if (ui.only === 'waiting') parts.push(span('stuck and deferred only', 'wait'));
  if (ui.filter !== '') parts.push(span(`filter ${clean(ui.filter, look)}`, 'wait'));
  const messages = `${total} message${total === 1 ? '' : 's'}`;
  const count = parts.length === 0 ? messages : `${shown} of ${messages}`;
  const joined = [
    ...parts,
    span(count, 'dim'),
    ...(left > 0 ? [span(`catching up, ${megabytes(left)} to read`, 'wait')] : []),
    ...notices.slice(-1).map((notice) => span(clean(notice, look), 'wait')),
  ];
  return joined.flatMap((part, index) =>
    index === 0 ? [part] : [span(` ${sign('between', look)} `, 'dim'), part],
  );
}

function megabytes(bytes: number): string {
  const count = bytes / 1_000_000;
  return `${count < 10 ? count.toFixed(1) : Math.round(count)} MB`;
}

function rightLine(ui: Ui, { fresh, position }: Shown): Line {
  const paused = ui.paused === null ? [] : [span(`  paused, ${fresh} new`, 'bad')];
  return position === '' ? paused : [...paused, span(`  ${position}`, 'dim')];
}

function keysLine(ui: Ui, { pinned, row }: Shown, look: Look): Line {
  const move = look.unicode ? '↑↓' : 'j/k';
  const keys: readonly (readonly [string, string])[] = ui.help
    ? [['Esc', 'back'], ['q', 'quit']]
    : ui.filterBefore !== null
      ? [['Enter', 'keep'], ['Esc', 'as before'], ['Ctrl-U', 'clear']]
      : ui.opened.length > 0
        ? [
            [move, 'move'],
            ['Tab', 'next part'],
            ...(row?.goes === undefined ? [] : [['Enter', `go to ${clean(row.id ?? '', look)}`] as const]),
            ['y', row?.id === undefined ? 'copy id' : `copy ${clean(row.id, look)}`],
            ['Esc', 'back'],
            ['?', 'help'],
            ['q', 'quit'],
          ]
        : [
            [move, 'move'],
            ['Enter', 'open'],
            ['/', 'filter'],
            ['f', 'failed'],
            ['s', 'waiting'],
            ['p', ui.paused === null ? 'pause' : 'go on'],
            ...(pinned > 0 ? [['Tab', 'stuck'] as const] : []),
            ['?', 'help'],
            ['q', 'quit'],
          ]; // biome-ignore format: a table
  // Where there is no room for all, the one that everybody knows is left out.
  const all = keysText(keys);
  return lineWidth(all) <= look.columns - 2 ? all : keysText(keys.slice(1));
}

function keysText(keys: readonly (readonly [string, string])[]): Line {
  return keys.flatMap(([key, does], index) => [
    span(`${index === 0 ? '' : '  '}${key} `, 'bold'),
    span(does, 'dim'),
  ]);
}
