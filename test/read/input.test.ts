import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fileError } from '../../src/read/file-error.js';
import { openInput, readHead } from '../../src/read/input.js';
import { UserError } from '../../src/user-error.js';
import { folder, readAll } from './helpers.js';

const LINE = 'Nov 23 00:19:14 mx postfix/qmgr[91]: 8BE9416260E: removed';
const MIB = 1 << 20;
const packers = { gzip: ['gzip'], xz: ['xz'], bzip2: ['bzip2'], zstd: ['zstd', '-q'] } as const;

function file(content: string | Uint8Array, name = 'mail.log'): string {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
}

/** 3 MB of numbered lines: several pieces, lines across their borders. */
function longLog(): string {
  return Array.from({ length: 50_000 }, (_, i) => `${LINE} ${i}\n`).join('');
}

async function refusal(path: string): Promise<UserError> {
  const error: unknown = await openInput(path).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error('it was not refused');
  return error;
}

describe('openInput reads a plain log', () => {
  test('byte for byte, in chunks of whole lines', async () => {
    const log = longLog();
    const { text, chunks, bytes } = await readAll(file(log));
    expect(text === log).toBe(true);
    expect(bytes).toBe(log.length);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.every((chunk) => chunk.text.endsWith('\n'))).toBe(true);
  });

  test('with the last line unterminated', async () => {
    const { text } = await readAll(file(`${LINE}\n${LINE}`));
    expect(text).toBe(`${LINE}\n${LINE}`);
  });

  test('that is empty: no chunk', async () => {
    const { chunks } = await readAll(file(''));
    expect(chunks).toEqual([]);
  });

  test('with CR before the line ends, which are dropped', async () => {
    const { text, bytes } = await readAll(file('a\r\nb\rc\r\nd\r'));
    expect(text).toBe('a\nb\rc\nd');
    expect(bytes).toBe(10);
  });

  test('in UTF-8, with invalid bytes as U+FFFD', async () => {
    const bytes = Buffer.concat([
      Buffer.from('från @ü → 😀\n'),
      Buffer.from([0xff, 0xc3, 0x0a]),
      Buffer.from('ok\n'),
    ]);
    const { text } = await readAll(file(bytes));
    expect(text).toBe('från @ü → 😀\n��\nok\n');
  });

  test('in UTF-8 where a piece of the file ends inside a character', async () => {
    const log = `x${'→'.repeat(100)}\n`.repeat(8000);
    const { text } = await readAll(file(log));
    expect(text === log).toBe(true);
  });

  test('with the NUL bytes a crash left in it', async () => {
    const log = `${LINE}\n${'\0'.repeat(3000)}${LINE}\n`;
    const { text } = await readAll(file(log));
    expect(text).toBe(log);
  });

  test('with a first block of nothing but NUL bytes', async () => {
    const log = `${'\0'.repeat(100_000)}${LINE}\n`;
    const { text } = await readAll(file(log));
    expect(text === log).toBe(true);
  });
});

describe('a line longer than 1 MiB', () => {
  test('is cut to that and counted, and the lines around it are whole', async () => {
    const { text, bytes, input } = await readAll(file(`one\n${'x'.repeat(3 * MIB)}\ntwo\n`));
    expect(text === `one\n${'x'.repeat(MIB)}\ntwo\n`).toBe(true);
    expect(bytes).toBe(3 * MIB + 9);
    expect(input.cutLines).toBe(1);
  });

  test('of exactly 1 MiB is not cut', async () => {
    const { text, input } = await readAll(file(`${'x'.repeat(MIB)}\n${'y'.repeat(MIB + 1)}\n`));
    expect(text === `${'x'.repeat(MIB)}\n${'y'.repeat(MIB)}\n`).toBe(true);
    expect(input.cutLines).toBe(1);
  });

  test('is not cut inside a character', async () => {
    const { text, input } = await readAll(file(`x${'→'.repeat(MIB)}\n`));
    expect(text === `x${'→'.repeat(Math.floor((MIB - 1) / 3))}\n`).toBe(true);
    expect(input.cutLines).toBe(1);
  });

  test('is cut too where the file ends without a line end', async () => {
    const { text, bytes } = await readAll(file('x'.repeat(5 * MIB)));
    expect(text.length).toBe(MIB);
    expect(bytes).toBe(5 * MIB);
  });
});

