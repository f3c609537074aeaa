/** Logs of stamps without years: which years they are of, and in which order they are read. */
import { spawnSync } from 'node:child_process';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LineReader } from '../../src/core/line.js';
import { openInput } from '../../src/read/input.js';
import { eachLine } from '../../src/read/lines.js';
import { oldestFirst } from '../../src/read/oldest-first.js';
import { rotatedName, rotations } from '../../src/read/rotation.js';
import type { UserError } from '../../src/user-error.js';
import { folder } from './helpers.js';

const NOVEMBER_2026 = Date.UTC(2026, 10, 23, 12);
const DAY = 86_400_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function stamp(time: number): string {
  const date = new Date(time);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  return `${MONTHS[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 19)}`;
}

/** A line every so often, without a year. */
function lines(from: string, to: string, every: number): string {
  let text = '';
  for (let time = Date.parse(from); time <= Date.parse(to); time += every)
    text += `${stamp(time)} mail postfix/qmgr[812]: 4C3D21626${(time % 4096).toString(16)}: removed\n`;
  return text;
}

function write(path: string, text: string | Buffer, modified = NOVEMBER_2026): string {
  writeFileSync(path, text);
  utimesSync(path, modified / 1000, modified / 1000);
  return path;
}

/** Of each log, oldest first, its name and the days of its first and last line. */
async function dated(paths: readonly string[], year?: number): Promise<string[]> {
  const errors: UserError[] = [];
  const reading = { zone: () => 0, year, signal: new AbortController().signal, onError: () => {} };
  const logs = await oldestFirst(paths, { ...reading, onError: (error) => errors.push(error) });
  expect(errors).toEqual([]);
  const found: string[] = [];
  for (const log of logs) {
    const reader = new LineReader({ notAfter: log.notAfter, year: log.year, zone: () => 0 });
    const days: string[] = [];
    for await (const { text } of log.stream ?? (await openInput(log.file ?? log.path))) {
      eachLine(text, (line) => {
        const time = reader.read(line)?.time;
        if (time !== undefined) days.push(new Date(time / 1000).toISOString().slice(0, 10));
      });
    }
    if (log.file !== undefined) rmSync(log.file);
    found.push(`${basename(log.path)} ${days[0]} ${days.at(-1)}`);
  }
  return found;
}

describe('a log without years', () => {
  it('ends at the file’s time, over however many New Years', async () => {
    const path = write(join(folder(), 'mail.log'), lines('2022-03-05', '2026-11-20', DAY));
    expect(await dated([path])).toEqual(['mail.log 2022-03-05 2026-11-20']);
  });

  it('does so when it is packed', async () => {
    const path = write(join(folder(), 'mail.log.gz'), gzipSync(lines('2023-12-30', '2026-01-02', DAY)));
    expect(await dated([path])).toEqual(['mail.log.gz 2023-12-30 2026-01-02']);
  });

  it('does so when it is a pipe', async () => {
    const pipe = join(folder(), 'pipe');
    spawnSync('mkfifo', [pipe]);
    const [end] = [new Date(Date.now() - DAY).toISOString().slice(0, 10)];
    const begin = `${Number(end?.slice(0, 4)) - 3}-03-05`;
    const text = lines(begin, end ?? '', DAY);
    const [found] = await Promise.all([
      dated([pipe]),
      import('node:fs/promises').then(({ writeFile }) => writeFile(pipe, text)),
    ]);
    expect(found).toEqual([`pipe ${begin} ${end}`]);
  });

  it.each([
    ['that is busy', '2024-05-01', '2026-11-20', 5 * 60_000],
    ['within less than a year', '2026-02-01', '2026-11-20', 90_000],
  ])('does so when it is a large one %s', async (_name, from, to, every) => {
    const text = lines(from, to, every);
    expect(text.length).toBeGreaterThan(8 * 1024 * 1024);
    expect(await dated([write(join(folder(), 'mail.log'), text)])).toEqual([`mail.log ${from} ${to}`]);
  });

  it('does so when a large one has quiet years between busy days', async () => {
    const text = [
      lines('2022-11-01', '2022-11-03', 3000),
      lines('2022-11-04', '2024-08-03', 5 * DAY),
      lines('2024-08-04', '2024-08-06', 3000),
      lines('2024-08-07', '2026-11-06', 5 * DAY),
    ].join('');
    expect(text.length).toBeGreaterThan(6 * 1024 * 1024);
    const padded = `${text}${'x'.repeat(4 * 1024 * 1024)}\n`;
    expect(await dated([write(join(folder(), 'mail.log'), padded)])).toEqual([
      'mail.log 2022-11-01 2026-11-05',
    ]);
  });

  it('is of a leap year where it has a Feb 29', async () => {
    const path = write(join(folder(), 'copy.log'), lines('2024-01-10', '2024-06-01', DAY));
    expect(await dated([path])).toEqual(['copy.log 2024-01-10 2024-06-01']);
  });

  it('keeps the year that is given', async () => {
    const path = write(join(folder(), 'mail.log'), lines('2002-03-05', '2004-11-20', DAY));
    expect(await dated([path], 2002)).toEqual(['mail.log 2002-03-05 2004-11-20']);
  });
});

