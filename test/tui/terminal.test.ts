import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { Tmux } from './tmux.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE = `node --import tsx ${ROOT}test/tui/fixture.tsx`;

async function started(
  columns: number,
  rows: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Tmux> {
  const terminal = new Tmux(`sh -c 'cd ${ROOT} && exec ${FIXTURE}'`, columns, rows, env);
  await terminal.shows('messages');
  await terminal.shows('q quit');
  return terminal;
}

/** The terminal is as it was before: the shell's lines, its modes, its cursor, no alternate screen. */
async function expectRestored(terminal: Tmux, status: number): Promise<void> {
  await terminal.shows(`status ${status}`);
  await terminal.shows('min = 1');
  expect(terminal.text()).toContain('before it');
  expect(terminal.text()).toMatch(/ icanon .*\n?.* echo /s);
  expect(terminal.text()).not.toContain('q quit');
  expect(terminal.value('alternate_on')).toBe('0');
  expect(terminal.value('cursor_flag')).toBe('1');
  expect(terminal.value('wrap_flag')).toBe('1');
}

describe.each([
  [80, 24],
  [160, 50],
])('a terminal of %dx%d', (columns, rows) => {
  it('is filled, answers keys, follows a resize, and is given back by q', async () => {
    const terminal = await started(columns, rows, { STUCK: '1' });
    expect(terminal.rows()).toHaveLength(rows);
    expect(terminal.rows()[0]).toMatch(/^ amavtrace {2}\/var\/log\/mail\.log .* stored/);
    expect(terminal.rows()[1]).toContain('✓ 10024 ─▸ ✓ 10025');
    expect(terminal.rows().at(-1)).toContain('q quit');
    expect(terminal.value('alternate_on')).toBe('1');
    expect(terminal.value('cursor_flag')).toBe('0');

    terminal.keys('-l', 'kkk');
    terminal.keys('Enter');
    await terminal.shows('39A31162621');
    await terminal.shows('› PROBLEM');
    terminal.keys('Tab');
    await terminal.shows('› PATH');
    terminal.keys('NPage');
    terminal.keys('Escape');
    await terminal.shows('FROM → TO');
    terminal.keys('?');
    await terminal.shows('draw the screen anew');
    terminal.keys('Escape');
    // Read at once with it, the slash would take the Esc's place: Ink drops it.
    await terminal.shows('FROM → TO');
    terminal.keys('/');
    terminal.keys('-l', 'verdict:infected');
    await terminal.shows('INFECTED');
    terminal.keys('Enter');
    await terminal.shows('filter verdict:infected · 1 of 41 messages');
    terminal.keys('Escape');
    await terminal.shows(/^ 41 messages/m);

    terminal.resize(120, 30);
    await terminal.shows('WAITING');
    await terminal.shows(/q quit/);
    expect(terminal.rows().filter((row) => row.includes('amavtrace'))).toHaveLength(1);
    expect(terminal.rows().filter((row) => row.includes('q quit'))).toHaveLength(1);
    terminal.resize(80, 24);
    await terminal.shows(/VERDICT {4}PATH/);
    expect(terminal.rows().filter((row) => row.includes('amavtrace'))).toHaveLength(1);
    expect(terminal.rows().at(-1)).toContain('q quit');

    terminal.keys('q');
    await expectRestored(terminal, 0);
  });
});

describe('the terminal', () => {
  it('is given back on Ctrl-C', async () => {
    const terminal = await started(80, 24);
    terminal.keys('C-c');
    await expectRestored(terminal, 0);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('is given back on %s', async (signal) => {
    const terminal = await started(80, 24);
    terminal.kill(signal);
    await expectRestored(terminal, 0);
  });

  it('is given back on a crash, which is then told', async () => {
    const terminal = await started(80, 24, { CRASH: '1' });
    await terminal.shows('Error: the crash that was asked for');
    await expectRestored(terminal, 1);
  });

  it('takes the program with it when it is closed', async () => {
    const status = join(temporaryFolder(), 'status');
    const terminal = new Tmux(`sh -c 'trap "" HUP; cd ${ROOT}; ${FIXTURE}; echo $? > ${status}'`, 80, 24);
    await terminal.shows('q quit');
    terminal.close();
    // 128 and the number of SIGHUP.
    await vi.waitFor(() => expect(readFileSync(status, 'utf8')).toBe('129\n'), { timeout: 20_000 });
  });

  it('gets an id into its clipboard', async () => {
    const terminal = await started(80, 24);
    terminal.keys('y');
    await terminal.shows(/copied \w+/);
    expect(terminal.text()).toContain(`copied ${terminal.clipboard()}`);
  });

  it('gets an id into the clipboard of a tmux that keeps programs from it', async () => {
    const terminal = await started(80, 24);
    terminal.setClipboard('external');
    terminal.keys('y');
    await terminal.shows(/copied \w+/);
    await vi.waitFor(() => expect(terminal.text()).toContain(`copied ${terminal.clipboard()}`));
  });

  it('gets no title and no cursor movement out of a log line', async () => {
    const terminal = await started(160, 50);
    expect(terminal.text()).toContain('\\x1b]0;pwned');
    expect(terminal.value('pane_title')).not.toContain('pwned');
    expect(terminal.rows()[0]).toContain('amavtrace');
  });

  it('gets colours, and none with NO_COLOR', async () => {
    const colored = await started(80, 24);
    expect(colored.rows(true).join('\n')).toContain('\x1b[32m');
    const plain = await started(80, 24, { NO_COLOR: '1' });
    expect(plain.rows(true).join('\n')).not.toContain('\x1b[');
  });

  it('is drawn on in ASCII where it is the console of Linux, whose font has no marks', async () => {
    const terminal = await started(80, 24, { TERM: 'linux' });
    expect(terminal.text()).toMatch(/^[\x20-\x7e\n]*$/);
  });
});