describe('openInput unpacks', () => {
  for (const [compression, [command, ...args]] of Object.entries(packers)) {
    test(`${compression}, told by its bytes and not its name`, async () => {
      const log = longLog();
      const packed = execFileSync(command, [...args, '-c'], { input: log, maxBuffer: 1 << 30 });
      const path = file(packed, 'mail.log-20261123');
      const { text, input, chunks } = await readAll(path);
      expect(text === log).toBe(true);
      expect(input.compression).toBe(compression);
      expect(input.warnings).toEqual([]);
      expect(chunks.at(-1)?.position).toBe(packed.length);
    });

    test(`${compression}: a truncated one gives what can be read, and a warning`, async () => {
      const log = Array.from({ length: 60_000 }, () => `${LINE} ${Math.random()}\n`).join('');
      const packed = execFileSync(command, [...args, '-1', '-c'], { input: log, maxBuffer: 1 << 30 });
      const path = file(packed.subarray(0, packed.length - 10));
      const { text, input } = await readAll(path);
      expect(text.length).toBeGreaterThan(100_000);
      expect(log.startsWith(text)).toBe(true);
      expect(input.warnings).toEqual([expect.stringContaining('is damaged: read up to there')]);
    });
  }

  test('several gzip members after one another', async () => {
    const { text } = await readAll(file(Buffer.concat([gzipSync('one\n'), gzipSync('two\n')])));
    expect(text).toBe('one\ntwo\n');
  });

  test('a gzip file with a damaged middle, up to there', async () => {
    const log = longLog();
    const packed = gzipSync(log);
    packed.fill(0xaa, packed.length / 2);
    const { text, input } = await readAll(file(packed));
    expect(text.length).toBeGreaterThan(log.length / 4);
    expect(input.warnings).toHaveLength(1);
  });

  test('and leaves the file when the reader has enough', async () => {
    const path = file(execFileSync(packers.xz[0], ['-c'], { input: longLog(), maxBuffer: 1 << 30 }));
    let chunks = 0;
    for await (const _ of await openInput(path)) {
      chunks += 1;
      break;
    }
    expect(chunks).toBe(1);
  });

  test('a program that is missing is named with its Debian package', async () => {
    const path = file(execFileSync(packers.xz[0], ['-c'], { input: LINE }));
    const before = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      const error = await refusal(path);
      expect(error.message).toContain('the program xz is not installed');
      expect(error.help).toContain('apt install xz-utils');
    } finally {
      process.env.PATH = before;
    }
  });
});

describe('openInput refuses', () => {
  test('a file that is not there', async () => {
    expect((await refusal('/nowhere/mail.log')).message).toBe('/nowhere/mail.log: no such file');
  });

  test('a folder', async () => {
    const path = join(folder(), 'logs');
    mkdirSync(path);
    expect((await refusal(path)).message).toBe(`${path} is a folder: name the log files in it`);
  });

  test('a file it may not read, and says who may', () => {
    const error = fileError(Object.assign(new Error('EACCES'), { code: 'EACCES' }), '/var/log/mail.log');
    expect(error.message).toBe('/var/log/mail.log: permission denied');
    expect(error.help).toContain('group adm');
  });

  test('a program', async () => {
    expect((await refusal(process.execPath)).message).toContain('is no log: it holds binary data');
  });

  test('a file of the systemd journal, and says who reads it', async () => {
    const path = file(`LPKSHHRH${'\0'.repeat(500)}`, 'system.journal');
    expect((await refusal(path)).help).toContain('journalctl --file FILE -o json');
  });

  test('without printing control characters of a name', async () => {
    expect((await refusal('/nowhere/\u001b[2Jmail.log')).message).toBe(
      '/nowhere/\\x1b[2Jmail.log: no such file',
    );
  });
});

describe('openInput of -', () => {
  const script = `
    const { openInput } = await import('./src/read/input.ts');
    for await (const chunk of await openInput('-')) process.stdout.write(chunk.text);`;
  const run = (input: string | Uint8Array) =>
    execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      input,
      maxBuffer: 1 << 30,
    });

  test('reads standard input, also packed', () => {
    const log = longLog();
    expect(run(log).toString() === log).toBe(true);
    expect(run(gzipSync(log)).toString() === log).toBe(true);
  });
});

test('readHead gives the first bytes of the unpacked text', async () => {
  const path = file(gzipSync(longLog()));
  expect((await readHead(path, 256)).toString()).toBe(longLog().slice(0, 256));
  expect(readFileSync(path).length).toBeGreaterThan(256);
});
