/** How a file's bytes are packed. Told by its first bytes, never by its name. */
export type Compression = 'none' | 'gzip' | 'xz' | 'bzip2' | 'zstd';

/** Bytes needed to tell the compression of a file. */
export const MAGIC_LENGTH = 6;

export function compressionOf(head: Uint8Array): Compression {
  const starts = (...magic: readonly number[]) =>
    head.length >= magic.length && magic.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b)) return 'gzip';
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  if (starts(0x42, 0x5a, 0x68) && isDigit(head[3]) && (head[4] === 0x31 || head[4] === 0x17)) return 'bzip2';
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  return 'none';
}

/** The block size of bzip2, '1' to '9'; a log line that begins with "BZh" has no such digit and block mark. */
function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x31 && byte <= 0x39;
}
