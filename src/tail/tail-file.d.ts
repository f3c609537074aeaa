// The part of tail-file 1.4 that is used here; it brings no types of its own.
declare module 'tail-file' {
  import { EventEmitter } from 'node:events';

  /** "Set any properties": an options object's fields become those of the instance. */
  interface State {
    encoding: string;
    started: string;
    fd: number | undefined;
    ino: string;
    /** Next byte to read. */
    pos: number;
    /** Where the next line begins; bytes, as in latin1 characters are bytes. */
    posNext: number;
    posSkip: number;
    sepG: RegExp;
    _bufsize: number;
    /** What has been read of an unfinished line. */
    txt: string;
    reading: boolean;
    onLine: (error: Error | null, line: string, position: number) => void;
    onEndOfFile: () => void;
  }

  export default class Tail extends EventEmitter {
    constructor(filename: string, options: Partial<State>);
    readonly txt: string;
    readonly posNext: number;
    reading: boolean;
    /** Reads on, unless it's reading. */
    readStuff(): void;
    /** Gives the next line of what has been read, or reads on. */
    getLine(): void;
  }
}
