import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { amavtrace, importLogs, temporaryFolder } from '../support/cli.js';

it('the troubles told with --host are those of that host', () => {
  const folder = temporaryFolder();
  const db = join(folder, 'traces.db');
  const log = join(folder, 'mail.log');
  const refused = (host: string) =>
    `2026-11-23T00:10:00Z ${host} postfix/lmtp[14]: connect to 127.0.0.1[127.0.0.1]:10024: Connection refused`;
  writeFileSync(log, `${['mx1', 'mx2'].map(refused).join('\n')}\n`);
  importLogs(db, log);
  const { stdout } = amavtrace(['stats', '--json', '--host', 'mx2', '--db', db]);
  expect(JSON.parse(stdout).incidents.map(({ host }: { host: string }) => host)).toEqual(['mx2']);
});
