import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { stopsOf } from '../../src/tui/model/stops.js';
import { widthOf } from '../../src/tui/text.js';
import { strip, stripWidth } from '../../src/tui/views/strip.js';
import { deferred, hop, message, recipient } from './fake-feed.js';

const LOOK = { color: false, unicode: true, zone: () => 0, columns: 80, rows: 24 };

function narrow(trace: Trace): string {
  return strip(trace, false, LOOK)
    .map(({ text }) => text)
    .join('')
    .trim();
}

function wide(trace: Trace): string {
  return strip(trace, true, LOOK)
    .map(({ text }) => text)
    .join('')
    .trim();
}

const BEHIND =
  'host 127.0.0.1[127.0.0.1] said: 451 4.5.0 id=20694-02 - Temporary MTA failure on relaying, From MTA() during ' +
  'fwd-connect (All attempts (1) failed connecting to smtp:[127.0.0.1]:10025): id=20694-02 (in reply to end of DATA command)';

describe('the strip of a message', () => {
  it('is filled to the mailbox when it was delivered', () => {
    expect(wide(message('A1'))).toBe('25 ▸ 10024 ▸ 10025 ▸ mailbox ✓');
    expect(narrow(message('A1'))).toBe('25▸10024▸10025▸mbox✓');
  });

  it('ends with a mark at the filter that refuses connections', () => {
    expect(narrow(deferred('A1'))).toBe('25▸10024!··········');
  });

  it('ends at the way back when amavis could not give the message back', () => {
    const trace = deferred('A1', {
      hops: [
        hop('receive', { queueId: 'A1', port: 25 }),
        hop('filter', { queueId: 'A1', port: 10024, outcome: 'deferred', detail: BEHIND }),
      ],
    });
    expect(narrow(trace)).toBe('25▸10024▸10025!····');
  });

  it('ends at the filter that blocked it', () => {
    const trace = message('A1', {
      state: 'blocked',
      hops: [
        hop('receive', { queueId: 'A1', port: 25 }),
        hop('filter', { queueId: 'A1', port: 10024, outcome: 'blocked', detail: '250 2.7.0 Ok, discarded' }),
      ],
      recipients: [recipient({ queueId: 'A1', state: 'blocked' })],
    });
    expect(narrow(trace)).toBe('25▸10024⊘··········');
  });

  it('shows where one of several recipients was blocked, and that the others got it', () => {
    const blocked = hop('filter', { queueId: 'A1', port: 10024, outcome: 'blocked' });
    const trace = message('A1', {
      state: 'partial',
      hops: [...message('A1').hops, blocked],
      recipients: [recipient({ queueId: 'A1B' }), recipient({ queueId: 'A1', state: 'blocked' })],
    });
    expect(narrow(trace)).toBe('25▸10024⊘10025▸mbox✓');
  });

  it('does not hold an overcome deferral against a delivered message', () => {
    const waited = hop('filter', {
      queueId: 'A1',
      port: 10024,
      outcome: 'deferred',
      detail: 'Connection refused',
    });
    expect(narrow(message('A1', { hops: [waited, ...message('A1').hops] }))).toBe('25▸10024▸10025▸mbox✓');
  });

  it('names the next MTA and the ports that are in use', () => {
    const trace = message('A1', {
      state: 'bounced',
      hops: [
        hop('receive', { queueId: 'A1', port: 587 }),
        hop('filter', { queueId: 'A1', port: 10026 }),
        hop('reinject', { queueId: 'A1B', port: 10027 }),
        hop('deliver', { queueId: 'A1B', service: 'smtp', port: 25, outcome: 'failed' }),
      ],
      recipients: [recipient({ queueId: 'A1B', state: 'bounced' })],
    });
    expect(narrow(trace)).toBe('587▸10026▸10027▸relay✗');
    expect(stopsOf(trace).map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'failed']);
  });

  it('says that it waits where nothing has failed', () => {
    const queued = message('A1', {
      state: 'queued',
      hops: [hop('receive', { queueId: 'A1', port: 25 })],
      recipients: [recipient({ queueId: 'A1', state: 'queued' })],
    });
    expect(narrow(queued)).toBe('25…················');
    const filtering = {
      ...queued,
      state: 'filtering' as const,
      recipients: [recipient({ queueId: 'A1', state: 'filtering' })],
    };
    expect(narrow(filtering)).toBe('25▸10024…··········');
  });

  it('begins in the filter when the message was injected there', () => {
    const trace = message('A1', { hops: message('A1').hops.slice(2) });
    expect(wide(trace)).toBe('·· · 10024 ▸ 10025 ▸ mailbox ✓');
  });

  it('never takes more room than its column has', () => {
    for (const trace of [message('A1'), deferred('A1')]) {
      for (const kind of [true, false]) {
        const text = strip(trace, kind, LOOK)
          .map((part) => part.text)
          .join('');
        expect(widthOf(text)).toBeLessThanOrEqual(stripWidth(kind));
      }
    }
  });
});
