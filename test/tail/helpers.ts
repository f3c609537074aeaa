import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { FollowOptions } from '../../src/tail/follow.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

const ends: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A folder for one test, removed after it. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'amavtrace-tail-'));
  ends.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function writer(path = folder(), name?: string): Writer {
  const log = new Writer(path, name);
  ends.push(() => log.close());
  return log;
}

export function reader(paths: readonly string[], options?: FollowOptions): Reader {
  const consumer = new Reader(paths, options);
  ends.push(() => consumer.kill());
  return consumer;
}
