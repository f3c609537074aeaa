/**
 * The terminal as Ink draws on it: the alternate screen, of which only the rows that changed are written.
 *
 * Ink 6.8 draws frames below one another by moving the cursor up. Its incremental mode is a row off, output as high as
 * the terminal wipes the user's scrollback, and with CI set nothing is drawn. In debug mode it hands over whole
 * frames instead; they come here, and each changed row is written at its own place.
 */
import { Writable } from 'node:stream';
import { placed } from './place.js';

/** The parts of a terminal's output stream that a canvas needs. */
export interface Terminal {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

const ESC = '\x1b[';
// Without automatic line ends a row that is wider than we think can't push the others down.
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J${ESC}H`;
// The console of Linux has no alternate screen; there, what is left is at least empty.
const LEAVE = `${ESC}0m${ESC}2J${ESC}H${ESC}?7h${ESC}?25h${ESC}?1049l`;

export class Canvas extends Writable {
  readonly #terminal: Terminal;
  #drawn: readonly string[] = [];
  #open = false;
  readonly #resized = (): void => {
    this.redraw();
    this.emit('resize');
  };

  constructor(terminal: Terminal) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
  }

  get columns(): number {
    return this.#terminal.columns || 80;
  }

  get rows(): number {
    return this.#terminal.rows || 24;
  }

  enter(): void {
    this.#open = true;
    this.#terminal.write(ENTER);
    this.#terminal.on('resize', this.#resized);
  }

  /** Gives the terminal back as it was; may be called again. */
  leave(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.off('resize', this.#resized);
    this.#terminal.write(LEAVE);
  }

  /** Draws everything anew at the next frame: after a resize, or when something else wrote on the screen. */
  redraw(): void {
    if (!this.#open) return;
    const rows = this.#drawn;
    this.#drawn = [];
    this.#terminal.write(`${ESC}2J`);
    this.#draw(rows);
  }

  /** Asks the terminal to put text into the clipboard (OSC 52); not all of them do. */
  copy(text: string): void {
    if (this.#open) this.#terminal.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
  }

  /** A frame as Ink gives it. */
  override _write(frame: string, _encoding: BufferEncoding, done: () => void): void {
    if (this.#open) this.#draw(frame.split('\n'));
    done();
  }

  #draw(frame: readonly string[]): void {
    const rows = frame.slice(0, this.rows);
    let changes = '';
    for (let index = 0; index < Math.max(rows.length, this.#drawn.length); index++) {
      const row = rows[index] ?? '';
      if (row === (this.#drawn[index] ?? '')) continue;
      changes += `${ESC}${index + 1};1H${placed(row)}${ESC}0m${ESC}K`;
    }
    this.#drawn = rows;
    if (changes !== '') this.#terminal.write(changes);
  }
}
