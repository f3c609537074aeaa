import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Instance, parameter } from '../postfix/instance.js';
import type { Running } from '../setup.js';
import { listeningSockets } from './sockets.js';

/**
 * When Postfix last read its files. `postfix reload` keeps the master process and replaces its queue manager, so the
 * younger of the two tells it. Linux only: elsewhere there is no /proc and nothing is said.
 */
export function observeRunning(instances: readonly Instance[]): Running {
  const reloaded = new Map<string, number>();
  const written = new Map<string, number>();
  for (const instance of instances) {
    const started = reloadTime(instance);
    if (started !== undefined) reloaded.set(instance.directory, started);
    for (const file of [instance.mainFile, instance.masterFile]) {
      const time = attempt(() => statSync(file).mtimeMs);
      if (time !== undefined) written.set(file, time);
    }
  }
  return { reloaded, written, listening: listeningSockets() ?? [] };
}

function reloadTime(instance: Instance): number | undefined {
  const queue = parameter(instance, 'queue_directory').value;
  const pid = attempt(() => readFileSync(join(queue ?? '', 'pid', 'master.pid'), 'utf8').trim());
  if (pid === undefined || !/^\d+$/.test(pid)) return undefined;
  const master = attempt(() => readProcess(pid));
  if (master?.name !== 'master') return undefined;
  const processes = attempt(() => readdirSync('/proc')) ?? [];
  const children = processes.flatMap((name) => {
    const one = /^\d+$/.test(name) ? attempt(() => readProcess(name)) : undefined;
    return one !== undefined && one.parent === pid && /^o?qmgr$/.test(one.name) ? [one.started] : [];
  });
  return Math.max(master.started, ...children);
}

/** proc(5): the name stands in brackets and may itself hold some; the start is in clock ticks since boot. */
function readProcess(pid: string): { name: string; parent: string; started: number } {
  const TICKS_PER_SECOND = 100;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  return {
    name: stat.slice(stat.indexOf('(') + 1, close),
    parent: fields[1] ?? '',
    started: (boot + Number(fields[19]) / TICKS_PER_SECOND) * 1000,
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
