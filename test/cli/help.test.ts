import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/commands/index.js';
import { amavtrace } from '../support/cli.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe.each(commands.map((spec) => [spec.name, spec] as const))('%s', (name, spec) => {
  it('has help with examples', () => {
    const { status, stdout } = amavtrace([name, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('Examples:');
    for (const { line } of spec.examples) expect(stdout).toContain(line);
  });

  it('stands in the README', () => {
    expect(readme).toContain(`amavtrace ${name}`);
  });

  it('refuses an option that it does not have, with status 2', () => {
    const { status, stderr } = amavtrace([name, '--no-such-option']);
    expect([status, stderr]).toEqual([2, expect.stringContaining("unknown option '--no-such-option'")]);
  });
});

describe('the program', () => {
  it('prints its version', () => {
    const { status, stdout } = amavtrace(['--version']);
    expect([status, stdout.trim()]).toEqual([0, '0.1.0']);
  });

  it('refuses a command that it does not have', () => {
    expect(amavtrace(['trase']).status).toBe(2);
  });

  it('says what to do when there is no database yet', () => {
    const { status, stderr } = amavtrace(['search', '--db', '/no/such/traces.db']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('amavtrace import')]);
  });
});
