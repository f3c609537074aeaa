import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPostfix, type Postconf } from '../../src/check/load/postfix.js';
import { reportText } from '../../src/check/report.js';
import { run } from '../../src/commands/check.js';
import type { Io } from '../../src/commands/command.js';
import { whyUnread } from '../../src/read/why-unread.js';

const guide = fileURLToPath(new URL('guide', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amavtrace-check-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function check(options: Readonly<Record<string, unknown>>, color = false, columns = 100) {
  let stdout = '';
  const io: Io = {
    out: (text) => {
      stdout += text;
    },
    note: () => {},
    env: {},
    columns,
    outIsTerminal: false,
    noteIsTerminal: false,
    color,
    unicode: false,
    signal: new AbortController().signal,
  };
  const status = await run([], options, io);
  return { status, stdout };
}

describe('amavtrace check', () => {
  test("the guide's folder ends with status 0, the fine rules of a part in one line", async () => {
    const { status, stdout } = await check({ configDir: guide });
    expect(status).toBe(0);
    expect(stdout).toContain('  ok       front-transport, front-address, front-literal\n');
    expect(stdout).toContain('0 errors, 0 warnings, 1 hint, ');
    expect(
      [...stdout.matchAll(/^[a-z].*\)$|^delivery$|^configuration files$/gm)].map(([line]) => line),
    ).toEqual([
      'front (25)',
      'feed (Postfix to amavis)',
      'amavis (10024)',
      'reinjection (10025)',
      'delivery',
      'configuration files',
    ]);
  });

  test('an error ends with status 1 and says where it is and what to write', async () => {
    cpSync(guide, folder, { recursive: true });
    writeFileSync(
      join(folder, 'amavisd.conf'),
      '$inet_socket_port = 10026;\n@local_domains_maps = ([".example.com"]);\n',
    );
    const { status, stdout } = await check({ configDir: folder });
    expect(status).toBe(1);
    expect(stdout).toContain(
      '  error    front-address: amavisfeed:[127.0.0.1]:10024, and amavis listens on 127.0.0.1:10026 and\n           [::1]:10026\n',
    );
    expect(stdout).toContain(`at      ${folder}/main.cf:10\n`);
    expect(stdout).toContain('\ncontent_filter = amavisfeed:[127.0.0.1]:10026\n');
  });

  test('--json is one finding a line', async () => {
    const { stdout } = await check({ configDir: guide, json: true });
    const findings = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(findings[0]).toEqual({
      code: 'front-setup',
      severity: 'ok',
      part: 'front',
      found: 'filtering after the queue by amavisfeed:[127.0.0.1]:10024',
      where: `${guide}/main.cf:10`,
      wanted: 'mail is handed to amavis',
      why: 'What is wired how decides which of the other rules apply.',
      problem: null,
      fix: null,
      fixIn: null,
    });
  });

  test('--amavisd-conf takes a folder of files, in the order of their names', async () => {
    cpSync(guide, folder, { recursive: true });
    mkdirSync(join(folder, 'site'));
    writeFileSync(join(folder, 'site', '50-user'), '$inet_socket_port = 10024;\n');
    writeFileSync(join(folder, 'site', '20-defaults'), '$inet_socket_port = 10099;\n');
    writeFileSync(join(folder, 'site', '60-user.bak'), '$inet_socket_port = 10098;\n');
    expect((await check({ configDir: folder, amavisdConf: [join(folder, 'site')] })).status).toBe(0);
  });

  test('a folder without main.cf is refused, with what to do', async () => {
    await expect(check({ configDir: folder })).rejects.toMatchObject({
      name: 'UserError',
      message: `can't read ${folder}/main.cf: no such file`,
      help: "--config-dir names the folder with Postfix' main.cf and master.cf.",
    });
  });

  test('so is one that is not there, or is a file', async () => {
    writeFileSync(join(folder, 'main.cf'), '');
    await expect(check({ configDir: join(folder, 'none') })).rejects.toThrow(
      `can't read ${join(folder, 'none')}: no such folder`,
    );
    await expect(check({ configDir: join(folder, 'main.cf') })).rejects.toThrow(
      `can't read ${join(folder, 'main.cf')}: it is a file, and no folder`,
    );
  });

  test.each([
    ['EACCES', 'permission denied, run as root or as a user who may read it'],
    ['EISDIR', 'it is a folder'],
    ['ELOOP', 'its links lead round in a circle'],
    ['EMFILE', 'EMFILE'],
  ])('why a file can not be read is told: %s', (code, words) => {
    expect(whyUnread(Object.assign(new Error('x'), { code }))).toBe(words);
  });

  test('binary rubbish is said to be none, in one finding', async () => {
    cpSync(guide, folder, { recursive: true });
    writeFileSync(
      join(folder, 'main.cf'),
      Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7919) % 256)),
    );
    const { stdout } = await check({ configDir: folder });
    expect(stdout.match(/file-unreadable-line/g)).toHaveLength(1);
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });

  test('an --amavisd-conf that is not there is refused', async () => {
    const missing = check({ configDir: guide, amavisdConf: [join(folder, 'none.conf')] });
    await expect(missing).rejects.toThrow('none.conf: no such file');
  });

  test('control characters of a file never reach the terminal', () => {
    const finding = {
      code: 'x',
      severity: 'error',
      part: 'front',
      found: 'a\x1b[31mb',
      where: null,
      wanted: '',
      why: '',
      problem: null,
      fix: 'c\x07',
      fixIn: 'd',
    } as const;
    const text = reportText([finding], { color: false, columns: 80 });
    expect(text).toContain('a\\x1b[31mb');
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });

  test('the lines fit the terminal, the fine rules of a part in one', async () => {
    cpSync(guide, folder, { recursive: true });
    writeFileSync(join(folder, 'main.cf'), `content_filter = \${${'x'.repeat(10_000)}}\n`);
    const { stdout } = await check({ configDir: folder }, false, 80);
    // Words are not cut: a line to write and a path stay whole.
    const long = stdout.split('\n').filter((line) => line.length > 80 && !line.includes(folder));
    expect(long.every((line) => line.includes('x'.repeat(80)))).toBe(true);
    expect(long.every((line) => line.length < 600)).toBe(true);
    expect(stdout).toContain('  ok       9 more rules; --json names them\n');
  });

  test('colour is there only when asked for', async () => {
    expect((await check({ configDir: guide }, true)).stdout).toContain('\x1b[32mok');
    expect((await check({ configDir: guide }, false)).stdout).not.toContain('\x1b');
  });
});

