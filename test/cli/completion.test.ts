/** `amavtrace completion`: what the shells then offer. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/commands/index.js';
import { amavtrace, temporaryFolder } from '../support/cli.js';

function scriptFor(shell: string): string {
  const { status, stdout } = amavtrace(['completion', shell]);
  expect(status).toBe(0);
  return stdout;
}

/** What bash offers for the last word of a command line, cut as readline cuts it. */
function offered(...words: readonly string[]): string[] {
  const script = join(temporaryFolder(), 'completion');
  writeFileSync(script, scriptFor('bash'));
  const line = ['amavtrace', ...words].map((word) => `'${word}'`).join(' ');
  const ask = `source "$0"; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _amavtrace; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', ask, script], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('bash', () => {
  it('completes every command', () => {
    expect(offered('')).toEqual([...commands.map(({ name }) => name), '--help', '--version']);
    expect(offered('pro')).toEqual(['probe']);
  });

  it.each(commands.map((spec) => [spec.name, spec.options] as const))(
    'completes the options of %s',
    (name, options) => {
      expect(offered(name, '--')).toEqual([...options.map(({ flags }) => flags.split(' ')[0]), '--help']);
    },
  );

  it('completes states, verdicts and codes of problems', () => {
    expect(offered('search', '--state', 'de')).toEqual(['delivered', 'deferred', 'deleted']);
    expect(offered('search', '--sender', 'a', '--verdict', 'SPAM')).toEqual(['SPAMMY', 'SPAM']);
    expect(offered('search', '--problem', 'filter-ref')).toEqual(['filter-refused']);
    expect(offered('explain', 'filter-ref')).toEqual(['filter-refused']);
    expect(offered('trace', '8BE9416260E', '--format', 'm')).toEqual(['mermaid']);
  });

  it('completes a value behind an equals sign', () => {
    expect(offered('search', '--state', '=', 'part')).toEqual(['partial']);
    expect(offered('search', '--state', '=')).toContain('held');
  });

  it('leaves files to the shell', () => {
    expect(offered('import', '')).toEqual([]);
    expect(offered('search', '--db', '')).toEqual([]);
    expect(scriptFor('bash')).toContain('complete -o default -F _amavtrace amavtrace');
  });
});

describe.each(['zsh', 'fish'])('%s', (shell) => {
  it('is told every command, option and value', () => {
    const script = scriptFor(shell);
    for (const { name, options } of commands) {
      expect(script).toMatch(new RegExp(`\\b${name}\\b`));
      for (const { flags } of options) {
        const option = flags.split(' ')[0] ?? '';
        expect(script).toContain(shell === 'fish' ? ` -l ${option.slice(2)} ` : `${option}[`);
      }
    }
    expect(script).toContain('delivered relayed blocked');
    expect(script).toContain('filter-refused');
  });
});

it('refuses a shell that it does not know', () => {
  const { status, stderr } = amavtrace(['completion', 'tcsh']);
  expect([status, stderr]).toEqual([2, expect.stringContaining('Name one of bash, zsh, fish.')]);
});
