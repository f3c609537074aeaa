/** The terminal UI over a live feed, from taking the screen to giving it back. */
import { spawn } from 'node:child_process';
import { render } from 'ink';
import type { ExitStatus, Io } from '../commands/command.js';
import type { ZoneOffset } from '../core/clock.js';
import type { LiveFeed } from '../follow/feed.js';
import { App } from './app.js';
import { Canvas } from './canvas.js';
import { Session } from './session.js';

export interface StartOptions {
  /** In which times are shown. */
  readonly zone: ZoneOffset;
}

/**
 * Shows the feed until the user quits or `io.signal` aborts; ends the same way with status 0. Rejects when the feed
 * fails. The terminal is given back in all cases, also when the process crashes.
 */
export async function start(feed: LiveFeed, io: Io, { zone }: StartOptions): Promise<ExitStatus> {
  const { stdin, stdout } = process;
  const canvas = new Canvas(stdout);
  const unicode = io.unicode && io.env['TERM'] !== 'linux';
  const { color } = io;
  let quit = (): void => undefined;
  let fail = (_error: unknown): void => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    quit = resolve;
    fail = reject;
  });
  const session = new Session({
    feed,
    look: () => ({ color, unicode, zone, columns: canvas.columns, rows: canvas.rows }),
    now: Date.now,
    copy: (text) => {
      canvas.copy(text);
      if ((io.env['TMUX'] ?? '') !== '') copyToTmux(text);
    },
    redraw: () => canvas.redraw(),
    quit: () => quit(),
  });
  feed.ended.then(
    () => session.notify('following has ended'),
    (error: unknown) => fail(error),
  );

  let isGone = false;
  const restore = (): void => {
    if (!isGone) canvas.leave();
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  // Whatever ends the process runs this; an uncaught error is printed after it.
  process.on('exit', restore);
  const end = (): void => quit();
  // A terminal that has been closed tells it in one of these ways.
  const gone = (): void => {
    isGone = true;
    quit();
  };
  stdin.on('end', gone).on('error', gone);
  process.on('SIGHUP', end);
  canvas.on('resize', () => session.resized());
  io.signal.addEventListener('abort', end);

  let ink: ReturnType<typeof render> | undefined;
  try {
    canvas.enter();
    ink = render(<App session={session} />, {
      // Ink asks of its output no more than a canvas is.
      stdout: canvas as unknown as NodeJS.WriteStream,
      stdin,
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
    });
    ink.waitUntilExit().then(quit, fail);
    if (io.signal.aborted) quit();
    await ended;
    return 0;
  } finally {
    session.close();
    restore();
    ink?.unmount();
    process.off('exit', restore);
    process.off('SIGHUP', end);
    io.signal.removeEventListener('abort', end);
    if (isGone) process.on('exit', dieOfHangup);
    else stdin.off('end', gone).off('error', gone);
    stdin.pause();
  }
}

/**
 * As it is set up by default, tmux lets no program inside it reach the clipboard (`set-clipboard external`), but passes
 * on what its own command is given. `-w` does that; it is as old as tmux 3.2.
 */
function copyToTmux(text: string): void {
  const tmux = spawn('tmux', ['load-buffer', '-w', '-'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ignore = (): void => undefined;
  tmux.on('error', ignore);
  tmux.stdin.on('error', ignore).end(text);
}

/** Node aborts when it can't set a closed terminal back at its exit; this is how programs end that lose theirs. */
function dieOfHangup(): void {
  process.kill(process.pid, 'SIGHUP');
}
