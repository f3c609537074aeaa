/** What the user has chosen to look at, and how each key changes it. Pure: what there is to look at is given. */
import type { Trace } from '../core/trace/trace.js';
import type { Command, Key } from './keys.js';
import type { Only } from './model/filter.js';
import { indexOf, type Listing, windowStart } from './model/list.js';

/** A message opened; `cursor` and `top` are rows of its document. */
interface Opened {
  readonly trace: Trace;
  readonly cursor: number;
  readonly top: number;
}

export interface Ui {
  readonly filter: string;
  /** The filter before the one that is being typed; null when none is. */
  readonly filterBefore: string | null;
  readonly only: Only;
  /** null: the newest, whichever that is. */
  readonly chosen: Trace | null;
  /** How many rows below the list's top the chosen one stands. */
  readonly row: number;
  /** The messages opened from one another; the last is on the screen. */
  readonly opened: readonly Opened[];
  readonly help: boolean;
  /** What was there when the user paused; null when not paused. */
  readonly paused: readonly Trace[] | null;
  /** Said until the next key. */
  readonly said: string | null;
}

/** What is on the screen when a key is pressed. */
export interface World {
  readonly listing: Listing;
  /** Rows of the messages' pane and of an opened message. */
  readonly listRows: number;
  readonly documentRows: number;
  /** Of the opened message: its length and where its parts begin. */
  readonly documentLength: number;
  readonly parts: readonly number[];
  readonly traces: readonly Trace[];
}

export const START: Ui = {
  filter: '',
  filterBefore: null,
  only: 'all',
  chosen: null,
  row: 0,
  opened: [],
  help: false,
  paused: null,
  said: null,
};

/** The chosen row of the listing: in which pane and where. */
export function chosenIn(
  { pinned, rest }: Listing,
  chosen: Trace | null,
): { pane: 'pinned' | 'rest'; index: number } {
  if (chosen !== null) {
    const top = pinned.findIndex(({ id }) => id === chosen.id);
    if (top >= 0) return { pane: 'pinned', index: top };
    const index = indexOf(rest, chosen);
    if (index >= 0) return { pane: 'rest', index };
  }
  return rest.length === 0 && pinned.length > 0
    ? { pane: 'pinned', index: 0 }
    : { pane: 'rest', index: rest.length - 1 };
}

/** The message that Enter opens. */
export function chosenTrace(listing: Listing, chosen: Trace | null): Trace | undefined {
  const { pane, index } = chosenIn(listing, chosen);
  return listing[pane][index];
}

/** A key's effect on what is shown; what reaches beyond the screen (copy, quit, look up) is the session's. */
export function press(ui: Ui, command: Command, world: World): Ui {
  const quiet = ui.said === null ? ui : { ...ui, said: null };
  if (command === 'help') return { ...quiet, help: !ui.help };
  if (ui.help) return command === 'back' || command === 'open' ? { ...quiet, help: false } : quiet;
  if (command === 'pause') return { ...quiet, paused: ui.paused === null ? world.traces : null };
  const opened = ui.opened.at(-1);
  return opened === undefined ? inList(quiet, command, world) : inMessage(quiet, opened, command, world);
}

/** A key while the filter is typed. */
export function type(ui: Ui, key: Key): Ui {
  const before = ui.filterBefore;
  if (before === null) return ui;
  switch (key) {
    case 'enter':
      return { ...ui, filter: ui.filter.trim(), filterBefore: null };
    case 'escape':
      return { ...ui, filter: before, filterBefore: null };
    case 'backspace':
      return ui.filter === ''
        ? { ...ui, filterBefore: null }
        : { ...ui, filter: [...ui.filter].slice(0, -1).join('') };
    case 'ctrl-u':
      return { ...ui, filter: '' };
    default:
      return [...key].length === 1 ? { ...ui, filter: ui.filter + key, chosen: null } : ui;
  }
}

export function open(ui: Ui, trace: Trace): Ui {
  return { ...ui, said: null, opened: [...ui.opened, { trace, cursor: 0, top: 0 }] };
}

