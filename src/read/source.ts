import { type FileHandle, type FileReadResult, open } from 'node:fs/promises';
import { fileError } from './file-error.js';

const PIECE = 1 << 18;

/** Where a reader is in the file itself: compressed bytes for a compressed file. */
export interface Progress {
  position: number;
}

/**
 * The raw bytes of a file (`-` is standard input) in pieces of up to 256 KiB. A file given open is left open.
 * Throws a UserError when it can't.
 */
export async function* source(
  path: string,
  progress: Progress,
  opened?: FileHandle,
): AsyncGenerator<Buffer, void, undefined> {
  if (path === '-' && opened === undefined) {
    for await (const piece of process.stdin as AsyncIterable<Buffer>) {
      progress.position += piece.length;
      yield piece;
    }
    return;
  }
  const file =
    opened ??
    (await open(path, 'r').catch((error: unknown) => {
      throw fileError(error, path);
    }));
  // A fresh buffer each time: the pieces' ends are kept by the one who cuts them into lines.
  const read = (position: number): Promise<FileReadResult<Buffer>> => {
    const reading = file.read(Buffer.allocUnsafeSlow(PIECE), 0, PIECE, opened ? position : null);
    // Whoever leaves the loop doesn't ask for what was read ahead.
    reading.catch(() => {});
    return reading;
  };
  try {
    for (let ahead = read(progress.position); ; ) {
      const { bytesRead, buffer } = await ahead.catch((error: unknown) => {
        throw fileError(error, path);
      });
      if (bytesRead === 0) return;
      progress.position += bytesRead;
      // The next piece is read while this one is worked on.
      ahead = read(progress.position);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    if (file !== opened) await file.close();
  }
}
