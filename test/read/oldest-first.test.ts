import { execFileSync } from 'node:child_process';
import { utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { oldestFirst } from '../../src/read/oldest-first.js';
import { temporaryFolder } from '../support/cli.js';

/** Logs of one line each, last written to on that day. */
function logs(...lines: readonly (readonly [stamp: string, written: string])[]): string[] {
  const folder = temporaryFolder();
  return lines.map(([stamp, written], index) => {
    const path = join(folder, `log${index}`);
    writeFileSync(path, `${stamp} mail postfix/qmgr[1]: 8BE9416260E: removed\n`);
    utimesSync(path, new Date(written), new Date(written));
    return path;
  });
}

async function ordered(paths: readonly string[], year?: number) {
  const found = await oldestFirst(paths, {
    zone: () => 0,
    year,
    complain: (error) => {
      throw error;
    },
  });
  return found.map(({ path, year: first }) => [basename(path), first]);
}

describe('logs are read oldest first', () => {
  it('by their first lines, over New Year too', async () => {
    const paths = logs(['Jan  3 00:00:00', '2026-01-05'], ['Dec 30 00:00:00', '2026-01-03']);
    expect(await ordered(paths)).toEqual([
      ['log1', undefined],
      ['log0', undefined],
    ]);
  });

  it('and --year is the oldest one’s; the others follow as many years later as their files’ times say', async () => {
    const paths = logs(
      ['Jan  3 00:00:00', '2026-01-05'],
      ['Dec 30 00:00:00', '2026-01-03'],
      ['Feb  1 00:00:00', '2026-02-02'],
    );
    expect(await ordered(paths, 2020)).toEqual([
      ['log1', 2020],
      ['log0', 2021],
      ['log2', 2021],
    ]);
  });

  it('and a pipe last, without being read', async () => {
    const [log = ''] = logs(['Jan  3 00:00:00', '2026-01-05']);
    const pipe = join(log, '..', 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await ordered([pipe, log], 2024)).toEqual([
      ['log0', 2024],
      ['pipe', 2024],
    ]);
  });
});
