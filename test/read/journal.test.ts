import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type JournalBatch, journalCommand, readJournal } from '../../src/read/journal.js';
import { folder } from './helpers.js';

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

/** Puts a journalctl of our own before the machine's. */
function fakeJournalctl(script: string): void {
  const bin = folder();
  writeFileSync(join(bin, 'journalctl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = `${bin}:${path}`;
}

async function all(options: Parameters<typeof readJournal>[0]): Promise<JournalBatch[]> {
  const batches: JournalBatch[] = [];
  for await (const batch of readJournal(options)) batches.push(batch);
  return batches;
}

test('following begins with what is new', () => {
  const { command, args } = journalCommand({ follow: true });
  expect(command).toBe('journalctl');
  expect(args).toEqual(
    expect.arrayContaining(['--follow', '--output=json', '--all', '--lines=0', 'SYSLOG_FACILITY=2']),
  );
});

test('following after a cursor gives all that came since', () => {
  const { args } = journalCommand({ follow: true, afterCursor: 's=1;i=2' });
  expect(args).toEqual(expect.arrayContaining(['--lines=all', '--after-cursor=s=1;i=2']));
});

test('entries come as lines, with the last cursor', async () => {
  fakeJournalctl(
    `printf '%s\\n' '{"__CURSOR":"s=a;i=1","MESSAGE":"ä"}' '{"__CURSOR":"s=a;i=2","MESSAGE":"b"}'`,
  );
  const batches = await all({ follow: false });
  expect(batches.flatMap((batch) => batch.lines)).toEqual([
    '{"__CURSOR":"s=a;i=1","MESSAGE":"ä"}',
    '{"__CURSOR":"s=a;i=2","MESSAGE":"b"}',
  ]);
  expect(batches.at(-1)?.cursor).toBe('s=a;i=2');
});

test('an abort ends the reading and journalctl with it', async () => {
  fakeJournalctl(`echo '{"__CURSOR":"s=a;i=1"}'; exec sleep 600`);
  const abort = new AbortController();
  let batches = 0;
  for await (const _ of readJournal({ follow: true, signal: abort.signal })) {
    batches += 1;
    abort.abort();
  }
  expect(batches).toBe(1);
});

test('a refusal is told with the reason', async () => {
  fakeJournalctl(`echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1`);
  await expect(all({ follow: false })).rejects.toThrow(/insufficient permissions/);
});

test('a missing journalctl is told', async () => {
  process.env.PATH = '/nowhere';
  await expect(all({ follow: true })).rejects.toThrow('the program journalctl is not installed');
});