describe('reading Postfix', () => {
  test('further instances are found beside a copy', async () => {
    for (const name of ['postfix', 'postfix-out']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'master.cf'), 'smtp inet n - n - - smtpd\n');
    }
    writeFileSync(join(folder, 'postfix', 'main.cf'), 'multi_instance_directories = /etc/postfix-out\n');
    writeFileSync(join(folder, 'postfix-out', 'main.cf'), 'multi_instance_name = postfix-out\n');
    const found = await loadPostfix(join(folder, 'postfix'), undefined);
    expect(found.map(({ instance }) => instance.directory)).toEqual([
      join(folder, 'postfix'),
      join(folder, 'postfix-out'),
    ]);
  });

  test('tables below /etc/postfix are read in the copy', async () => {
    writeFileSync(join(folder, 'main.cf'), 'header_checks = regexp:/etc/postfix/filter_header\n');
    writeFileSync(join(folder, 'master.cf'), 'smtp inet n - n - - smtpd\n');
    writeFileSync(join(folder, 'filter_header'), '/^Subject: x/ FILTER amavisfeed:[127.0.0.1]:10024\n');
    const [files] = await loadPostfix(folder, undefined);
    expect(files?.filterActions.map(({ place }) => place)).toEqual([
      { file: join(folder, 'filter_header'), line: 1 },
    ]);
  });

  test("postconf's values count, with the lines of the files", async () => {
    writeFileSync(join(folder, 'main.cf'), '# first line\ncontent_filter = old\n');
    writeFileSync(join(folder, 'master.cf'), 'smtp inet n - n - - smtpd\n  -o biff=no\n');
    const asked: string[] = [];
    const postconf: Postconf = async (args) => {
      asked.push(args.join(' '));
      if (args.includes('-n')) return 'content_filter = new\nmax_use = 7\n';
      return 'smtp/inet/biff = yes\n';
    };
    const [files] = await loadPostfix(folder, postconf);
    const instance = files?.instance;
    expect(instance?.main.settings.get('content_filter')).toMatchObject({
      value: 'new',
      place: { file: join(folder, 'main.cf'), line: 2 },
    });
    expect(instance?.main.settings.get('max_use')?.place).toEqual({ file: 'postconf -n', line: null });
    expect(instance?.master.services[0]?.options.get('biff')).toMatchObject({
      value: 'yes',
      place: { line: 2 },
    });
    expect(asked).toEqual([`-c ${folder} -n`, `-c ${folder} -P`]);
  });
});
