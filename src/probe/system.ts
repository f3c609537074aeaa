import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type ListeningSocket, listeningSockets } from '../check/load/sockets.js';
import { type Process, readCommandLine } from './process.js';

/** A socket that listens, and who holds it. */
export interface Listening extends Pick<ListeningSocket, 'address' | 'port'> {
  /** The oldest process first; none where it can't be told: only root sees other users' sockets. */
  readonly holders: readonly Process[];
}

/** What a failed test asks of the machine. null: it can't be told here. */
export interface System {
  readonly listening: () => readonly Listening[] | null;
  readonly processes: () => readonly Process[] | null;
}

/** This machine, by Linux' /proc (proc(5)). */
export const thisMachine: System = {
  listening: () => {
    const sockets = listeningSockets();
    if (sockets === null) return null;
    const holders = holdersOf(new Set(sockets.map(({ inode }) => inode)));
    return sockets.map(({ address, port, inode }) => ({ address, port, holders: holders.get(inode) ?? [] }));
  },
  processes: listProcesses,
};

function listProcesses(): Process[] | null {
  const names = attempt(() => readdirSync('/proc'));
  if (names === null) return null;
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((pid) => {
      const text = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      return text === null ? [] : [readCommandLine(pid, text)];
    });
}

/** The processes that have one of these sockets open, by the socket's inode. */
function holdersOf(inodes: ReadonlySet<string>): ReadonlyMap<string, readonly Process[]> {
  const holders = new Map<string, Process[]>();
  for (const process of listProcesses() ?? []) {
    const folder = `/proc/${process.pid}/fd`;
    const targets = (attempt(() => readdirSync(folder)) ?? []).map((name) =>
      attempt(() => readlinkSync(`${folder}/${name}`)),
    );
    for (const target of new Set(targets)) {
      const inode = target === null ? undefined : /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      holders.set(inode, [...(holders.get(inode) ?? []), process]);
    }
  }
  return holders;
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
