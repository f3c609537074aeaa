import Tail from 'tail-file';

const NEWLINE = /\n/g;
const BUFFER = 64 * 1024;

/** Lines as bytes (latin1), and where the line after them begins. */
export interface Grown {
  readonly lines: readonly string[];
  readonly end: number;
  /** Bytes read of the line that begins there. */
  readonly partial: number;
}

/**
 * The growing end of a file, read by tail-file. It gets the descriptor the keeper of generations holds and
 * reads, when told to, to the end of the file; where the name points to, what is truncated and when to look
 * again is not its business. Used as documented it opens by name and loses lines: of a file that was truncated
 * and has grown past the old offset it reads on in the middle, and without events it never looks again.
 */
export class GrowingEnd {
  private readonly tail: Tail;
  private lines: string[] = [];
  private ended: (error?: Error) => void = () => {};

  constructor(path: string, file: { readonly fd: number; readonly ino: string }, offset: number) {
    this.tail = new Tail(path, {
      encoding: 'latin1',
      started: path,
      fd: file.fd,
      ino: file.ino,
      pos: offset,
      posNext: offset,
      posSkip: 0,
      sepG: new RegExp(NEWLINE),
      _bufsize: BUFFER,
      onLine: (error, line) => {
        if (error) return this.ended(error);
        this.lines.push(line);
        setImmediate(() => this.tail.getLine());
      },
      onEndOfFile: () => this.ended(),
    });
  }

  /** Reads all whole lines there are. */
  async read(): Promise<Grown> {
    await new Promise<void>((resolve, reject) => {
      this.ended = (error) => (error ? reject(error) : resolve());
      this.tail.readStuff();
    });
    const lines = this.lines;
    this.lines = [];
    return { lines, end: this.tail.posNext, partial: this.tail.txt.length };
  }
}
