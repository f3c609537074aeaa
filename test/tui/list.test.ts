import { describe, expect, it } from 'vitest';
import { isFailure, isWaiting, parseFilter } from '../../src/tui/model/filter.js';
import { indexOf, listing, windowStart } from '../../src/tui/model/list.js';
import { percentile } from '../../src/tui/model/percentile.js';
import { filterTime, pastSamples, sparkline, withSample } from '../../src/tui/model/spark.js';
import { deferred, message, NOW, recipient } from './fake-feed.js';

const UTF8 = { color: false, unicode: true };

describe('the filter', () => {
  const trace = message('8BE9416260E', { sender: 'Sender@Outside.example' });

  it.each([
    '8be9416260e',
    '8BE9416260EB',
    '8BE9416260E-01',
    'm8BE9416260E',
    '<8BE9416260E@outside.example>',
    'alice@',
    '192.0.2.1',
  ])('finds a message by %s', (word) => expect(parseFilter(word)(trace)).toBe(true));

  it.each([
    'state:deliv',
    'verdict:clean',
    'from:outside',
    'to:alice',
    'state:delivered verdict:CLEAN alice',
  ])('fits %s', (text) => expect(parseFilter(text)(trace)).toBe(true));

  it.each(['state:deferred', 'verdict:spam', 'problem:filter', 'from:alice', 'to:outside', 'alice nobody'])(
    'does not fit %s',
    (text) => expect(parseFilter(text)(trace)).toBe(false),
  );

  it('takes an unknown key as a word', () => {
    expect(parseFilter('ipv6:')(trace)).toBe(false);
    expect(parseFilter('')(trace)).toBe(true);
  });

  it('finds stuck ones and problems', () => {
    const stuck = deferred('A1', { stuck: true });
    expect(parseFilter('state:stuck problem:filter-refused')(stuck)).toBe(true);
  });
});

describe('what counts as a failure', () => {
  it('is what bounced, waits or has an open problem, not what the filter blocked', () => {
    expect(isFailure(deferred('A1'))).toBe(true);
    expect(isFailure(message('A2', { recipients: [recipient({ state: 'bounced' })] }))).toBe(true);
    expect(
      isFailure(message('A3', { state: 'blocked', recipients: [recipient({ state: 'blocked' })] })),
    ).toBe(false);
    expect(isFailure(message('A4'))).toBe(false);
  });

  it('is not waiting once it has bounced', () => {
    expect(isWaiting(deferred('A1'))).toBe(true);
    expect(isWaiting(message('A2', { recipients: [recipient({ state: 'bounced' })] }))).toBe(false);
  });
});

describe('the listing', () => {
  const many = Array.from({ length: 10 }, (_, index) => message(`A${index}`));
  const stuck = [deferred('S1', { stuck: true }), deferred('S2', { stuck: true })];

  it('pins stuck ones on top, the longest waiting first', () => {
    const { pinned, rest } = listing([...stuck, ...many], '', 'all', 20);
    expect(pinned.map(({ queueIds }) => queueIds[0])).toEqual(['S1', 'S2']);
    expect(rest).toHaveLength(10);
  });

  it('pins a third of the rows at most; the others stand in the list', () => {
    const { pinned, rest } = listing([...stuck, ...many], '', 'all', 5);
    expect(pinned).toHaveLength(1);
    expect(rest.map(({ id }) => id)).toContain(stuck[1]?.id);
  });

  it('shows waiting ones stuck first', () => {
    const { rest } = listing([deferred('D1'), ...stuck, ...many], '', 'waiting', 20);
    expect(rest.map(({ queueIds }) => queueIds[0])).toEqual(['S1', 'S2', 'D1']);
  });

  it('finds a message again that has got another id', () => {
    const renamed = { ...many[3], id: 'mail/other', host: 'mail' } as (typeof many)[number];
    expect(indexOf([...many.slice(0, 3), renamed], many[3] ?? renamed)).toBe(3);
    expect(indexOf(many, message('Z1'))).toBe(-1);
  });

  it('keeps the end in sight, or the chosen row where it stands', () => {
    expect(windowStart(100, 10, null, 0)).toBe(90);
    expect(windowStart(100, 10, 50, 4)).toBe(46);
    expect(windowStart(100, 10, 2, 9)).toBe(0);
    expect(windowStart(100, 10, 99, 0)).toBe(90);
    expect(windowStart(3, 10, 1, 5)).toBe(0);
  });
});

describe('numbers', () => {
  it('have percentiles by the nearest rank', () => {
    expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
    expect(percentile([5, 1, 4, 2, 3], 0.95)).toBe(5);
    expect(percentile([], 0.5)).toBeNull();
  });

  it('become bars, the highest full, unknown ones blank', () => {
    expect(sparkline([0, 1, 4, null, 8], 6, UTF8)).toBe(' ▁▂▅ █');
    expect(sparkline([0, 8], 2, { color: false, unicode: false })).toBe('_#');
    expect(sparkline([0, 0], 2, UTF8)).toBe('▁▁');
  });

  it('open with what the traces tell of the past', () => {
    const samples = pastSamples(
      [message('A1'), message('A2', { firstSeen: new Date(NOW - 5000).toISOString() })],
      NOW,
    );
    expect(samples.at(-1)?.messagesPerMinute).toBe(1);
    expect(samples.at(-3)?.messagesPerMinute).toBe(1);
    expect(samples.filter(({ filterTime: time }) => time === 180)).toHaveLength(2);
  });

  it('keep the last twenty minutes', () => {
    const samples = pastSamples([], NOW);
    expect(withSample(samples, { messagesPerMinute: 7, filterTime: null })).toHaveLength(samples.length);
    expect(filterTime([message('A1')], NOW)).toBeNull();
  });
});
