/** amavis' long lines, split over several, whose pieces stand in different logs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { openInMemory } from '../../src/store/database.js';
import { contents, importInto } from '../follow/store.js';
import { allTraces, amavtrace, importLogs, temporaryFolder } from '../support/cli.js';

const AT = 'Nov 23 00:25:30 vm amavis[15699]: ';
const ID = '(15699-02) ';
const RECIPIENTS = Array.from({ length: 60 }, (_, n) => `alice+${n}x${'y'.repeat(24)}@example.com`);

/** As amavis splits what is too long for syslog. */
function split(text: string, length = 980): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const begin = ID + (at > 0 ? '...' : '');
    const room = length - begin.length - (begin.length + text.length - at > length ? 3 : 0);
    const piece = text.slice(at, at + room);
    at += room;
    pieces.push(`${AT}${begin}${piece}${at < text.length ? '...' : ''}`);
  }
  return pieces;
}

const MAIN = split(
  `Passed CLEAN {RelayedInbound}, [192.0.2.1]:4711 [192.0.2.1] <sender@outside.example> -> ${RECIPIENTS.map((one) => `<${one}>`).join(',')}, ` +
    'Queue-ID: 289BF16263F, Message-ID: <T1@outside.example>, mail_id: Sw3UHeXlza7M, Hits: -0.999, size: 400, queued_as: 6B43216263F, 186 ms',
);
const LOG = [
  'Nov 23 00:25:29 vm postfix/smtpd[15700]: 289BF16263F: client=unknown[192.0.2.1]',
  'Nov 23 00:25:29 vm postfix/cleanup[15703]: 289BF16263F: message-id=<T1@outside.example>',
  'Nov 23 00:25:29 vm postfix/qmgr[902]: 289BF16263F: from=<sender@outside.example>, size=400, nrcpt=60 (queue active)',
  'Nov 23 00:25:30 vm postfix/smtpd[15707]: 6B43216263F: client=localhost[127.0.0.1]',
  'Nov 23 00:25:30 vm postfix/cleanup[15703]: 6B43216263F: message-id=<T1@outside.example>',
  'Nov 23 00:25:30 vm postfix/qmgr[902]: 6B43216263F: from=<sender@outside.example>, size=900, nrcpt=60 (queue active)',
  ...MAIN,
  `${AT}${ID}TIMING [total 173 ms] - SMTP greeting: 2 (1%)1, rundown: 1 (1%)100`,
  ...RECIPIENTS.map(
    (to) =>
      `Nov 23 00:25:30 vm postfix/lmtp[15704]: 289BF16263F: to=<${to}>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.3, delays=0/0/0/0.3, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 6B43216263F)`,
  ),
  'Nov 23 00:25:30 vm postfix/qmgr[902]: 289BF16263F: removed',
];
const FIRST_PIECE = LOG.indexOf(MAIN[0] ?? '');

async function tracesOf(...logs: readonly (readonly string[])[]): Promise<Trace[]> {
  const db = openInMemory();
  for (const lines of logs) await importInto(db, lines);
  const traces = contents(db).messages.map(({ trace, lines }) => ({ ...trace, lines }));
  db.close();
  return traces;
}

