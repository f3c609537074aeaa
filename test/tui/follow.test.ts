/** The built program in a real terminal, from a growing log to the screen. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI, temporaryFolder } from '../support/cli.js';
import { Tmux } from './tmux.js';

const stamp = (): string => new Date().toISOString().replace('Z', '000+00:00');

/** A message that is handed to the filter, which has not answered yet. */
function received(queueId: string): string {
  return [
    `postfix/smtpd[1]: ${queueId}: client=unknown[192.0.2.1]`,
    `postfix/cleanup[2]: ${queueId}: message-id=<${queueId}@outside.example>`,
    `postfix/qmgr[3]: ${queueId}: from=<sender@outside.example>, size=400, nrcpt=1 (queue active)`,
  ]
    .map((text) => `${stamp()} mail ${text}\n`)
    .join('');
}

function refused(queueId: string): string {
  return (
    `${stamp()} mail postfix/lmtp[4]: ${queueId}: to=<alice@example.com>, relay=none, delay=0.1, delays=0.1/0/0/0, ` +
    'dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)\n'
  );
}

describe.each([
  [80, 24],
  [160, 50],
])('amavtrace follow on a terminal of %dx%d', (columns, rows) => {
  it('shows what a log has, what it gets, and gives the terminal back', async () => {
    const folder = temporaryFolder();
    const log = join(folder, 'mail.log');
    writeFileSync(log, received('8BE9416260E'));
    const command = `${process.execPath} ${CLI} follow ${log} --db ${join(folder, 'traces.db')} --tz UTC`;
    const terminal = new Tmux(command, columns, rows);
    await terminal.shows(/^ 1 message/m);
    expect(terminal.rows()[0]).toContain(log.slice(0, 20));

    appendFileSync(log, received('9CF052737F1') + refused('9CF052737F1'));
    await terminal.shows(/^ 2 messages/m);
    await terminal.shows('✗ 10024 failing');
    await terminal.shows(/1 deferred/);
    terminal.keys('Enter');
    await terminal.shows('9CF052737F1  deferred');
    await terminal.shows('filter-refused');
    terminal.keys('G');
    await terminal.shows('LOG LINES');
    await terminal.shows('Connection refused');

    terminal.keys('q');
    await terminal.shows('status 0');
    expect(terminal.text()).toContain('before it');
    expect(terminal.value('alternate_on')).toBe('0');
  });
});

it('is drawn in ASCII where the locale has no more', async () => {
  const folder = temporaryFolder();
  const log = join(folder, 'mail.log');
  writeFileSync(log, received('8BE9416260E') + refused('8BE9416260E'));
  const command = `${process.execPath} ${CLI} follow ${log} --db ${join(folder, 'traces.db')} --tz UTC`;
  const terminal = new Tmux(command, 80, 24, { LANG: 'C', LC_ALL: '' });
  await terminal.shows(/^ 1 message/m);

  expect(terminal.text()).toContain('10024 failing');
  expect(terminal.text()).toMatch(/^[\x20-\x7e\n]*$/);
});
