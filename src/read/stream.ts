/** What can be read only once (standard input, a pipe): a look at its beginning, and at all of it. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../user-error.js';
import type { Chunk, Input } from './input.js';

/** The first chunk, and the whole with it: to be iterated instead of the given one. */
export async function readAhead(
  input: Input,
): Promise<{ readonly chunk: Chunk | undefined; readonly whole: Input }> {
  const rest = input[Symbol.asyncIterator]();
  const first = await rest.next();
  const chunk = first.done === true ? undefined : first.value;
  async function* chunks(): AsyncGenerator<Chunk, void, undefined> {
    try {
      if (chunk !== undefined) yield chunk;
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
    } finally {
      await rest.return?.();
    }
  }
  const { path, compression, warnings } = input;
  const whole: Input = {
    path,
    compression,
    warnings,
    get cutLines() {
      return input.cutLines;
    },
    [Symbol.asyncIterator]: chunks,
  };
  return { chunk, whole };
}

/**
 * Reads a stream to its end, or until the signal, into a file that goes with the process. Gives the file's path.
 * Throws a UserError when there is no room.
 */
export async function putAside(input: Input, signal: AbortSignal): Promise<string> {
  const path = join(tmpdir(), `amavtrace-${randomBytes(8).toString('hex')}`);
  process.once('exit', () => rmSync(path, { force: true }));
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const { text } of input) {
        if (signal.aborted) break;
        await file.write(text);
      }
    } finally {
      await file.close();
    }
    return path;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      `there is no room in ${tmpdir()} to look through standard input (${code ?? message})`,
      'Its stamps have no year, and only its end tells which: name the first with --year, or another folder with TMPDIR.',
    );
  }
}