describe('a split line of amavis', () => {
  it('is read whole where $logline_maxlen makes its pieces short', async () => {
    const verdict = split(
      'Blocked SPAM {DiscardedInbound,Quarantined}, [192.0.2.1]:4711 <sender@outside.example> -> <alice@example.com>, quarantine: 0/spam-0AzwqgAA-ncG.gz, Queue-ID: 289BF16263F, mail_id: 0AzwqgAA-ncG, Hits: 7.1, size: 400, 186 ms',
      90,
    );
    expect(verdict.length).toBeGreaterThanOrEqual(3);
    const other = `${AT}(15699-03) Checking: Sw3UHeXlza7M <a@outside.example> -> <b@example.com>`;
    const [first = '', ...rest] = verdict;
    const traces = await tracesOf([first, other, ...rest]);
    expect(traces.flatMap(({ filter }) => filter)).toContainEqual(
      expect.objectContaining({ verdict: 'SPAM', hits: 7.1, mailId: '0AzwqgAA-ncG', durationMs: 186 }),
    );
  });

  it('that is a short one which ends in dots of its own is read before the next', async () => {
    const lines = [
      `${AT}${ID}(!)connect to [127.0.0.1]:10025 failed, attempt #1: trying...`,
      `${AT}${ID}Checking: Sw3UHeXlza7M <a@outside.example> -> <b@example.com>`,
    ];
    const [trace] = await tracesOf(lines);
    expect(trace).toHaveProperty('lines', lines);
  });

  it('is read whole when it is a JSON report', async () => {
    const report = split(
      JSON.stringify({
        action: ['PASS'],
        content_type: 'CleanTag',
        mail_from: 'sender@outside.example',
        rcpt_to: RECIPIENTS,
        recipients: [
          {
            smtp_response: '250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 6B43216263F',
          },
        ],
        mail_id: 'Sw3UHeXlza7M',
        type: 'amavis',
      }),
    );
    expect(report.length).toBeGreaterThanOrEqual(3);
    const [trace] = await tracesOf(report);
    expect(trace?.filter).toMatchObject([
      { verdict: 'CLEAN', mailId: 'Sw3UHeXlza7M', recipients: RECIPIENTS },
    ]);
  });

  it('is read whole in one log', async () => {
    expect(MAIN.length).toBeGreaterThanOrEqual(3);
    const [trace, ...others] = await tracesOf(LOG);
    expect(others).toEqual([]);
    expect(trace?.filter).toMatchObject([
      { verdict: 'CLEAN', hits: -0.999, mailId: 'Sw3UHeXlza7M', queuedAs: ['6B43216263F'], durationMs: 186 },
    ]);
    expect(trace?.filter[0]?.recipients.toSorted()).toEqual(RECIPIENTS.toSorted());
  });

  it('is read whole when a log ends within it, whichever part is imported first, and again', async () => {
    const whole = await tracesOf(LOG);
    for (let cut = FIRST_PIECE + 1; cut < FIRST_PIECE + MAIN.length; cut++) {
      const [first, second] = [LOG.slice(0, cut), LOG.slice(cut)];
      expect(await tracesOf(first, second), `first ${cut} lines, then the rest`).toEqual(whole);
      expect(await tracesOf(second, first), `the rest, then the first ${cut} lines`).toEqual(whole);
      expect(await tracesOf(first, second, first, second, second), 'again and again').toEqual(whole);
      expect(await tracesOf(LOG, first), 'all, then the first lines').toEqual(whole);
      expect(await tracesOf(LOG, second), 'all, then the rest').toEqual(whole);
      expect(await tracesOf(first, LOG), 'the first lines, then all').toEqual(whole);
    }
  });

  it('is read whole when each piece is in a log of its own', async () => {
    const logs = [
      LOG.slice(0, FIRST_PIECE + 1),
      ...MAIN.slice(1, -1).map((piece) => [piece]),
      LOG.slice(FIRST_PIECE + MAIN.length - 1),
    ];
    const whole = await tracesOf(LOG);
    expect(await tracesOf(...logs)).toEqual(whole);
    expect(await tracesOf(...logs.toReversed())).toEqual(whole);
  });

  it('is read as far as it goes until its rest comes', async () => {
    const [trace] = await tracesOf(LOG.slice(0, FIRST_PIECE + 1));
    expect(trace?.filter).toMatchObject([{ verdict: 'CLEAN', mailId: null }]);
  });

  it('is not put together with another message’s', async () => {
    const other = LOG.slice(FIRST_PIECE + 1).map((line) => line.replaceAll('15699', '15698'));
    const [trace] = await tracesOf(LOG.slice(0, FIRST_PIECE + 1), other);
    expect(trace?.filter[0]).toMatchObject({ amavisId: '15699-02', mailId: null });
  });
});

describe('the command line', () => {
  it('puts it together over two imports, and counts every line once', () => {
    const folder = temporaryFolder();
    const [db, straight] = [join(folder, 'traces.db'), join(folder, 'straight.db')];
    const files = [LOG.slice(0, FIRST_PIECE + 1), LOG.slice(FIRST_PIECE + 1), LOG].map((lines, n) => {
      const file = join(folder, `log-${'abc'[n]}`);
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
      return file;
    });
    const [first = '', second = '', whole = ''] = files;
    importLogs(straight, whole);
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      for (const file of order) {
        const { lines, events, ignored, unrecognized } = importLogs(db, file, '--year', '2026');
        expect(events + ignored + unrecognized).toBe(lines);
        expect(lines).toBe(file === first ? FIRST_PIECE + 1 : LOG.length - FIRST_PIECE - 1);
      }
      expect(allTraces(db)).toEqual(allTraces(straight));
      const again = importLogs(db, second, first);
      expect([again.traces, again.changed]).toEqual([0, 0]);
      expect(allTraces(db)).toEqual(allTraces(straight));
    }
    const { stdout } = amavtrace(['trace', '289BF16263F', '--evidence', '--json', '--db', db]);
    expect((JSON.parse(stdout) as { evidence: string[] }).evidence.toSorted()).toEqual(LOG.toSorted());
  });

  it('puts it together when the log that has the rest is followed', () => {
    const folder = temporaryFolder();
    const [db, straight] = [join(folder, 'traces.db'), join(folder, 'straight.db')];
    const [first, second, whole] = ['mail.log.1', 'mail.log', 'whole.log'].map((name) => join(folder, name));
    const write = (file = '', lines: readonly string[] = LOG): string => {
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
      return file;
    };
    importLogs(straight, write(whole), '--year', '2026');
    importLogs(db, write(first, LOG.slice(0, FIRST_PIECE + 1)), '--year', '2026');
    const rest = write(second, LOG.slice(FIRST_PIECE + 1));
    const args = ['follow', rest, '--once', '--from-start', '--plain', '--year', '2026', '--tz', 'UTC'];
    expect(amavtrace([...args, '--db', db]).status).toBe(0);
    expect(allTraces(db)).toEqual(allTraces(straight));
  });
});
