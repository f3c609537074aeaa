/** Starting programs, waiting for what they do, and ending them; every wait has a bound. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Runs a program to its end, whatever status it has. */
export function attempt(program: string, args: readonly string[], options: Options = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        timeout: options.timeout ?? 60_000,
        env: options.env ?? process.env,
        cwd: options.cwd ?? process.cwd(),
      },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') reject(error);
        else resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
    // A program that ends without reading its input makes writing to it fail; its status says what was wrong.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a program that must succeed; its standard output. */
export async function execute(
  program: string,
  args: readonly string[],
  options: Options = {},
): Promise<string> {
  const done = await attempt(program, args, options);
  if (done.status !== 0) {
    throw new Error(
      `${program} ${args.join(' ')}: status ${done.status}: ${done.stderr.trim() || done.stdout.trim()}`,
    );
  }
  return done.stdout;
}

/** A daemon in the foreground. What it says on its standard error is kept for a complaint. */
export class Daemon {
  readonly #name: string;
  readonly #child: ChildProcess;
  #said = '';
  #ended = false;

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#name = program;
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const hear = (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-4000);
    };
    this.#child.stdout?.on('data', hear);
    this.#child.stderr?.on('data', hear);
    this.#child.on('error', (error) => {
      this.#said += error.message;
      this.#ended = true;
    });
    this.#child.on('exit', () => {
      this.#ended = true;
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Waits until `ready` says yes; throws with the daemon's words when it ends before. */
  async until(ready: () => boolean | Promise<boolean>, milliseconds = 20_000): Promise<void> {
    await until(
      async () => {
        if (this.#ended) throw new Error(`${this.#name} ended: ${this.#said.trim()}`);
        return ready();
      },
      `${this.#name} to start (it said: ${this.#said.trim()})`,
      milliseconds,
    );
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#ended) return;
    this.#child.kill(signal);
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 8_000);
    await until(() => this.#ended, `${this.#name} to end`, 10_000);
    clearTimeout(late);
  }
}

/** Asks again and again until it is so. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  milliseconds = 20_000,
): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited ${milliseconds / 1000} s in vain for ${what}`);
    await pause(40);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Whether something accepts connections at this port of the loopback, and greets when it is to. */
export function answers(port: number, greeting: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const say = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(1000, () => say(false));
    socket.on('error', () => say(false));
    socket.on('connect', () => {
      if (!greeting) say(true);
    });
    socket.on('data', () => say(true));
  });
}

/** Whether something listens at this port of IPv4, without a connection to it: 0A in /proc/net/tcp is LISTEN. */
export function listens(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .some((line) => line.includes(local) && / 0A /.test(line));
}
