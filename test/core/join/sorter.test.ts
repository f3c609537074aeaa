/** What the sorter takes for ordinary is what the joiner would make of the same lines, and nothing is lost on the way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventReader } from '../../../src/core/event-reader.js';
import type { Archive } from '../../../src/core/join/archive.js';
import { type Case, Joiner } from '../../../src/core/join/joiner.js';
import { type OrdinaryMail, Sorter } from '../../../src/core/join/sorter.js';
import { amavisKey, mailKey, messageKey, queueKey } from '../../../src/core/keys.js';
import { MailPath } from '../../../src/core/path.js';
import { buildTrace } from '../../../src/core/trace/build.js';
import type { CaseFacts } from '../../../src/core/trace/facts.js';
import type { Trace } from '../../../src/core/trace/trace.js';
import { viewOf } from '../../../src/core/trace/view.js';
import { compilePatterns } from '../../../src/read/pattern-files.js';
import { changedLogs, incompleteLogs, sampleLogs } from '../../support/changed-logs.js';
import { byId, casesOf, tracesOf } from '../../support/core.js';
import { smtpdLogs } from '../../support/smtpd-sessions.js';

const patterns = compilePatterns([]);

/** The messages that were put away, as the joiner's archive. */
class Shelf implements Archive {
  readonly mails = new Map<number, OrdinaryMail>();

  recall(key: string): ReturnType<Archive['recall']> {
    return [...this.mails]
      .filter(([, mail]) => keysOf(mail).includes(key))
      .map(([ref, { events, parent, children, likely }]) => ({ ref, events, parent, children, likely }));
  }
}

function keysOf({ lives, runs, anonymous, events }: OrdinaryMail): string[] {
  return [
    ...anonymous,
    ...lives.map(({ queueId }) => queueKey(queueId)),
    ...runs.flatMap(({ amavisId, mailId }) => [
      amavisKey(amavisId),
      ...(mailId === null ? [] : [mailKey(mailId)]),
    ]),
    ...events.flatMap((event) => (event.kind === 'cleanup.message-id' ? [messageKey(event.messageId)] : [])),
  ];
}

/** The traces of some lines that went through the sorter first, and how many of them it made. */
function sorted(lines: readonly string[]): { traces: Trace[]; ordinary: number; lines: Set<string> } {
  const path = new MailPath();
  const shelf = new Shelf();
  const joiner = new Joiner(path, shelf);
  const sorter = new Sorter(path, {
    message: (mail) => {
      const queueIds = mail.lives.map(({ queueId }) => queueId);
      const [run] = mail.runs;
      const isUnknown =
        run === undefined
          ? mail.others.every((key) => shelf.recall(key).length === 0)
          : joiner.isUnknown({ queueIds, ...run, time: mail.summary.first }, true);
      if (!isUnknown) return false;
      shelf.mails.set(shelf.mails.size, mail);
      return true;
    },
    rest: (event) => joiner.apply(event),
  });
  const clock = { notAfter: Date.parse('2026-12-31T00:00:00Z'), year: 2026, zone: () => 0 };
  const reader = new EventReader(patterns, clock, {
    event: (event) => {
      sorter.take(event);
      sorter.rest(event.at.time);
    },
    unrecognized: () => {},
  });
  for (const line of lines) reader.read(line);
  reader.end();
  sorter.drain();
  const joined: readonly Case[] = joiner.drain().changed;
  for (const { refs } of joined) for (const ref of refs) shelf.mails.delete(ref);
  const all = [...shelf.mails.values(), ...joined];
  return { traces: tracesFrom(all, path), ordinary: shelf.mails.size, lines: new Set(all.flatMap(rawsOf)) };
}

function tracesFrom(cases: readonly CaseFacts[], path: MailPath): Trace[] {
  return byId(
    cases.map((which) =>
      buildTrace(viewOf(which as Case, path), {
        path,
        now: 0,
        stuckAfter: 300_000_000,
        parentOf: () => undefined,
      }),
    ),
  );
}

describe('the sorter', () => {
  it('takes most of what is ordinary', () => {
    expect(sampleLogs.reduce((sum, log) => sum + sorted(log).ordinary, 0)).toBeGreaterThan(20);
  });

  it('gives the traces that the joiner gives alone', () => {
    for (const log of sampleLogs) expect(sorted(log).traces).toEqual(tracesOf(log));
  });

  it('does so too when lines are missing, doubled or out of place', () => {
    fc.assert(
      fc.property(incompleteLogs, (log) => {
        expect(sorted(log).traces).toEqual(tracesOf(log));
      }),
      { numRuns: 1000 },
    );
  });

  it('does so too when several logs run through each other', () => {
    const picks = fc.array(fc.nat({ max: 2 }), { minLength: 400, maxLength: 400 });
    fc.assert(
      fc.property(incompleteLogs, incompleteLogs, picks, (one, other, order) => {
        const mixed = interleaved(one, other, order);
        expect(sorted(mixed).traces).toEqual(tracesOf(mixed));
      }),
      { numRuns: 300 },
    );
  });

  it('does so too with what was refused before there was a queue id', () => {
    let refused = 0;
    fc.assert(
      fc.property(smtpdLogs, (log) => {
        const { traces, ordinary } = sorted(log);
        expect(traces).toEqual(tracesOf(log));
        refused += ordinary;
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it('loses no line, whatever the lines say', () => {
    fc.assert(
      fc.property(changedLogs, (log) => {
        expect(sorted(log).lines).toEqual(new Set(casesOf(log, new MailPath()).flatMap(rawsOf)));
      }),
      { numRuns: 500 },
    );
  });
});

function rawsOf({ events }: CaseFacts): string[] {
  return events.map(({ at }) => at.raw);
}

function interleaved(one: readonly string[], other: readonly string[], order: readonly number[]): string[] {
  const left = [[...one], [...other]];
  const mixed = order.flatMap((pick) => left[pick % 2]?.splice(0, 1 + pick) ?? []);
  return [...mixed, ...left.flat()];
}
