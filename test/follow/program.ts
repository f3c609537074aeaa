import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** The built amavtrace in a process of its own. */
export class Program {
  out = '';
  err = '';
  readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;

  /** As another user where `uid` is given, which only root may. */
  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}, uid?: number) {
    this.child = spawn(process.execPath, [CLI, ...args], {
      ...(uid === undefined ? {} : { uid }),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TZ: 'UTC', ...env },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  get lines(): string[] {
    return this.out.split('\n').filter(Boolean);
  }

  /** Each line of the output as JSON. */
  json<T>(): T[] {
    return this.lines.map((line) => JSON.parse(line) as T);
  }

  /** The exit status. */
  status(): Promise<number | null> {
    return this.ended;
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }

  /** Waits until the condition holds, while the program runs. */
  async until(condition: () => boolean, patience = 30_000): Promise<void> {
    const end = Date.now() + patience;
    while (!condition()) {
      const { exitCode, signalCode } = this.child;
      const ended = exitCode ?? signalCode;
      if (ended !== null) throw new Error(`ended early with ${ended}: ${this.err}${this.out}`);
      if (Date.now() > end) throw new Error(`waited in vain; it said: ${this.err}${this.out}`);
      await sleep(20);
    }
  }
}

/** Runs a command to its end. */
export async function runProgram(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Program> {
  const program = new Program(args, env);
  await program.status();
  return program;
}
