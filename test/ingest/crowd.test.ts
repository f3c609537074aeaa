/** More messages at once than the joiner holds in memory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { allTraces, importLogs, temporaryFolder } from '../support/cli.js';

const MESSAGES = 5000;
const PER_SECOND = 10;
/** Seconds after which the filter gives a message back, and the feed gives up waiting for its answer. */
const BACK = 300;
const LOST = 600;
const FEED = 'relay=127.0.0.1[127.0.0.1]:10024, delay=600, delays=0/0/0/600, dsn=4.4.2, status=deferred';
const TIMED_OUT =
  'conversation with 127.0.0.1[127.0.0.1] timed out while sending end of data -- message may be sent more than once';

/** Lines with their second. */
function linesOf(message: number): [second: number, text: string][] {
  const at = Math.floor(message / PER_SECOND);
  const [front, back] = ['A', 'B'].map(
    (letter) => `${letter}${message.toString(16).toUpperCase().padStart(9, '0')}`,
  );
  const to = `to=<user${message % 100}@example.com>`;
  return [
    [at, `smtpd[11]: ${front}: client=mx.outside.example[192.0.2.1]`],
    [at, `cleanup[12]: ${front}: message-id=<${message}@outside.example>`],
    [at, `qmgr[13]: ${front}: from=<news@outside.example>, size=1000, nrcpt=1 (queue active)`],
    [at + BACK, `smtpd[14]: ${back}: client=localhost[127.0.0.1]`],
    [at + BACK, `cleanup[12]: ${back}: message-id=<${message}@outside.example>`],
    [at + BACK, `qmgr[13]: ${back}: from=<news@outside.example>, size=1500, nrcpt=1 (queue active)`],
    [
      at + BACK,
      `local[15]: ${back}: ${to}, relay=local, delay=0.1, dsn=2.0.0, status=sent (delivered to maildir)`,
    ],
    [at + BACK, `qmgr[13]: ${back}: removed`],
    [at + LOST, `lmtp[16]: ${front}: ${to}, ${FEED} (${TIMED_OUT})`],
  ];
}

it('are joined with what the filter gave back of them when its answers were lost', {
  timeout: 120_000,
}, () => {
  const lines = Array.from({ length: MESSAGES }, (_, message) => linesOf(message)).flat();
  const text = lines
    .sort(([one], [other]) => one - other)
    .map(([second, line]) => `${new Date(second * 1000).toISOString()} mail postfix/${line}\n`);
  const folder = temporaryFolder();
  const [log, db] = [join(folder, 'mail.log'), join(folder, 'traces.db')];
  writeFileSync(log, text.join(''));
  importLogs(db, log);
  const traces = allTraces(db);
  expect(traces).toHaveLength(MESSAGES);
  expect(new Set(traces.map(({ queueIds }) => queueIds.length))).toEqual(new Set([2]));
});
