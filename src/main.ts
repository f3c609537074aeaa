/** The command line: options to a command's run, errors to a message and an exit status. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import type { CommandSpec, ExitStatus, Io, Options } from './commands/command.js';
import { commands } from './commands/index.js';
import { printable, printableLines } from './output/printable.js';
import { databaseFile, explained } from './store/files.js';
import { UserError } from './user-error.js';

/** Runs a command line (without node and script) and gives the exit status. */
export async function main(argv: readonly string[]): Promise<ExitStatus> {
  const abort = new AbortController();
  const end = (): void => {
    // A second Ctrl-C ends at once.
    if (abort.signal.aborted) process.exit(2);
    abort.abort();
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  // Once, however many command lines a process runs; and for good, since what was written last may fail afterwards.
  process.stdout.off('error', onOutputError).on('error', onOutputError);
  // What is said beside the work is no reason to end it, nor can it be said that it failed.
  process.stderr.off('error', ignore).on('error', ignore);

  let status: ExitStatus = 0;
  worksUnread = false;
  const program = new Command('amavtrace')
    .description('One path per message through Postfix and amavisd-new, read from the mail log.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(printableLines(text)) })
    .configureHelp({ showGlobalOptions: false });
  for (const spec of commands) {
    const command = program.command(spec.name).summary(spec.summary).description(capital(spec.summary));
    for (const arg of spec.args.split(' ').filter((part) => part !== '')) command.argument(arg);
    for (const option of spec.options) addOption(command, option);
    command.addHelpText('after', () => examples(spec));
    command.exitOverride().action(async (...received: unknown[]) => {
      const options = received.at(-2) as Options;
      const args = received.slice(0, -2).flat().map(String);
      worksUnread = spec.worksUnread === true;
      // Before the command is ready it has no log open yet; the system would end it.
      if (spec.heedsHangUp === true && process.stdout.isTTY !== true) process.on('SIGHUP', ignore);
      const { run } = await spec.load();
      const io = makeIo(options, abort.signal);
      try {
        status = await run(args, options, io);
      } catch (error) {
        // Damage in a database may show anywhere in it.
        if (!(error instanceof Error) || error.name !== 'SqliteError') throw error;
        const { db } = options;
        throw explained(databaseFile(typeof db === 'string' ? db : undefined, io.env), error);
      }
    });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UserError) {
      process.stderr.write(`amavtrace: ${printable(error.message)}\n`);
      if (error.help !== undefined) process.stderr.write(`  ${printable(error.help)}\n`);
      return 2;
    }
    process.stderr.write(
      `amavtrace: this should not happen; please report it:\n${printableLines(String(error instanceof Error ? error.stack : error))}\n`,
    );
    return 2;
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
    process.off('SIGHUP', ignore);
  }
}

function ignore(): void {}

/** Whether the command that runs goes on when nobody reads what it prints. */
let worksUnread = false;

function onOutputError(error: NodeJS.ErrnoException): void {
  // Whoever reads our output has had enough (`| head`).
  if (error.code === 'EPIPE') {
    if (!worksUnread) process.exit(0);
    return;
  }
  // A closed terminal: whoever draws on it ends in order.
  if (error.code === 'EIO') return;
  process.stderr.write(`amavtrace: cannot write to standard output (${error.message})\n`);
  process.exit(2);
}

function addOption(command: Command, { flags, help, many }: CommandSpec['options'][number]): void {
  const option = new Option(flags, help);
  if (option.required)
    option.argParser((value: string, before: unknown): unknown => {
      // A script's variable that is not set: the default instead would be the wrong database, or every message.
      if (value === '') throw new UserError(`${option.long} wants a value, and was given an empty one`);
      return many === true ? [...(Array.isArray(before) ? before : []), value] : value;
    });
  command.addOption(option);
}

function examples({ examples: list }: CommandSpec): string {
  const width = Math.max(...list.map(({ line }) => line.length));
  return `\nExamples:\n${list.map(({ line, help }) => `  ${line.padEnd(width)}  ${help}`).join('\n')}\n`;
}

function makeIo(options: Options, signal: AbortSignal): Io {
  const { stdout, stderr, env } = process;
  return {
    out: (text) => {
      stdout.write(text);
    },
    note: (text) => {
      stderr.write(text);
    },
    env,
    columns: stdout.columns ?? 100,
    outIsTerminal: stdout.isTTY === true,
    noteIsTerminal: stderr.isTTY === true,
    color:
      options['color'] !== false &&
      (env['NO_COLOR'] ?? '') === '' &&
      (stdout.isTTY === true || env['FORCE_COLOR'] === '1'),
    unicode: hasUnicode(env),
    signal,
  };
}

/** As the locale says; terminals that tell their name know Unicode where no locale is set. */
function hasUnicode(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale ? /utf-?8/i.test(locale) : env['TERM_PROGRAM'] !== undefined;
}

function version(): string {
  const json = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(json) as { version: string }).version;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
