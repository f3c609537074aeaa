import type { BigIntStats, Stats } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';
import { fileError } from './file-error.js';

/** @throws UserError where it is missing, no file that grows, or not for us to read. */
export async function ensureReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
    ensureFile(file, await stat(file));
  } catch (error) {
    throw fileError(error, file);
  }
}

/** A log that is followed is a file: a pipe is read away, and a device has no end. @throws where it is none. */
export function ensureFile(path: string, stats: Stats | BigIntStats): void {
  if (stats.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
  if (!stats.isFile()) throw new UserError(`${printable(path)} is no file that can be followed`);
}
