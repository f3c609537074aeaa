/** The UI on a screen of any size, driven by keys as a terminal sends them. */
import { render } from 'ink-testing-library';
import { createElement } from 'react';
import { vi } from 'vitest';
import { App } from '../../src/tui/app.js';
import { Session } from '../../src/tui/session.js';
import { type FakeFeed, NOW } from './fake-feed.js';

export const KEYS = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  pageUp: '\x1b[5~',
  pageDown: '\x1b[6~',
  home: '\x1b[H',
  end: '\x1b[F',
  enter: '\r',
  escape: '\x1b',
  tab: '\t',
  shiftTab: '\x1b[Z',
  backspace: '\x7f',
} as const;

export interface Screen {
  /** Sends what keys send, one chunk each, and lets them be drawn. */
  press(...chunks: readonly string[]): Promise<void>;
  /** Lets as many milliseconds pass. */
  wait(millis: number): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  rows(): readonly string[];
  text(): string;
  /** The row with the cursor. */
  chosen(): string;
  readonly copied: string[];
  readonly frames: readonly string[];
  readonly quits: () => number;
}

/** Times are faked: `vi.useFakeTimers` is on while the screen is used, at NOW. */
export async function open(feed: FakeFeed, columns = 80, rows = 24, unicode = true): Promise<Screen> {
  vi.useFakeTimers({ now: NOW });
  let size = { columns, rows };
  let quits = 0;
  const copied: string[] = [];
  const session = new Session({
    feed,
    look: () => ({ ...size, color: false, unicode, zone: () => 0 }),
    now: () => Date.now(),
    copy: (text) => copied.push(text),
    redraw: () => undefined,
    quit: () => {
      quits++;
    },
  });
  const app = createElement(App, { session });
  const ink = render(app);
  const setColumns = (): void => {
    // The library's terminal has 100 columns for ever.
    Object.defineProperty(ink.stdout, 'columns', { value: size.columns, configurable: true });
    ink.rerender(app);
  };
  setColumns();
  const wait = async (millis: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(millis);
  };
  await wait(200);
  const text = (): string => ink.lastFrame() ?? '';
  const lines = (): readonly string[] =>
    text()
      .split('\n')
      .map((line) => line.trimEnd());
  return {
    press: async (...chunks) => {
      for (const chunk of chunks) {
        ink.stdin.write(chunk);
        await wait(200);
      }
    },
    wait,
    resize: async (newColumns, newRows) => {
      size = { columns: newColumns, rows: newRows };
      setColumns();
      session.resized();
      await wait(200);
    },
    rows: lines,
    text,
    chosen: () => lines().find((line) => line.startsWith('›') || line.startsWith('>')) ?? '',
    copied,
    frames: ink.frames,
    quits: () => quits,
  };
}
