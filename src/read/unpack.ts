import { spawn } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';
import type { Compression } from './compression.js';
import { gunzip, nodeUnzstd } from './inflate.js';

interface Program {
  readonly command: string;
  readonly debian: string;
}

const PROGRAMS: Readonly<Record<Exclude<Compression, 'none' | 'gzip'>, Program>> = {
  xz: { command: 'xz', debian: 'xz-utils' },
  bzip2: { command: 'bzip2', debian: 'bzip2' },
  zstd: { command: 'zstd', debian: 'zstd' },
};

/** Unpacks a stream of bytes. Damage (a truncated file) ends it and is told to `onDamage`, not thrown. */
export function unpack(
  compression: Compression,
  pieces: AsyncIterable<Buffer>,
  onDamage: (reason: string) => void,
): AsyncIterable<Buffer> {
  if (compression === 'none') return pieces;
  if (compression === 'gzip') return gunzip(pieces, onDamage);
  const unzstd = compression === 'zstd' ? nodeUnzstd() : undefined;
  return unzstd?.(pieces, onDamage) ?? throughProgram(PROGRAMS[compression], pieces, onDamage);
}

async function* throughProgram(
  { command, debian }: Program,
  pieces: AsyncIterable<Buffer>,
  onDamage: (reason: string) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const child = spawn(command, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new UserError(
      `the program ${command} is not installed`,
      `install it (Debian: apt install ${debian}), or unpack the file first`,
    );
  });
  closed.catch(() => undefined);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  let failure: UserError | undefined;
  const feeding = pipeline(pieces, child.stdin).catch((error: unknown) => {
    // A broken pipe is the program's own early end, and told by its exit status.
    if (!(error instanceof UserError)) return;
    failure = error;
    child.kill();
  });
  try {
    for await (const data of child.stdout as AsyncIterable<Buffer>) yield data;
    const status = await closed;
    await feeding;
    if (failure) throw failure;
    // bzip2 goes on with advice.
    if (status !== 0) onDamage(printable(complaint.trim().split('\n')[0] ?? '') || `${command} failed`);
  } finally {
    child.kill();
    child.stdin.destroy();
    await closed.catch(() => undefined);
    await feeding;
  }
}
