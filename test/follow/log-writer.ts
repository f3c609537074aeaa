import { Writer } from '../tail/writer.js';

/** The logger of a mail system: writes these lines, in whatever way it's asked to. */
export class LogWriter extends Writer {
  private at = 0;
  private readonly text: readonly string[];

  constructor(folder: string, text: readonly string[]) {
    super(folder);
    this.text = text;
  }

  get left(): number {
    return this.text.length - this.at;
  }

  /** Up to so many whole lines, in one write. */
  write(count: number): void {
    this.finishLine();
    this.lines(Math.min(count, this.left));
  }

  /** A part of the next line. */
  writePart(bytes: number): void {
    if (this.left > 0) this.piece(bytes);
  }

  protected override nextLine(): string {
    const line = this.text[this.at];
    if (line === undefined) throw new Error('all lines are written');
    this.at += 1;
    return line;
  }
}
