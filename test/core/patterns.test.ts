import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testPatterns } from '../../src/core/pattern-test.js';
import { compilePatterns } from '../../src/read/pattern-files.js';
import { amavtrace, temporaryFolder } from '../support/cli.js';

describe('the patterns', () => {
  it('read all of their sample lines, each by its own pattern, with the fields it says', () => {
    const { samples, failures } = testPatterns(compilePatterns([]));
    expect(failures).toEqual([]);
    expect(samples).toBeGreaterThan(400);
  });
});

describe('a site’s own patterns', () => {
  const entry = {
    name: 'short main line',
    event: 'amavis.verdict',
    amavisId: true,
    start: 'VERDICT ',
    expression:
      '^VERDICT (?<action>Passed|Blocked) (?<verdict>\\w+) <(?<sender>[^>]*)> (?<recipients>\\S+) q=(?<queueId>\\w+) to=(?<queuedAs>\\w+)$',
    types: { recipients: 'addresses', queuedAs: 'list' },
    samples: [
      {
        line: 'Nov 23 00:25:29 mail amavis[5]: (07304-02) VERDICT Passed CLEAN <s@b.example> <a@example.com> q=8BE9416260E to=BE6C0162610',
        fields: { verdict: 'CLEAN', queueId: '8BE9416260E', queuedAs: ['BE6C0162610'] },
      },
    ],
  };

  function folder(value: unknown): string {
    const dir = join(temporaryFolder(), 'patterns');
    mkdirSync(dir);
    writeFileSync(join(dir, 'site.json'), typeof value === 'string' ? value : JSON.stringify(value));
    return dir;
  }

  it('read a changed $log_templ, also when the trace is asked for without them', () => {
    const dir = folder({ programs: ['amavis'], patterns: [entry] });
    const db = join(dir, '..', 'traces.db');
    const log = join(dir, '..', 'mail.log');
    writeFileSync(log, `${entry.samples[0]?.line}\n`);
    expect(amavtrace(['import', log, '--db', db, '--patterns', dir]).status).toBe(0);
    const { stdout } = amavtrace(['trace', '8BE9416260E', '--db', db, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      queueIds: ['8BE9416260E', 'BE6C0162610'],
      filter: [{ verdict: 'CLEAN' }],
    });
  });

  it('pass `patterns --test` with their samples', () => {
    const { status, stderr } = amavtrace([
      'patterns',
      '--test',
      '--patterns',
      folder({ programs: ['amavis'], patterns: [entry] }),
    ]);
    expect([status, stderr]).toEqual([0, expect.stringContaining('0 wrong')]);
  });

  it('fail `patterns --test` when a sample gives another field', () => {
    const wrong = { ...entry, samples: [{ ...entry.samples[0], fields: { verdict: 'SPAM' } }] };
    const { status, stdout } = amavtrace([
      'patterns',
      '--test',
      '--patterns',
      folder({ programs: ['amavis'], patterns: [wrong] }),
    ]);
    expect([status, stdout]).toEqual([1, expect.stringContaining('field "verdict" is "CLEAN", not "SPAM"')]);
  });

  it('may stand in a built-in one’s place', () => {
    const instead = {
      name: 'our removed',
      event: 'ignored',
      queueId: true,
      start: 'removed',
      samples: [{ line: 'Nov 23 00:27:02 vm postfix/qmgr[19709]: 1CE88162637: removed' }],
    };
    const dir = folder({ programs: ['postfix/qmgr'], patterns: [instead] });
    const { status, stdout, stderr } = amavtrace(['patterns', '--test', '--patterns', dir]);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toContain('another pattern reads this line: site.json our removed');
  });

  it('that are given again stand for what the store has of the same file', () => {
    const line = 'Nov 23 00:27:02 vm postfix/qmgr[19709]: 1CE88162637: removed';
    const pattern = { name: 'x', event: 'ignored', queueId: true, start: 'removed', samples: [{ line }] };
    const dir = folder({ programs: ['postfix/qmgr'], patterns: [pattern] });
    const db = join(dir, '..', 'traces.db');
    const log = join(dir, '..', 'mail.log');
    writeFileSync(log, `${line}\n`);
    amavtrace(['import', log, '--db', db, '--patterns', dir]);
    expect(amavtrace(['search', '--db', db, '--json']).stdout).toBe('');
    writeFileSync(join(dir, 'site.json'), JSON.stringify({ programs: ['postfix/qmgr'], patterns: [] }));
    amavtrace(['import', log, '--db', db, '--patterns', dir]);
    expect(JSON.parse(amavtrace(['search', '--db', db, '--json']).stdout)).toMatchObject({
      queueIds: ['1CE88162637'],
    });
  });

  it('are refused by every command when a sample isn’t read as it says', () => {
    const wrong = { ...entry, samples: [{ ...entry.samples[0], fields: { verdict: 'SPAM' } }] };
    const dir = folder({ programs: ['amavis'], patterns: [wrong] });
    const { status, stderr } = amavtrace([
      'import',
      join(dir, 'site.json'),
      '--db',
      join(dir, 'x.db'),
      '--patterns',
      dir,
    ]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining(
        'site.json: pattern "short main line": its sample is not read as it says: field "verdict"',
      ),
    ]);
  });

  it.each([
    ['no JSON', '{', 'site.json is not valid JSON'],
    ['an entry that is none', { programs: ['amavis'], patterns: [null] }, 'site.json: entry 1 is no object'],
    [
      'a key that is none',
      { programs: ['amavis'], patterns: [{ ...entry, wrod: 'x' }] },
      'site.json: pattern "short main line": there is no key "wrod"',
    ],
    [
      'a sample that is none',
      { programs: ['amavis'], patterns: [{ ...entry, samples: ['a line'] }] },
      'site.json: pattern "short main line": "samples" must be a list',
    ],
    [
      'an expression that is no text',
      { programs: ['amavis'], patterns: [{ ...entry, expression: 5 }] },
      'site.json: pattern "short main line": "expression" must be text',
    ],
    ['no programs', { patterns: [] }, 'site.json: "programs" must list'],
    [
      'an entry without samples',
      { programs: ['amavis'], patterns: [{ ...entry, samples: [] }] },
      'site.json: pattern "short main line": needs at least one entry in "samples"',
    ],
    [
      'an expression that is none',
      { programs: ['amavis'], patterns: [{ ...entry, expression: '(' }] },
      'site.json: pattern "short main line": its expression is not valid',
    ],
    [
      'neither start nor word',
      { programs: ['amavis'], patterns: [{ ...entry, start: undefined }] },
      'site.json: pattern "short main line": needs a "start" or a "word"',
    ],
    [
      'a type that is none',
      { programs: ['amavis'], patterns: [{ ...entry, types: { verdict: 'color' } }] },
      'site.json: pattern "short main line": field "verdict" has the unknown type "color"',
    ],
    [
      'an event that is none',
      { programs: ['amavis'], patterns: [{ ...entry, event: 'amavis.verdikt' }] },
      'site.json: pattern "short main line": there is no event "amavis.verdikt"',
    ],
  ])('are refused with file, entry and reason: %s', (_name, value, complaint) => {
    const { status, stderr } = amavtrace(['patterns', '--test', '--patterns', folder(value)]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(complaint)]);
  });
});
