/**
 * Starts the UI over a feed of recorded messages, as `amavtrace follow` does, for tests in a real terminal. The times are
 * moved so that the last message came half a minute ago. Environment: STUCK=1 adds one that is stuck,
 * CRASH=1 throws after two seconds.
 */
import type { Io } from '../../src/commands/command.js';
import type { Trace } from '../../src/core/trace/trace.js';
import { start } from '../../src/tui/start.js';
import { deferred, FakeFeed, message } from './fake-feed.js';
import { sampled } from './samples.js';

const { env } = process;
const abort = new AbortController();
process.on('SIGINT', () => abort.abort());
process.on('SIGTERM', () => abort.abort());

const { traces, evidence } = await sampled([
  'guide_2006',
  'guide_test_now',
  'pass_lmtp',
  'verdicts',
  'reinject_down',
  'filter_down',
  'next_hop',
  'hold_requeue_delete',
  'split_policy',
  'before_queue_proxy',
]);
const newest = Math.max(...traces.map(({ lastSeen }) => Date.parse(lastSeen)));
const delta = Date.now() - 30_000 - newest;
const ago = (millis: number): string => new Date(Date.now() - millis).toISOString();

function moved(trace: Trace): Trace {
  const text = JSON.stringify({ ...trace, id: '' }).replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, (iso) =>
    JSON.stringify(new Date(Date.parse(JSON.parse(iso) as string) + delta).toISOString()),
  );
  return { ...(JSON.parse(text) as Trace), id: trace.id };
}

function byAge(a: Trace, b: Trace): number {
  return a.firstSeen < b.firstSeen ? -1 : 1;
}

const extra =
  env['STUCK'] === '1'
    ? [deferred('4F00D1', { firstSeen: ago(8_100_000), stuck: true, stuckSince: ago(1000) })]
    : [];
const evil = message('E711', { firstSeen: ago(60_000), sender: '\x1b]0;pwned\x07\x1b[2Jevil@x.example' });
const feed = new FakeFeed([...extra, ...traces.map(moved), evil].sort(byAge), evidence);
feed.busy = {
  linesPerSecond: 3.4,
  messagesPerMinute: 18,
  inFilter: 2,
  filterTimes: traces.flatMap(({ filter }) => filter.flatMap(({ durationMs }) => durationMs ?? [])),
  deferred: traces.filter(({ state }) => state === 'deferred').length + extra.length,
  stuck: extra.length,
};
if (env['CRASH'] === '1') {
  setTimeout(() => {
    throw new Error('the crash that was asked for');
  }, 2000);
}

const io: Io = {
  out: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  env,
  columns: process.stdout.columns,
  outIsTerminal: true,
  noteIsTerminal: true,
  color: (env['NO_COLOR'] ?? '') === '',
  unicode: /utf-?8/i.test(env['LANG'] ?? ''),
  signal: abort.signal,
};
process.exitCode = await start(feed, io, { zone: () => 0 });
process.stdout.write(`ended with ${process.exitCode}\n`);
