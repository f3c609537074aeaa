/**
 * One generation of a log (the file between two rotations) and how far it has been taken. `dev` and `ino` are
 * decimal strings: inode numbers of some file systems don't fit in a JavaScript number.
 */
export interface Position {
  readonly dev: string;
  readonly ino: string;
  /** When the inode was made, ns since 1970; absent where the file system doesn't tell. Inode numbers come again. */
  readonly born?: string;
  /** Bytes taken, always at a line's end; of the unpacked text where the generation is a packed file. */
  readonly offset: number;
  /** Tells the generation again under another name, inode or packing: see fingerprint.ts. */
  readonly fingerprint: string;
  /** The same of the last bytes before `offset`, where that is beyond what the fingerprint covers. */
  readonly mark?: string;
  /** The inode holds another content since: this one is in a copy, if anywhere. */
  readonly replaced?: true;
  /** It has been left behind: nothing of it is to be read, unless it has grown. */
  readonly done?: true;
}

/**
 * How far a followed log has been handed out. Plain JSON; commit it together with what was made of the lines
 * and give it back to `follow` at the next start: nothing is then lost or doubled, wherever it was killed.
 */
export interface Checkpoint extends Position {
  readonly path: string;
  /** Latest modification, in ms since 1970, of what was taken: where no known generation is left, later ones are new. */
  readonly time: number;
  /**
   * The generations before it, oldest first: those that may still get late lines, and those that were read and are
   * not to be read again. What is beside them or comes after them is new.
   */
  readonly older?: readonly Position[];
}
