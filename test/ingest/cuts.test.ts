/** A log that is imported piece by piece gives what it gives in one. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { openInMemory } from '../../src/store/database.js';
import { contents, importInto, sampleLines, sampleLogs } from '../follow/store.js';

async function tracesOf(...pieces: readonly (readonly string[])[]): Promise<Trace[]> {
  const db = openInMemory();
  for (const lines of pieces) await importInto(db, lines);
  const traces = contents(db).messages.map(({ trace }) => trace);
  db.close();
  return traces;
}

describe.each(sampleLogs())('%s', (name) => {
  it('gives the same traces wherever it was cut, whichever piece is imported first', async () => {
    const lines = sampleLines(name);
    const whole = await tracesOf(lines);
    for (let part = 1; part < 12; part++) {
      const cut = Math.floor((lines.length * part) / 12);
      const [first, second] = [lines.slice(0, cut), lines.slice(cut)];
      expect(await tracesOf(first, second), `first ${cut} lines, then the rest`).toEqual(whole);
      expect(await tracesOf(second, first), `the rest, then the first ${cut} lines`).toEqual(whole);
      expect(await tracesOf(first, lines), `first ${cut} lines, then all`).toEqual(whole);
    }
  });
});

describe('a client before the queue', () => {
  it('belongs to the message whose proxy line stands in the next log', async () => {
    const lines = sampleLines('before_queue_proxy/maillog');
    const [first, second] = [lines.slice(0, 2), lines.slice(2)];
    expect(first[1]).toMatch(/NOQUEUE: client=localhost/);
    const [trace] = (await tracesOf(first, second)).filter(({ queueIds }) =>
      queueIds.includes('5FC83162647'),
    );
    expect(trace).toMatchObject({ complete: true, client: { address: '127.0.0.1' } });
    expect(trace?.hops[0]).toMatchObject({ stage: 'receive', detail: 'localhost[127.0.0.1]' });
  });
});