function inList(ui: Ui, command: Command, world: World): Ui {
  const { listing, listRows } = world;
  switch (command) {
    case 'up':
      return moved(ui, -1, world);
    case 'down':
      return moved(ui, 1, world);
    case 'page-up':
      return moved(ui, -listRows, world);
    case 'page-down':
      return moved(ui, listRows, world);
    case 'top': {
      const { pane } = chosenIn(listing, ui.chosen);
      return { ...ui, chosen: listing[pane][0] ?? null, row: 0 };
    }
    case 'bottom':
      return { ...ui, chosen: null };
    case 'open': {
      const trace = chosenTrace(listing, ui.chosen);
      return trace === undefined ? ui : open(ui, trace);
    }
    case 'back':
      return { ...ui, filter: '', only: 'all' };
    case 'next-pane':
    case 'previous-pane': {
      const { pane } = chosenIn(listing, ui.chosen);
      return { ...ui, chosen: pane === 'rest' ? (listing.pinned[0] ?? ui.chosen) : null };
    }
    case 'filter':
      return { ...ui, filterBefore: ui.filter };
    case 'failures':
      return { ...ui, only: ui.only === 'failures' ? 'all' : 'failures', chosen: null };
    case 'waiting':
      return { ...ui, only: ui.only === 'waiting' ? 'all' : 'waiting', chosen: null };
    default:
      return ui;
  }
}

function moved(ui: Ui, by: number, { listing, listRows }: World): Ui {
  const { pinned, rest } = listing;
  const { pane, index } = chosenIn(listing, ui.chosen);
  if (pane === 'pinned') {
    const to = index + Math.sign(by);
    if (to < pinned.length) return { ...ui, chosen: pinned[Math.max(0, to)] ?? null };
    // Down from the last pinned one: to the row that stands below it.
    return { ...ui, chosen: rest[windowStart(rest.length, listRows, null, 0)] ?? ui.chosen, row: 0 };
  }
  const to = index + by;
  if (index === 0 && by < 0 && pinned.length > 0) return { ...ui, chosen: pinned.at(-1) ?? null };
  if (to >= rest.length) return { ...ui, chosen: null };
  const start = windowStart(rest.length, listRows, ui.chosen === null ? null : index, ui.row);
  const aim = Math.max(0, to);
  const row = Math.abs(by) > 1 ? index - start : Math.min(listRows - 1, Math.max(0, aim - start));
  return { ...ui, chosen: rest[aim] ?? null, row };
}

function inMessage(ui: Ui, opened: Opened, command: Command, world: World): Ui {
  const { documentRows, documentLength, parts } = world;
  const to = (cursor: number): Ui => withCursor(ui, opened, cursor, world);
  switch (command) {
    case 'up':
      return to(opened.cursor - 1);
    case 'down':
      return to(opened.cursor + 1);
    case 'page-up':
      return to(opened.cursor - documentRows);
    case 'page-down':
      return to(opened.cursor + documentRows);
    case 'top':
      return to(0);
    case 'bottom':
      return to(documentLength - 1);
    case 'next-pane':
      return toPart(ui, opened, parts.find((at) => at > opened.cursor) ?? 0, world);
    case 'previous-pane':
      return toPart(ui, opened, parts.findLast((at) => at < opened.cursor) ?? parts.at(-1) ?? 0, world);
    case 'back':
      return { ...ui, opened: ui.opened.slice(0, -1) };
    default:
      return ui;
  }
}

function withCursor(ui: Ui, opened: Opened, wanted: number, { documentRows, documentLength }: World): Ui {
  const cursor = Math.max(0, Math.min(documentLength - 1, wanted));
  const top = Math.max(cursor - documentRows + 1, Math.min(opened.top, cursor));
  return { ...ui, opened: [...ui.opened.slice(0, -1), { ...opened, cursor, top }] };
}

/** A part is shown from its heading on, where the document is long enough. */
function toPart(ui: Ui, opened: Opened, at: number, world: World): Ui {
  const top = Math.max(0, Math.min(at, world.documentLength - world.documentRows));
  return withCursor(ui, { ...opened, top }, at, world);
}
