import type { Position } from './checkpoint.js';

/** Lines taken from a generation. */
export interface Taken {
  readonly lines: readonly string[];
  /** How many of them were longer than 1 MiB and cut. */
  readonly cut: number;
}

/**
 * `replaced`: the file was truncated and its content is another one now. `shrunk`: it holds less than was taken,
 * and that as before: cut back, or truncated and begun anew alike.
 */
export type Looked = 'same' | 'replaced' | 'shrunk';

/** What reading gave: lines; `nothing` more for now; what it was that hindered; `finished`, if it can't grow. */
export type Reading = Taken | 'nothing' | 'replaced' | 'shrunk' | 'finished';

/** One generation of a log, open. */
export interface Generation {
  readonly dev: string;
  readonly ino: string;
  /** Its first bytes, as far as they are there. */
  readonly head: Buffer;
  /** Last modification, in ms since 1970. */
  readonly mtime: number;
  position(): Position;
  /** Takes the next whole lines. */
  read(): Promise<Reading>;
  /** Takes an unterminated last line: for a generation nobody writes to any more. */
  readRest(): Promise<Reading>;
  /** Bytes that aren't taken, as of the last look; of a packed one all that it has, as they are packed. */
  readonly left: number;
  /** Looks at the file again: has it grown, or been truncated. One that isn't the `same` is dead. */
  look(): Promise<Looked>;
  close(): Promise<void>;
}
