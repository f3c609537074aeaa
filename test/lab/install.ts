/** What the lab needs of the machine: Debian, root and a few of its packages, whose services it does not start. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { attempt, execute } from './process.js';

const packages = [
  'postfix',
  'amavisd-new',
  'spamassassin',
  'rsyslog',
  'dovecot-lmtpd',
  'iproute2',
  'mount',
  'hostname',
];

/** Null when the lab can run here, else why it can't. */
export function whyNotHere(): string | null {
  if (process.platform !== 'linux') return "it starts Debian's Postfix and amavisd-new, and this is no Linux";
  if (!existsSync('/usr/bin/apt-get') || !isDebian()) {
    return "it installs Debian's packages, and this is neither Debian nor derived from it";
  }
  if (process.getuid?.() !== 0) return 'only root may start Postfix and make namespaces: run it as root';
  if (mappedUsers() < 10_000) {
    return 'this root is alone in its user namespace, and Postfix and amavis need users of their own';
  }
  return null;
}

/** How many users this root has power over (user_namespaces(7)). */
function mappedUsers(): number {
  const lines = readFileSync('/proc/self/uid_map', 'latin1').trim().split('\n');
  return lines.reduce((count, line) => count + Number(line.trim().split(/\s+/)[2]), 0);
}

function isDebian(): boolean {
  if (!existsSync('/etc/os-release')) return false;
  return /^ID(?:_LIKE)?=.*\bdebian\b/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** Installs what is missing; what is there stays as it is. */
export async function install(): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) {
    const asked = await attempt('dpkg-query', ['--status', name]);
    if (!/^Status: .* installed$/m.test(asked.stdout)) missing.push(name);
  }
  if (missing.length === 0) return;
  process.stderr.write(`lab: installing ${missing.join(', ')}\n`);
  await withoutServices(async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await execute('apt-get', ['update', '-q'], { env, timeout: 300_000 });
    await execute('apt-get', ['install', '-qy', '--no-install-recommends', ...missing], {
      env,
      timeout: 600_000,
    });
  });
}

/** Debian starts a service as it is installed unless this file says no; the lab starts its own. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    rmSync(policy);
  }
}
