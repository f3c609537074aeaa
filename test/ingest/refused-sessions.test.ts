/** One client refused again and again by one smtpd process: each session is a message of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { allTraces, importLogs, temporaryFolder } from '../support/cli.js';

/** Other sessions in each second, so that what is over leaves memory. */
const OTHERS = 60;
const SECONDS = 40;

function session(second: number, pid: number, client: string): string[] {
  const smtpd = (text: string): string =>
    `${new Date(1_767_225_600_000 + second * 1000).toISOString()} mail postfix/smtpd[${pid}]: ${text}\n`;
  return [
    smtpd(
      `NOQUEUE: reject: RCPT from unknown[${client}]: 554 5.7.1 Service unavailable; Client host [${client}] blocked using zen.spamhaus.org; from=<s@outside.example> to=<alice@example.com> proto=ESMTP helo=<h.example>`,
    ),
    smtpd(`disconnect from unknown[${client}] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`),
  ];
}

it('is refused as often as it came, also when the first time has left memory before the second', () => {
  for (const apart of [2, 9, 12, 18]) {
    const lines = Array.from({ length: SECONDS }, (_, second) => [
      ...Array.from({ length: OTHERS }, (_, n) => session(second, 1000 + n, `10.0.${second}.${n}`)).flat(),
      ...(second === 10 || second === 10 + apart ? session(second, 7, '192.0.2.1') : []),
    ]).flat();
    const folder = temporaryFolder();
    const [log, db] = [join(folder, 'mail.log'), join(folder, 'traces.db')];
    writeFileSync(log, lines.join(''));
    importLogs(db, log);
    const refused = (): number =>
      allTraces(db).filter(({ client }) => client?.address === '192.0.2.1').length;
    expect(refused()).toBe(2);
    importLogs(db, log);
    expect(refused()).toBe(2);
  }
});
