/**
 * A place of its own for the lab: the run is started again inside new mount, network, process and host name spaces.
 *
 * In there the guide's ports 25, 10024 and 10025 are free whatever else the machine serves, /dev/log, /etc/postfix
 * and the users are the lab's, nothing can reach another host, and the kernel ends every process with the first one.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from './process.js';

/** Names the lab's folder to the run inside; its absence tells that this is the run outside. */
const insideVariable = 'AMAVTRACE_LAB_ROOT';

const spaces = ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc'];

/** The people who have a mailbox here. */
export const users = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'] as const;

/** Null when the lab can be closed off on this machine, else why it can't. */
export function whyNotIsolated(): string | null {
  const tried = spawnSync('unshare', [...spaces, 'true'], { encoding: 'utf8' });
  if (tried.error) return `unshare (Debian: util-linux) could not be started: ${tried.error.message}`;
  if (tried.status === 0) return null;
  return `this system lets even root make no namespaces of its own: ${tried.stderr.trim()}`;
}

/** The lab's folder when this process runs inside, else null. */
export function insideRoot(): string | null {
  return process.env[insideVariable] ?? null;
}

/**
 * A folder for the whole run, which is removed afterwards, whatever happened. `watch` names a process to it that has
 * to end before that.
 */
export async function inFolder<Result>(
  work: (folder: string, watch: (child: ChildProcess) => void) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'amavtrace-lab-'));
  chmodSync(folder, 0o755);
  const running = new Set<ChildProcess>();
  const end = () => {
    // unshare(1) takes no notice of milder signals; with it the kernel ends all that is inside.
    for (const child of running) child.kill('SIGKILL');
  };
  // Ctrl-C goes to the whole group, and inside they end by themselves; this one must outlive them to remove the folder.
  const wait = () => {};
  process.on('SIGINT', wait);
  process.on('SIGTERM', end);
  process.on('SIGHUP', end);
  const clear = () => {
    end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  // Also where nothing is waited for any more, as when nobody reads the output.
  process.on('exit', clear);
  try {
    return await work(folder, (child) => {
      running.add(child);
      child.once('exit', () => running.delete(child));
    });
  } finally {
    clear();
    process.off('exit', clear);
    process.off('SIGINT', wait);
    process.off('SIGTERM', end);
    process.off('SIGHUP', end);
  }
}

/** Runs this same command inside, once. Resolves to its exit status. */
export function runInside(): Promise<number> {
  return inFolder((folder, watch) => {
    const child = startInside(join(folder, 'one'));
    watch(child);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (status) => resolve(status ?? 2));
    });
  });
}

/** Starts this same command inside, with a folder of its own, and a channel to this process. */
export function startInside(root: string): ChildProcess {
  mkdirSync(root);
  // The shell stays the first process: it collects the daemons' orphans, which node would leave as zombies.
  const shell = ['sh', '-c', '"$@"; exit $?', 'sh'];
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  return spawn('unshare', [...spaces, ...shell, ...again], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [insideVariable]: root, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
  });
}

/** Inside: gives the new namespaces a loopback, a host name, a /dev/log to be, a hosts file and the lab's users. */
export async function furnish(root: string): Promise<void> {
  await execute('ip', ['link', 'set', 'lo', 'up']);
  await execute('hostname', ['mail']);
  await ownDev(root);
  const hosts = [
    '127.0.0.1 localhost mail.example.com mail',
    '127.0.0.2 client.outside.example',
    '127.0.0.3 office.outside.example',
  ];
  await cover(root, '/etc/hosts', `${hosts.join('\n')}\n`);
  // Only files: a resolver that asks the network would wait for nothing.
  await cover(root, '/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n');
  const people = users.map((user, at) => `${user}:x:${6001 + at}:6000::${homeOf(root, user)}:/bin/false\n`);
  await cover(root, '/etc/passwd', readFileSync('/etc/passwd', 'utf8') + people.join(''));
  await cover(root, '/etc/group', `${readFileSync('/etc/group', 'utf8')}labusers:x:6000:\n`);
  for (const user of users) {
    mkdirSync(homeOf(root, user), { recursive: true });
    await execute('chown', ['-R', `${user}:labusers`, homeOf(root, user)]);
  }
  await execute('chmod', ['755', root]);
}

export function homeOf(root: string, user: string): string {
  return join(root, 'home', user);
}

/** Puts a file of ours over one of the system's, in this mount namespace only. */
async function cover(root: string, path: string, content: string): Promise<void> {
  const own = join(root, 'etc', path.replaceAll('/', '_'));
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(own, content);
  await execute('mount', ['--bind', own, path]);
}

/** A /dev whose entries are the machine's but for `log`, which the lab's rsyslogd makes. */
async function ownDev(root: string): Promise<void> {
  const machines = join(root, 'dev');
  mkdirSync(machines);
  await execute('mount', ['--rbind', '/dev', machines]);
  await execute('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'lab', '/dev']);
  for (const name of readdirSync(machines)) {
    if (name !== 'log') symlinkSync(join(machines, name), join('/dev', name));
  }
}
