/**
 * One generation of a log (the file between two rotations) and how far it has been taken. `dev` and `ino` are
 * decimal strings: inode numbers of some file systems don't fit in a JavaScript number.
 */
export interface Position {
  readonly dev: string;
  readonly ino: string;
  /** Bytes taken, always at a line's end; of the unpacked text where the generation is a packed file. */
  readonly offset: number;
  /** Tells the generation again under another name, inode or packing: see fingerprint.ts. */
  readonly fingerprint: string;
}

/**
 * How far a followed log has been handed out. Plain JSON; commit it together with what was made of the lines
 * and give it back to `follow` at the next start: nothing is then lost or doubled, wherever it was killed.
 */
export interface Checkpoint extends Position {
  readonly path: string;
  /** Latest modification, in ms since 1970, of what was taken: where the generation is gone, later ones are new. */
  readonly time: number;
  /** Earlier generations that may still get late lines, oldest first. */
  readonly older?: readonly Position[];
}
