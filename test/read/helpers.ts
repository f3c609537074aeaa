import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type Chunk, type Input, openInput } from '../../src/read/input.js';

/** A folder for one test, removed after it. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'amavtrace-read-'));
  folders.push(path);
  return path;
}

const folders: string[] = [];
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

export async function readAll(
  path: string,
): Promise<{ text: string; bytes: number; chunks: Chunk[]; input: Input }> {
  const input = await openInput(path);
  const chunks: Chunk[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return {
    text: chunks.map((chunk) => chunk.text).join(''),
    bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0),
    chunks,
    input,
  };
}
