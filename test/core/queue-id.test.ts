import { describe, expect, it } from 'vitest';
import { isLongQueueId, queueIdLength } from '../../src/core/queue-id.js';

describe('queue ids', () => {
  it.each(['079474CE44', '8BE9416260E', 'ED06590130AA1C9D6D862', '4jXmsN0KB1zBw3p', '4bWFzM2QvPz9sRq'])(
    '%s is one',
    (id) => {
      expect(queueIdLength(`${id}: removed`)).toBe(id.length);
    },
  );

  it.each([
    'NOQUEUE: client=x',
    'warning: x',
    'statistics: max',
    'fatal: x',
    'connect to a: b',
    '8BE9416260E removed',
    'proxy-accept: x',
  ])('there is none in "%s"', (message) => {
    expect(queueIdLength(message)).toBe(0);
  });

  it('tells long ones, which never come again', () => {
    expect(isLongQueueId('4jXmsN0KB1zBw3p')).toBe(true);
    expect(isLongQueueId('8BE9416260E')).toBe(false);
  });
});
