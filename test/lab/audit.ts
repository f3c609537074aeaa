/** What `amavtrace check` says of the configuration that a scenario runs with. */
import type { Finding } from '../../src/check/finding.js';
import { amavtrace, jsonLines } from './amavtrace.js';
import type { Scenario } from './scenario.js';
import type { Statements } from './statements.js';
import type { System } from './system.js';

/** Asked as on the machine itself, and of its files alone. */
const ways = {
  'check --live': ['--live'],
  'check --config-dir': ['--config-dir', '/etc/postfix'],
};

/** Says nothing of a set-up that was the same before. */
export async function audit(system: System, scenario: Scenario, statements: Statements): Promise<void> {
  const setup = JSON.stringify([scenario.postfix ?? {}, scenario.amavis ?? {}]);
  if (system.audited.has(setup)) return;
  system.audited.add(setup);
  const wrong = [...(scenario.check ?? [])].sort();
  for (const [name, options] of Object.entries(ways)) {
    const said = await amavtrace(['check', '--json', ...options, '--amavisd-conf', system.amavis.config]);
    const findings = jsonLines<Finding>(said.stdout);
    const bad = findings.filter(({ severity }) => severity === 'error' || severity === 'warning');
    statements.same(name, [...new Set(bad.map(({ code }) => code))].sort(), wrong);
    const status = bad.some(({ severity }) => severity === 'error') ? 1 : 0;
    statements.same(`${name}, exit status`, said.status, status);
  }
}
