import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findLog } from '../../src/read/find-log.js';
import { folder } from './helpers.js';

/** A machine: the files in /var/log, what postconf answers, whether there is journalctl. */
function machine(files: readonly string[], programs: { maillogFile?: string; journal?: boolean } = {}) {
  const root = folder();
  for (const name of files) writeFileSync(join(root, name), '');
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const program = (name: string, answer: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${answer}"\n`, { mode: 0o755 });
  if (programs.maillogFile !== undefined) program('postconf', programs.maillogFile.replace('ROOT', root));
  if (programs.journal) program('journalctl', 'systemd 252');
  return { root, places: { folder: root, programs: bin } };
}

test('maillog is taken before mail.log', async () => {
  const { root, places } = machine(['maillog', 'mail.log'], { maillogFile: '', journal: true });
  expect(await findLog(places)).toEqual({
    kind: 'files',
    paths: [join(root, 'maillog')],
    why: `following ${join(root, 'maillog')}`,
  });
});

test("Postfix' maillog_file is taken together with the log amavis writes to", async () => {
  const { root, places } = machine(['mail.log', 'postfix.log'], { maillogFile: 'ROOT/postfix.log' });
  const found = await findLog(places);
  expect(found).toMatchObject({ kind: 'files', paths: [join(root, 'postfix.log'), join(root, 'mail.log')] });
  expect(found.why).toContain('maillog_file');
});

test('a maillog_file that is the syslog file is taken once', async () => {
  const { root, places } = machine(['maillog'], { maillogFile: 'ROOT/maillog' });
  expect(await findLog(places)).toMatchObject({ kind: 'files', paths: [join(root, 'maillog')] });
});

test('a maillog_file on standard output is no file to follow', async () => {
  const { root, places } = machine(['mail.log'], { maillogFile: '/dev/stdout' });
  expect(await findLog(places)).toMatchObject({ kind: 'files', paths: [join(root, 'mail.log')] });
});

test('the journal is taken where there is no file', async () => {
  const { places } = machine([], { journal: true });
  expect(await findLog(places)).toMatchObject({ kind: 'journal' });
});

test('nothing found is said with what was looked for', async () => {
  const { places } = machine([]);
  await expect(findLog(places)).rejects.toThrow(/no mail log found: no maillog or mail.log in/);
});
