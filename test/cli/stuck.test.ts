import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { amavtrace, importLogs, temporaryFolder } from '../support/cli.js';

const DEFERRED = [
  '2026-11-23T00:00:00Z mail postfix/smtpd[11]: 4D10000000: client=mx.outside.example[192.0.2.1]',
  '2026-11-23T00:00:00Z mail postfix/qmgr[13]: 4D10000000: from=<s@x.example>, size=1000, nrcpt=1 (queue active)',
  '2026-11-23T00:00:00Z mail postfix/lmtp[14]: 4D10000000: to=<u@example.com>, relay=none, delay=0, delays=0/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
];
const LATER =
  '2026-11-23T00:10:00Z mail postfix/lmtp[14]: connect to 127.0.0.1[127.0.0.1]:10024: Connection refused';

it.each([
  ['in the same import', [[...DEFERRED, LATER]], true],
  ['in another', [DEFERRED, [LATER]], true],
  ['without it', [DEFERRED], false],
])('a message is stuck by what the log says later of the system alone: %s', (_name, imports, isStuck) => {
  const folder = temporaryFolder();
  const db = join(folder, 'traces.db');
  const log = join(folder, 'mail.log');
  for (const lines of imports) {
    writeFileSync(log, `${lines.join('\n')}\n`);
    importLogs(db, log);
  }
  const { status, stdout } = amavtrace(['search', '--json', '--db', db]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ state: 'deferred', stuck: isStuck });
});

it('mail that waits for something else than the filter is counted, and where it can be seen is said', () => {
  const folder = temporaryFolder();
  const db = join(folder, 'traces.db');
  const log = join(folder, 'mail.log');
  const elsewhere = DEFERRED.map((line) =>
    line.replace(
      /relay=none.*/,
      'relay=local, delay=0, delays=0/0/0/0, dsn=4.2.2, status=deferred (over quota)',
    ),
  );
  writeFileSync(log, `${elsewhere.join('\n')}\n`);
  importLogs(db, log);
  const { status, stdout } = amavtrace(['stuck', '--db', db]);
  expect(status).toBe(0);
  expect(stdout).toContain('1 message waits elsewhere: amavtrace search --state deferred');
});
