/** The two daemons of the path. */
export type Daemon = 'amavisd' | 'master';

export interface Process {
  readonly pid: number;
  /** `amavisd-new`, `master`, `nginx` */
  readonly name: string;
  /** null: it is neither of them. */
  readonly daemon: Daemon | null;
}

/**
 * Reads Linux' /proc/PID/cmdline. amavisd calls itself `/usr/sbin/amavisd-new (master)`, and before that it is a
 * script that perl runs; Postfix' master is known by its folder, as others have a master too.
 */
export function readCommandLine(pid: number, text: string): Process {
  const words = text.split('\0').filter((word) => word !== '');
  const [first = ''] = words;
  const isPerl = /(?:^|\/)perl[\d.]*$/.test(first);
  const script = isPerl ? words.slice(1).find((word) => !word.startsWith('-')) : undefined;
  const path = (script ?? first).split(' ')[0] ?? '';
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/^amavisd(?:-new)?$/.test(name)) return { pid, name, daemon: 'amavisd' };
  const isMaster = /(?:^|\/)postfix\/(?:s?bin\/)?master$/.test(path);
  return { pid, name, daemon: isMaster ? 'master' : null };
}
