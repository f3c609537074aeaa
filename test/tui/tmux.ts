/** A real terminal: a tmux of its own for each test, in which one command runs between two lines of a shell. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

let count = 0;

export class Tmux {
  readonly #socket = `amavtrace-test-${process.pid}-${count++}`;

  /** `command` is a shell's; its exit status is shown after it ends, and the terminal stays. */
  constructor(command: string, columns: number, rows: number, env: Readonly<Record<string, string>> = {}) {
    const settings = { CI: 'false', LANG: 'C.UTF-8', TZ: 'UTC', NODE_ENV: 'production', ...env };
    const words = Object.entries(settings).map(([name, value]) => `${name}='${value}'`);
    const script = `echo before it; env -u NO_COLOR ${words.join(' ')} ${command}; echo "status $?"; stty -a; sleep 600`;
    execFileSync('tmux', [
      '-L',
      this.#socket,
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      `${columns}`,
      '-y',
      `${rows}`,
      script,
    ]);
    onTestFinished(() => this.close());
    this.setClipboard('on');
    this.#tmux('set-option', '-g', 'status', 'off');
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' });
  }

  keys(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** The rows of the screen, with colours as escapes when asked for. */
  rows(colors = false): readonly string[] {
    return this.#tmux('capture-pane', '-p', ...(colors ? ['-e'] : []))
      .replace(/\n$/, '')
      .split('\n');
  }

  text(): string {
    return this.rows().join('\n');
  }

  /** A value of tmux' own, such as `cursor_flag` or `pane_title`. */
  value(name: string): string {
    return this.#tmux('display-message', '-p', `#{${name}}`).trim();
  }

  /** Whether programs may put something into the clipboard (`on`), or tmux alone (`external`, its default). */
  setClipboard(mode: 'on' | 'external'): void {
    this.#tmux('set-option', '-s', 'set-clipboard', mode);
  }

  clipboard(): string {
    return this.#tmux('show-buffer');
  }

  /** Sends a signal to the command. */
  kill(signal: NodeJS.Signals): void {
    const [pid] = execFileSync('pgrep', ['-P', this.value('pane_pid')], { encoding: 'utf8' }).split('\n');
    process.kill(Number(pid), signal);
  }

  /** Waits until the screen shows the text. */
  async shows(wanted: string | RegExp): Promise<void> {
    const end = Date.now() + 30_000;
    while (Date.now() < end) {
      const text = this.text();
      if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) return;
      await sleep(50);
    }
    throw new Error(`the screen does not show ${wanted}:\n${this.text()}`);
  }

  close(): void {
    try {
      this.#tmux('kill-server');
    } catch {
      // It has ended with its last window.
    }
  }
}
