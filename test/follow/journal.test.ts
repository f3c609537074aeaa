import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LogInput, openJournal } from '../../src/follow/inputs.js';

const ENTRY = '{"__CURSOR":"s=1;i=2","MESSAGE":"4A1B2C3D4E5: removed","SYSLOG_IDENTIFIER":"postfix/qmgr"}';

type Piece = LogInput extends AsyncIterable<infer Item> ? Item : never;

let folder: string;
let before: string | undefined;

/** A journalctl that gives one entry and writes down how it was called. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amavtrace-'));
  const program = join(folder, 'journalctl');
  writeFileSync(program, `#!/bin/sh\necho "$@" > ${folder}/args\necho '${ENTRY}'\n`);
  chmodSync(program, 0o755);
  before = process.env['PATH'];
  process.env['PATH'] = `${folder}:${before}`;
});
afterEach(() => {
  process.env['PATH'] = before;
  rmSync(folder, { recursive: true });
});

async function read(position: unknown, beginning: { fromStart?: boolean; since?: number }): Promise<Piece[]> {
  const input = openJournal(
    { fromStart: false, since: undefined, tail: 0, ...beginning },
    {
      once: true,
      signal: new AbortController().signal,
      onNotice: () => {},
      position: () => position,
    },
  );
  const pieces: Piece[] = [];
  for await (const piece of input) pieces.push(piece);
  return pieces;
}

function calledWith(): string {
  return existsSync(join(folder, 'args')) ? readFileSync(join(folder, 'args'), 'utf8') : '';
}

test('an entry comes with the cursor to go on after', async () => {
  const [piece] = await read(undefined, { fromStart: true });

  expect(piece).toMatchObject({ log: 'journald', lines: [ENTRY], position: 's=1;i=2' });
});

test('the journal is read on after the cursor that was committed last', async () => {
  await read('s=1;i=1', { fromStart: true });

  expect(calledWith()).toContain('--after-cursor=s=1;i=1');
});

test('the journal is read from a time on', async () => {
  await read(undefined, { since: 1_795_403_140_000_000 });

  expect(calledWith()).toContain('--since=@1795403140');
});
