/**
 * One stage of the bench in a process of its own: `stage.ts parse|join LOG`. It runs the built program,
 * and prints what it took as JSON.
 */
import { performance } from 'node:perf_hooks';
import type { Event } from '../../src/core/event.js';

/** What a stage took. */
export interface Taken {
  readonly seconds: number;
  /** The most memory it ever held, in bytes. */
  readonly memory: number;
}

const DIST = new URL('../../dist/', import.meta.url);
/** How often the joiner is asked for what is at rest, in events, as an import does. */
const REST_EVERY = 500;

const [stage, log = ''] = process.argv.slice(2);
const started = performance.now();
if (stage === 'join') await readAll(await joining());
else await readAll(() => {});
const taken: Taken = {
  seconds: (performance.now() - started) / 1000,
  memory: process.resourceUsage().maxRSS * 1024,
};
process.stdout.write(`${JSON.stringify(taken)}\n`);

async function joining(): Promise<(event: Event) => void> {
  const { Joiner } = await built<typeof import('../../src/core/join/joiner.js')>('core/join/joiner.js');
  const { emptyArchive } =
    await built<typeof import('../../src/core/join/archive.js')>('core/join/archive.js');
  const { MailPath } = await built<typeof import('../../src/core/path.js')>('core/path.js');
  const joiner = new Joiner(new MailPath(), emptyArchive);
  let events = 0;
  return (event) => {
    joiner.apply(event);
    if (++events % REST_EVERY === 0) joiner.rest();
  };
}

async function readAll(take: (event: Event) => void): Promise<void> {
  const { openInput } = await built<typeof import('../../src/read/input.js')>('read/input.js');
  const { compilePatterns } =
    await built<typeof import('../../src/read/pattern-files.js')>('read/pattern-files.js');
  const { EventReader } =
    await built<typeof import('../../src/core/event-reader.js')>('core/event-reader.js');
  const { eachLine } = await built<typeof import('../../src/read/lines.js')>('read/lines.js');
  const clock = { notAfter: Date.now(), zone: () => 0 };
  const reader = new EventReader(compilePatterns([]), clock, { event: take, unrecognized: () => {} });
  for await (const { text } of await openInput(log)) eachLine(text, (line) => reader.read(line));
  reader.end();
}

/** A module of the built program; what runs from source is transformed on the way, and slower. */
async function built<T>(path: string): Promise<T> {
  return (await import(new URL(path, DIST).href)) as T;
}
