import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import type { Trace } from '../../src/core/trace/trace.js';
import type { LogInput } from '../../src/follow/inputs.js';
import { type LogWatch, type MessageIds, watchLog } from '../../src/probe/log-watch.js';
import { compilePatterns } from '../../src/read/pattern-files.js';
import { readCatalogue } from '../../src/read/problem-files.js';

const patterns = compilePatterns([]);
const catalogue = readCatalogue(undefined);
const sample = (name: string): string[] =>
  readFileSync(new URL(`../../samples/${name}/maillog`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

type Lines = readonly string[];
type Piece = LogInput extends AsyncIterable<infer Item> ? Item : never;

/** A log that gets these batches of lines, and then no more until it is closed. */
function watch(batches: readonly Lines[]): LogWatch {
  const end = new AbortController();
  async function* read() {
    for (const lines of batches) {
      yield { log: '/var/log/mail.log', lines, position: null, modified: Date.parse('2026-12-01') };
      // What was read is told some milliseconds later: each batch by itself.
      await new Promise((resolve) => setTimeout(resolve, 70));
    }
    await new Promise<void>((resolve) => {
      if (end.signal.aborted) resolve();
      else end.signal.addEventListener('abort', () => resolve());
    });
  }
  return watching(read(), () => end.abort());
}

function watching(pieces: AsyncIterable<Piece>, stop: () => void): LogWatch {
  const input: LogInput = { [Symbol.asyncIterator]: () => pieces[Symbol.asyncIterator](), reopen: () => {} };
  return watchLog(input, { patterns, catalogue, path: new MailPath(), zone: () => 0, stop });
}

async function until(ids: MessageIds, batches: readonly Lines[], state: Trace['state']): Promise<Trace> {
  const log = watch(batches);
  try {
    for await (const trace of log.find(ids, new AbortController().signal))
      if (trace.state === state) return trace;
    throw new Error('the log ended');
  } finally {
    await log.close();
  }
}

const LINES = sample('guide_test_now');
const nobody = { queueId: null, amavisId: null };

describe("the guide's test message", () => {
  test.each([
    ['its Message-ID', { ...nobody, messageId: 'T0013690845@outside.example' }],
    ['the queue id of the reply', { ...nobody, messageId: 'x', queueId: '27AA1162650' }],
    ["amavis' id of the reply", { ...nobody, messageId: 'x', amavisId: '16220-01' }],
  ])('is found by %s', async (_, ids) => {
    const trace = await until(ids, [LINES], 'delivered');
    expect(trace).toMatchObject({ queueIds: ['27AA1162650'], complete: true });
    expect(trace.filter.map(({ verdict }) => verdict)).toEqual(['CLEAN']);
  });

  test('is told again as its lines come, one by one', async () => {
    const states: Trace['state'][] = [];
    const log = watch(LINES.map((line) => [line]));
    for await (const trace of log.find(
      { ...nobody, messageId: 'T0013690845@outside.example' },
      new AbortController().signal,
    )) {
      states.push(trace.state);
      if (trace.complete) break;
    }
    await log.close();
    expect(states.length).toBeGreaterThan(1);
    expect(states[0]).toBeNull();
    expect(states.at(-1)).toBe('delivered');
  });

  test('is not taken for another message of the same log', async () => {
    const ids = { ...nobody, messageId: 'T0013690845@outside.example' };
    const trace = await until(ids, [sample('pass_lmtp'), LINES], 'delivered');
    expect(trace.queueIds).toEqual(['27AA1162650']);
  });
});

test('the search ends with its signal, and the log with its close', async () => {
  const log = watch([LINES]);
  const seen: Trace[] = [];
  for await (const trace of log.find({ ...nobody, messageId: 'nobody' }, AbortSignal.timeout(50)))
    seen.push(trace);
  expect(seen).toEqual([]);
  await log.close();
});

test('a log that can not be read any longer is an error', async () => {
  async function* broken(): AsyncGenerator<Piece> {
    yield { log: '/var/log/mail.log', lines: [], position: null, modified: 0 };
    throw new Error('gone');
  }
  const log = watching(broken(), () => {});
  const find = log.find({ ...nobody, messageId: 'x' }, AbortSignal.timeout(1000))[Symbol.asyncIterator]();
  await expect(find.next()).rejects.toThrow('gone');
  await log.close();
});

test('a message that waits tells why, as `amavtrace trace` does', async () => {
  const lines = sample('filter_down');
  const deferred = lines.findIndex((line) => line.includes('status=deferred'));
  const queueId = /: ([0-9A-F]+): to=/.exec(lines[deferred] ?? '')?.[1] ?? '';
  const ids = { ...nobody, messageId: 'x', queueId };
  const trace = await until(ids, [lines.slice(0, deferred + 1)], 'deferred');
  expect(trace.problems.map(({ code }) => code)).toEqual(['filter-refused']);
});
