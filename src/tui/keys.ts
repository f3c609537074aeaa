/**
 * The keys, as data: what a key does and what help says of it. Terminals send keys in chunks (a held key, a paste),
 * so input is taken apart into single keys first.
 */
import type { Key as InkKey } from 'ink';

/** A single character as typed, or one of the names below. */
export type Key = string;

export type Command =
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'top'
  | 'bottom'
  | 'open'
  | 'back'
  | 'next-pane'
  | 'previous-pane'
  | 'filter'
  | 'failures'
  | 'waiting'
  | 'pause'
  | 'copy'
  | 'help'
  | 'redraw'
  | 'quit';

export interface Binding {
  readonly keys: readonly Key[];
  readonly command: Command;
  /** How help names the keys, in ASCII and for terminals that have more. */
  readonly label: readonly [unicode: string, ascii: string];
  readonly help: string;
}

export const BINDINGS: readonly Binding[] = [
  { keys: ['up', 'k'], command: 'up', label: ['↑ k', 'Up k'], help: 'up' },
  { keys: ['down', 'j'], command: 'down', label: ['↓ j', 'Down j'], help: 'down' },
  { keys: ['page-up', 'ctrl-b'], command: 'page-up', label: ['PgUp', 'PgUp'], help: 'a page up' },
  { keys: ['page-down', 'ctrl-f', ' '], command: 'page-down', label: ['PgDn', 'PgDn'], help: 'a page down' },
  { keys: ['home', 'g'], command: 'top', label: ['g Home', 'g Home'], help: 'to the top' },
  { keys: ['end', 'G'], command: 'bottom', label: ['G End', 'G End'], help: 'to the newest, to the end' },
  { keys: ['enter', 'right', 'l'], command: 'open', label: ['Enter →', 'Enter'], help: 'open, or go where it says' },
  { keys: ['escape', 'left', 'h', 'backspace'], command: 'back', label: ['Esc ←', 'Esc'], help: 'back, or show all again' },
  { keys: ['tab'], command: 'next-pane', label: ['Tab', 'Tab'], help: 'other pane, next part' },
  { keys: ['shift-tab'], command: 'previous-pane', label: ['⇧Tab', 'S-Tab'], help: 'the part before' },
  { keys: ['/'], command: 'filter', label: ['/', '/'], help: 'filter' },
  { keys: ['f'], command: 'failures', label: ['f', 'f'], help: 'failures only' },
  { keys: ['s'], command: 'waiting', label: ['s', 's'], help: 'stuck and deferred only' },
  { keys: ['p'], command: 'pause', label: ['p', 'p'], help: 'pause, and go on' },
  { keys: ['y', 'c'], command: 'copy', label: ['y', 'y'], help: 'copy the id' },
  { keys: ['?'], command: 'help', label: ['?', '?'], help: 'help' },
  { keys: ['ctrl-l'], command: 'redraw', label: ['Ctrl-L', 'Ctrl-L'], help: 'draw the screen anew' },
  { keys: ['q', 'ctrl-c'], command: 'quit', label: ['q', 'q'], help: 'quit' },
]; // biome-ignore format: a table

const COMMANDS = new Map(BINDINGS.flatMap(({ keys, command }) => keys.map((key) => [key, command] as const)));

export function commandOf(key: Key): Command | undefined {
  return COMMANDS.get(key);
}

const CONTROLS: Readonly<Record<string, Key>> = {
  '\r': 'enter', '\n': 'enter', '\t': 'tab', '\x1b': 'escape', '\x7f': 'backspace', '\b': 'backspace',
}; // biome-ignore format: a table

/** The single keys of what Ink's `useInput` gives at once. */
export function keysOf(input: string, key: Partial<InkKey>): readonly Key[] {
  const named = nameOf(key);
  if (named !== undefined) return [named];
  if (key.ctrl === true && /^[a-z]$/.test(input)) return [`ctrl-${input}`];
  const keys = [...input].map((char) => CONTROLS[char] ?? control(char) ?? char);
  // Esc and the next key, come at once over a slow line, look like Alt and that key, which means nothing here.
  return key.meta === true ? ['escape', ...keys] : keys;
}

function nameOf(key: Partial<InkKey>): Key | undefined {
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.leftArrow) return 'left';
  if (key.rightArrow) return 'right';
  if (key.pageUp) return 'page-up';
  if (key.pageDown) return 'page-down';
  if (key.home) return 'home';
  if (key.end) return 'end';
  if (key.return) return 'enter';
  if (key.escape) return 'escape';
  if (key.tab) return key.shift ? 'shift-tab' : 'tab';
  if (key.backspace || key.delete) return 'backspace';
  return undefined;
}

function control(char: string): Key | undefined {
  const code = char.charCodeAt(0);
  return code < 0x20 ? `ctrl-${String.fromCharCode(code + 0x60)}` : undefined;
}
