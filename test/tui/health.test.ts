import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { healthOf } from '../../src/tui/model/health.js';
import { deferred, hop, message, NOW, recipient } from './fake-feed.js';

function conditions(traces: readonly Trace[], now = NOW): Record<string, string> {
  return Object.fromEntries(healthOf(traces, now).map(({ name, condition }) => [name, condition]));
}

const at = (before: number): string => new Date(NOW - before).toISOString();

describe('the health of the path', () => {
  it('is fine where messages pass', () => {
    expect(conditions([message('A1')])).toEqual({
      receive: 'fine',
      feed: 'fine',
      filter: 'fine',
      reinject: 'fine',
      mailbox: 'fine',
    });
  });

  it('is silent where none came within five minutes', () => {
    expect(new Set(Object.values(conditions([message('A1')], NOW + 3_600_000)))).toEqual(new Set(['silent']));
    expect(new Set(Object.values(conditions([])))).toEqual(new Set(['silent']));
  });

  it('shows at once that the filter refuses connections', () => {
    const late = deferred('A2', {
      firstSeen: at(1000),
      lastSeen: at(500),
      hops: [
        hop('receive', { port: 25, from: at(1000), to: at(1000) }),
        hop('filter', {
          port: 10024,
          outcome: 'deferred',
          detail: 'Connection refused',
          from: at(500),
          to: at(500),
        }),
      ],
    });
    expect(conditions([message('A1'), late])).toMatchObject({
      receive: 'fine',
      filter: 'failing',
      mailbox: 'fine',
    });
  });

  it('is fine again as soon as the filter has answered', () => {
    const before = deferred('A1', {
      lastSeen: at(120_000),
      hops: [hop('filter', { outcome: 'deferred', from: at(120_000), to: at(120_000) })],
    });
    expect(conditions([before, message('A2')])).toMatchObject({ filter: 'fine' });
  });

  it('takes the later line of two in the same second', () => {
    const trace = message('A1', {
      hops: [hop('filter', { outcome: 'deferred', detail: 'Connection refused' }), hop('filter')],
    });
    expect(conditions([trace])).toMatchObject({ filter: 'fine' });
  });

  it('blames the way back, not the filter, when amavis can’t give mail back', () => {
    const detail = '451 4.5.0 id=1-02 - Temporary MTA failure on relaying, From MTA() during fwd-connect';
    const trace = deferred('A1', { hops: [hop('filter', { port: 10024, outcome: 'deferred', detail })] });
    expect(conditions([trace])).toMatchObject({ filter: 'fine', reinject: 'failing' });
  });

  it('blames the feed when Postfix has no such transport', () => {
    const trace = deferred('A1', {
      hops: [hop('filter', { outcome: 'deferred', detail: 'mail transport unavailable' })],
    });
    expect(conditions([trace])).toMatchObject({ feed: 'failing', filter: 'silent' });
  });

  it('calls a filter slow that keeps a message for long or takes long', () => {
    const kept = message('A1', {
      state: 'filtering',
      complete: false,
      firstSeen: at(40_000),
      lastSeen: at(40_000),
      hops: [hop('filter', { outcome: 'pending', from: at(40_000), to: null })],
    });
    expect(conditions([message('A0'), kept])).toMatchObject({ filter: 'slow' });
    const took = message('A2', { hops: [hop('filter', { from: at(60_000), to: at(50_000) })] });
    expect(conditions([took])).toMatchObject({ filter: 'slow' });
  });

  it('forgives a mailbox that one of many messages could not reach', () => {
    const lost = message('B1', {
      recipients: [recipient({ state: 'deferred' })],
      hops: [hop('deliver', { service: 'smtp', outcome: 'deferred', detail: 'Connection timed out' })],
    });
    expect(conditions([message('A1'), message('A2'), lost])).toMatchObject({ mailbox: 'fine' });
    expect(conditions([lost])).toMatchObject({ mailbox: 'failing' });
  });

  it('takes a refused recipient as an answer', () => {
    const refused = message('A1', {
      hops: [hop('deliver', { service: 'smtp', outcome: 'failed', detail: '550 5.1.1 no such user here' })],
    });
    expect(conditions([refused])).toMatchObject({ mailbox: 'fine' });
  });

  it('names the ports that are in use', () => {
    const trace = message('A1', { hops: [hop('filter', { port: 10026 }), hop('reinject', { port: 10027 })] });
    expect(healthOf([trace], NOW).map(({ label }) => label)).toEqual([
      '25',
      'feed',
      '10026',
      '10027',
      'mailbox',
    ]);
  });
});
