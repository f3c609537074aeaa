import { access, constants, stat } from 'node:fs/promises';
import { fileError } from './file-error.js';

/** @throws UserError where it is missing, a folder, or not for us to read. */
export async function ensureReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
    if ((await stat(file)).isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
  } catch (error) {
    throw fileError(error, file);
  }
}
