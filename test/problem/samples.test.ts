import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diagnosed } from './helpers.js';

interface Expected {
  readonly messages: readonly {
    readonly queue_id: string | null;
    readonly message_id: string;
    readonly problems: readonly string[] | null;
  }[];
}

const scenarios = readdirSync('samples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(scenarios)('recorded log %s', (name) => {
  const lines = readFileSync(`samples/${name}/maillog`, 'utf8').split('\n').filter(Boolean);
  const { traces } = diagnosed(lines);
  const expected = JSON.parse(readFileSync(`samples/${name}/expected.json`, 'utf8')) as Expected;

  const laid = expected.messages.filter(({ problems }) => problems !== null);
  it.runIf(laid.length > 0).each(laid)('$queue_id', ({ queue_id, problems }) => {
    const trace = traces.find(({ queueIds }) => queue_id !== null && queueIds.includes(queue_id));
    const codes = trace?.problems.map(({ code }) => code);
    if (problems?.length === 0) expect(codes).toEqual([]);
    else expect(codes).toEqual(expect.arrayContaining([...(problems ?? [])]));
  });

  it('has no error or warning on mail that was delivered without a hitch', () => {
    const smooth = traces.filter(({ hops, state }) => {
      const fine = state === 'delivered' || state === 'relayed';
      return fine && hops.every(({ outcome, attempts }) => outcome === 'ok' && attempts <= 1);
    });
    const serious = smooth.flatMap(({ problems }) => problems.filter(({ severity }) => severity !== 'info'));
    expect(serious.filter(({ code }) => code !== 'held')).toEqual([]);
  });
});
