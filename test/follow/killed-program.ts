import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openForReading } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import type { Position } from '../../src/tail/checkpoint.js';
import { Program } from './program.js';
import type { Subject } from './schedule.js';

/** `amavtrace follow --from-start` in a process that is killed by the system's own kill -9. */
export class KilledProgram implements Subject {
  private program: Program | undefined;
  private readonly database: string;
  private readonly log: string;
  private readonly env: NodeJS.ProcessEnv;

  constructor(database: string, log: string, env: NodeJS.ProcessEnv = {}) {
    this.database = database;
    this.log = log;
    this.env = env;
  }

  get isUp(): boolean {
    return this.program !== undefined;
  }

  reopen = async (): Promise<void> => {
    const { program } = this;
    // Before a process can heed a signal it's killed by it.
    await program?.until(() => heedsHangUp(program.child.pid));
    program?.child.kill('SIGHUP');
  };

  async start(): Promise<void> {
    const args = ['follow', this.log, '--from-start', '--db', this.database, '--json'];
    this.program = new Program(args, this.env);
  }

  /** Comes back when the log is followed for the first time: what is lost before that was never to be had. */
  async begun(): Promise<void> {
    await this.program?.until(() => this.position() !== undefined);
  }

  async kill(): Promise<void> {
    await this.program?.end('SIGKILL');
    this.program = undefined;
  }

  async end(): Promise<void> {
    await this.program?.end('SIGTERM');
    this.program = undefined;
  }

  /** Waits until all that is in the log is committed. No position tells it for an empty log: it's given time then. */
  async until(): Promise<void> {
    if (statSync(this.log).size === 0) await sleep(8_000);
    else
      await this.program?.until(() => {
        const position = this.position();
        const { ino, size } = statSync(this.log);
        return position?.ino === String(ino) && position.offset === size;
      }, 60_000);
  }

  position(): Position | undefined {
    if (!existsSync(this.database)) return undefined;
    const db = openForReading(this.database);
    const [checkpoint] = new Reader(db).checkpoints();
    db.close();
    return checkpoint === undefined ? undefined : (JSON.parse(checkpoint.json).position as Position);
  }
}

/** Whether a process has a handler for SIGHUP. */
function heedsHangUp(pid: number | undefined): boolean {
  const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}
