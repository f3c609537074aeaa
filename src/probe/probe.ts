import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type InetEndpoint, isLoopback, showEndpoint } from '../check/endpoint.js';
import { type Sources as ConfigurationSources, loadConfiguration } from '../check/load/configuration.js';
import { type Setup, understand } from '../check/setup.js';
import type { ExitStatus, Io } from '../commands/command.js';
import { MailPath } from '../core/path.js';
import type { Trace } from '../core/trace/trace.js';
import { printable } from '../output/printable.js';
import { hanging } from '../output/wrap.js';
import { UserError } from '../user-error.js';
import { testChain } from './chain-step.js';
import type { MailLog } from './mail-log.js';
import { type Pattern, testMessage } from './message.js';
import { testPort } from './port-step.js';
import type { Sources } from './questions.js';
import { stepJson, stepText } from './report.js';
import { type StepResult, stepResult } from './step.js';
import type { System } from './system.js';
import { chooseTargets, parseTarget, type Targets } from './targets.js';

export interface ProbeOptions extends ConfigurationSources {
  /** HOST:PORT of amavis and of the way back; default: as configured, else the guide's. */
  readonly filter?: string | undefined;
  readonly reinject?: string | undefined;
  /** Envelope addresses of the test message; default: the null sender, to postmaster. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Where the test message goes in: at amavis or at the front. */
  readonly via?: '10024' | '25' | undefined;
  readonly gtube?: boolean | undefined;
  readonly eicar?: boolean | undefined;
  readonly allowRemote?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** What probe needs of the rest of the program and of the machine. */
export interface ProbeContext {
  /** null: the machine has none that can be read. */
  readonly log: MailLog | null;
  /** The text of a trace, ready for a terminal. */
  readonly showTrace: (trace: Trace) => string;
  readonly system: System;
  readonly limits?: Limits;
}

/** Milliseconds that each test may take. */
interface Limits {
  readonly hello: number;
  readonly send: number;
  readonly follow: number;
}

/** A busy amavis may take a minute for a message; what then has no answer is stuck. */
const LIMITS: Limits = { hello: 10_000, send: 120_000, follow: 60_000 };

const SENT: Readonly<Record<Pattern, string>> = {
  harmless: 'a harmless test message',
  gtube: 'the GTUBE test pattern',
  eicar: 'the EICAR test pattern',
};

/** What probe writes to. */
export type Output = Pick<Io, 'out' | 'note' | 'color' | 'columns'>;

/**
 * The guide's three tests in its order.
 * @returns 0; 1 when a test failed; 2 when one could not be brought to its end.
 * @throws UserError for options that can't be used.
 */
export async function probe(
  options: ProbeOptions,
  output: Output,
  context: ProbeContext,
): Promise<ExitStatus> {
  const mail = readMessage(options);
  const setup = await readSetup(options);
  const targets = readTargets(options, setup);
  const steps = await runSteps(options, { mail, targets, setup }, output, context);
  if (steps.some(({ status }) => status === 'failed')) return 1;
  return steps.some(({ status }) => status === 'incomplete') ? 2 : 0;
}

interface Plan {
  readonly mail: { readonly pattern: Pattern; readonly from: string; readonly to: string };
  readonly targets: Targets;
  readonly setup: Setup | null;
}

async function runSteps(
  options: ProbeOptions,
  { mail, targets, setup }: Plan,
  output: Output,
  context: ProbeContext,
): Promise<StepResult[]> {
  const { log, system } = context;
  const sources: Sources = {
    system,
    setup,
    lastSaid: async (program) => (await log?.lastSaid(program)) ?? null,
  };
  const limits = context.limits ?? LIMITS;
  // What is about to be done is no data: with --json it goes to where messages go.
  const say = options.json === true ? output.note : output.out;
  const announce = (number: number, text: string): void =>
    say(`${hanging(`${number}. `, printable(text), output.columns).join('\n')}\n`);
  const report = (result: StepResult): StepResult => {
    output.out(options.json === true ? stepJson(result) : stepText(result, output, context.showTrace));
    return result;
  };
  const port = async (number: number, what: string, part: 'filter' | 'reinject'): Promise<StepResult> => {
    const limit = `at most ${limits.hello / 1000} s`;
    announce(number, `${what}: connecting to ${showEndpoint(targets[part])}, ${limit}`);
    return report(await testPort({ part, target: targets[part], limitMs: limits.hello, sources }));
  };
  const filter = await port(1, "amavis' port", 'filter');
  const reinject = await port(2, 'the way back', 'reinject');

  const { pattern, from, to } = mail;
  const target = options.via === '25' ? targets.front : targets.filter;
  const shown = showEndpoint(target);
  const unreached = [filter, reinject].find(({ greeting }) => greeting === null);
  if (unreached !== undefined) {
    announce(3, `the chain: not tested, ${unreached.target} takes no mail`);
    return [filter, reinject, report(stepResult({ step: 'chain', status: 'skipped', target: shown }))];
  }
  const patience = `at most ${limits.send / 1000} s, then following the log for at most ${limits.follow / 1000} s`;
  announce(3, `the chain: sending ${SENT[pattern]} from <${from}> to <${to}> by ${shown}, ${patience}`);
  const message = testMessage(pattern, from, to, new Date(), randomUUID(), hostname());
  const chain = await testChain({
    via: options.via === '25' ? 'front' : 'filter',
    target,
    protocol: options.via === '25' ? 'SMTP' : (filter.protocol ?? 'SMTP'),
    envelope: { from, to },
    pattern,
    message,
    sendLimitMs: limits.send,
    followLimitMs: limits.follow,
    openLog: async () => (await log?.watch(pathOf(targets))) ?? null,
    sources,
  });
  return [filter, reinject, report(chain)];
}

/** As the log names them. */
function pathOf({ filter, reinject }: Targets): MailPath {
  return new MailPath({
    filters: [showEndpoint({ ...filter, bracketed: true })],
    reinjections: [showEndpoint({ ...reinject, bracketed: true })],
  });
}

/** The configuration is only asked where tests go and why they fail: without one that was named it is done without. */
async function readSetup(options: ProbeOptions): Promise<Setup | null> {
  try {
    return understand(await loadConfiguration(options));
  } catch (error) {
    const named =
      options.configDir !== undefined || options.amavisdConf !== undefined || options.live === true;
    if (!(error instanceof UserError) || named) throw error;
    return null;
  }
}

function readTargets(options: ProbeOptions, setup: Setup | null): Targets {
  const named = (name: string, text: string | undefined): InetEndpoint | undefined => {
    const target = text === undefined ? undefined : parseTarget(text);
    if (text !== undefined && target === undefined) {
      throw new UserError(
        `${name} wants HOST:PORT, not "${text}"`,
        'For example 127.0.0.1:10024 or [::1]:10024.',
      );
    }
    return target;
  };
  const filter = named('--filter', options.filter);
  const reinject = named('--reinject', options.reinject);
  const targets = chooseTargets({ filter, reinject }, setup);
  const tested = [targets.filter, targets.reinject, ...(options.via === '25' ? [targets.front] : [])];
  for (const target of tested) {
    if (isLoopback(target.host) || options.allowRemote === true) continue;
    const text = showEndpoint(target);
    throw new UserError(
      `${text} is no loopback address: it may be another machine`,
      'Add --allow-remote to test it all the same, or name another address with --filter and --reinject.',
    );
  }
  return targets;
}

/** @throws UserError for an address that could carry a second command, or two patterns at once. */
function readMessage({ from = '', to = 'postmaster', gtube, eicar }: ProbeOptions): Plan['mail'] {
  for (const [name, address] of [
    ['--from', from],
    ['--to', to],
  ]) {
    if (/[^\x21-\x7e]|[<>]/.test(address ?? ''))
      throw new UserError(
        `${name} wants an address, not "${address}"`,
        'For example postmaster or a@example.com.',
      );
  }
  if (gtube === true && eicar === true)
    throw new UserError('--gtube and --eicar are two tests', 'Make one after the other.');
  return { pattern: gtube === true ? 'gtube' : eicar === true ? 'eicar' : 'harmless', from, to };
}