describe('rotated logs', () => {
  const years = [
    ['mail.log', lines('2026-02-10', '2026-11-20', DAY)],
    ['mail.log.1', lines('2025-03-01', '2026-02-09', DAY)],
    ['mail.log.2.gz', gzipSync(lines('2022-06-01', '2025-02-28', DAY))],
  ] as const;
  const expected = [
    'mail.log.2.gz 2022-06-01 2025-02-28',
    'mail.log.1 2025-03-01 2026-02-09',
    'mail.log 2026-02-10 2026-11-20',
  ];

  it.each([
    ['as they were written', [NOVEMBER_2026, Date.UTC(2026, 1, 10), Date.UTC(2025, 2, 1)]],
    ['with the times of a copy', [NOVEMBER_2026, NOVEMBER_2026, NOVEMBER_2026]],
  ])('are read oldest first, %s', async (_name, times) => {
    const at = folder();
    const paths = years.map(([name, text], i) => write(join(at, name), text, times[i]));
    expect(await dated(paths)).toEqual(expected);
    expect(await dated(paths.toReversed())).toEqual(expected);
  });

  it('are of the day in their names', async () => {
    const at = folder();
    const paths = [
      write(join(at, 'mail.log-20231101'), lines('2023-10-25', '2023-11-01', DAY)),
      write(join(at, 'mail.log-20241101'), lines('2024-10-25', '2024-11-01', DAY)),
      write(join(at, 'mail.log'), lines('2024-11-02', '2026-11-02', DAY)),
    ];
    expect(await dated(paths)).toEqual([
      'mail.log-20231101 2023-10-25 2023-11-01',
      'mail.log-20241101 2024-10-25 2024-11-01',
      'mail.log 2024-11-02 2026-11-02',
    ]);
  });

  it('may be there twice, packed and not, and go on for some days beside the next', async () => {
    const at = folder();
    const paths = [
      write(join(at, 'mail.log'), lines('2026-11-16', '2026-11-23', DAY)),
      write(join(at, 'mail.log.1'), lines('2026-11-08', '2026-11-20', DAY)),
      write(join(at, 'mail.log.1.gz'), gzipSync(lines('2026-11-08', '2026-11-20', DAY))),
    ];
    expect((await dated(paths)).toSorted()).toEqual([
      'mail.log 2026-11-16 2026-11-23',
      'mail.log.1 2026-11-08 2026-11-20',
      'mail.log.1.gz 2026-11-08 2026-11-20',
    ]);
  });

  it('go on from the year that is given for the first', async () => {
    const at = folder();
    const paths = [
      write(join(at, 'mail.log'), lines('2016-01-10', '2016-02-01', DAY)),
      write(join(at, 'mail.log.1'), lines('2015-12-10', '2016-01-09', DAY)),
    ];
    expect(await dated(paths, 2015)).toEqual([
      'mail.log.1 2015-12-10 2016-01-09',
      'mail.log 2016-01-10 2016-02-01',
    ]);
  });

  it('are no rotation where their times go against their names', async () => {
    const at = folder();
    const paths = [
      write(join(at, 'mail.log.1'), lines('2026-11-01', '2026-11-05', DAY), Date.UTC(2026, 10, 5)),
      write(join(at, 'mail.log.2'), lines('2026-11-10', '2026-11-15', DAY), Date.UTC(2026, 10, 15)),
    ];
    expect(await dated(paths)).toEqual([
      'mail.log.1 2026-11-01 2026-11-05',
      'mail.log.2 2026-11-10 2026-11-15',
    ]);
  });

  it.each([
    ['/l/mail.log', { log: '/l/mail.log', number: 0 }],
    ['/l/mail.log.1', { log: '/l/mail.log', number: 2 }],
    ['/l/mail.log.12.gz', { log: '/l/mail.log', number: 13 }],
    ['/l/maillog.0.bz2', { log: '/l/maillog', number: 1 }],
    ['/l/mail.log-20261123.xz', { log: '/l/mail.log', day: Date.UTC(2026, 10, 23) }],
    ['/l/mail-2026-11-23.log', { log: '/l/mail.log', day: Date.UTC(2026, 10, 23) }],
    ['/l/mail-2026-11.log', { log: '/l/mail.log', day: Date.UTC(2026, 10, 15) }],
    ['/l/mail-2026.log', { log: '/l/mail-2026.log', number: 0 }],
    ['/l/mail.log-20261123-1700000000.gz', { log: '/l/mail.log', day: Date.UTC(2026, 10, 23) }],
    ['/l/host-10.20.30.40', { log: '/l/host-10.20.30', number: 41 }],
    ['/l/mail.01', { log: '/l/mail.01', number: 0 }],
    ['/l/mail-20269999.log', { log: '/l/mail-20269999.log', number: 0 }],
  ])('are known by the name %s', (path, name) => {
    expect(rotatedName(path)).toEqual(name);
  });

  it('stand in the order of their numbers or days, each rotation by itself', () => {
    const paths = [
      'a.log',
      'b.log.2',
      'a.log.1',
      'a.log.10',
      'b.log',
      'a.log.2',
      'c-20261123',
      'c',
      'c-20261124',
    ];
    expect(rotations(paths.map((path) => ({ path }))).map((same) => same.map(({ path }) => path))).toEqual([
      ['a.log.10', 'a.log.2', 'a.log.1', 'a.log'],
      ['b.log.2', 'b.log'],
      ['c-20261123', 'c-20261124', 'c'],
    ]);
    const mixed = ['d.log-20261123', 'd.log.1'].map((path) => ({ path }));
    expect(rotations(mixed)).toHaveLength(2);
    const twice = ['e.log.1.gz', 'e.log', 'e.log.1'].map((path) => ({ path }));
    expect(rotations(twice)).toEqual([[twice[0], twice[1]], [twice[2]]]);
  });
});
