import * as zlib from 'node:zlib';

// Small slices bound what one write can blow up to (gzip packs at most 1 : 1032).
const SLICE = 16 * 1024;

type Inflater = zlib.Gunzip;

/**
 * Unpacks with node:zlib and gives out all that was readable before an error: a plain `for await` over the
 * stream would drop what it has buffered. So each slice is written alone and its output taken at once.
 * `onDamage` hears why it ended early.
 */
async function* inflateWith(
  inflater: Inflater,
  pieces: AsyncIterable<Buffer>,
  onDamage: (reason: string) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const output: Buffer[] = [];
  let proceed = () => {};
  let failure: Error | undefined;
  inflater.on('data', (data: Buffer) => output.push(data));
  inflater.on('error', (error) => {
    failure = error;
  });
  // After an error neither a write's callback nor `end` comes any more, but `close` does.
  inflater.on('end', () => proceed());
  inflater.on('close', () => proceed());
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length && !failure; at += SLICE) {
        await new Promise<void>((resolve) => {
          proceed = resolve;
          inflater.write(piece.subarray(at, at + SLICE), () => resolve());
        });
        yield* output.splice(0);
      }
      if (failure) break;
    }
    if (!failure) {
      await new Promise<void>((resolve) => {
        proceed = resolve;
        inflater.end();
      });
      yield* output.splice(0);
    }
    if (failure) onDamage(failure.message);
  } finally {
    inflater.destroy();
  }
}

export function gunzip(
  pieces: AsyncIterable<Buffer>,
  onDamage: (reason: string) => void,
): AsyncGenerator<Buffer, void, undefined> {
  return inflateWith(zlib.createGunzip({ chunkSize: 256 * 1024 }), pieces, onDamage);
}

/** Node's own zstd (22.15 and later), else undefined. */
export function nodeUnzstd():
  | ((pieces: AsyncIterable<Buffer>, onDamage: (reason: string) => void) => AsyncGenerator<Buffer>)
  | undefined {
  const create = 'createZstdDecompress' in zlib ? zlib.createZstdDecompress : undefined;
  if (typeof create !== 'function') return undefined;
  return (pieces, onDamage) => inflateWith(create() as Inflater, pieces, onDamage);
}
