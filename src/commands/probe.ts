import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type InetEndpoint, isLoopback, showEndpoint } from '../check/endpoint.js';
import { CheckError } from '../check/errors.js';
import { loadConfiguration, type Sources } from '../check/load/configuration.js';
import { printable } from '../check/printable.js';
import { type Setup, understand } from '../check/setup.js';
import type { Trace } from '../core/trace.js';
import { testChain } from '../probe/chain-step.js';
import { type Pattern, testMessage } from '../probe/message.js';
import { testPort } from '../probe/port-step.js';
import { stepJson, stepText } from '../probe/report.js';
import { type StepResult, stepResult } from '../probe/step.js';
import { type System, thisMachine } from '../probe/system.js';
import { chooseTargets, parseTarget, type Targets } from '../probe/targets.js';
import type { OpenLog } from '../probe/watch.js';
import type { Output } from './output.js';

export interface ProbeOptions extends Sources {
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
  readonly openLog: OpenLog;
  /** The text of a trace, ready for a terminal. */
  readonly showTrace: (trace: Trace) => string;
  readonly system?: System;
  readonly limits?: Limits;
}

/** Milliseconds that each test may take. */
export interface Limits {
  readonly hello: number;
  readonly send: number;
  readonly follow: number;
}

/** A busy amavis may take a minute for a message; what then has no answer is stuck. */
const LIMITS: Limits = { hello: 10_000, send: 120_000, follow: 60_000 };

/**
 * `amavtrace probe`: the guide's three tests in its order.
 * Returns the exit status: 0, 1 when a test failed, 2 when one could not be made.
 */
export async function runProbe(
  options: ProbeOptions,
  output: Output,
  context: ProbeContext,
): Promise<number> {
  try {
    const mail = readMessage(options);
    const setup = await readSetup(options);
    const targets = readTargets(options, setup);
    const steps = await runSteps(options, { mail, targets, setup }, output, context);
    if (steps.some(({ status }) => status === 'failed')) return 1;
    return steps.some(({ status }) => status === 'incomplete') ? 2 : 0;
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    output.stderr(`amavtrace probe: ${printable(error.message)}\n`);
    return 2;
  }
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
  const system = context.system ?? thisMachine();
  const limits = context.limits ?? LIMITS;
  // What is about to be done is no data: with --json it goes to where messages go.
  const announce = options.json === true ? output.stderr : output.stdout;
  const report = (result: StepResult): StepResult => {
    output.stdout(
      options.json === true ? stepJson(result) : stepText(result, output.color, context.showTrace),
    );
    return result;
  };
  const port = async (number: number, what: string, part: 'filter' | 'reinject'): Promise<StepResult> => {
    const limit = `at most ${limits.hello / 1000} s`;
    announce(`${number}. ${what}: connecting to ${printable(showEndpoint(targets[part]))}, ${limit}\n`);
    return report(await testPort({ part, target: targets[part], limitMs: limits.hello, system, setup }));
  };
  const filter = await port(1, "amavis' port", 'filter');
  const reinject = await port(2, 'the way back', 'reinject');

  const { pattern, from, to } = mail;
  const target = options.via === '25' ? targets.front : targets.filter;
  const shown = printable(showEndpoint(target));
  const unreached = [filter, reinject].find(({ greeting }) => greeting === null);
  if (unreached !== undefined) {
    announce(`3. the chain: not tested, ${printable(unreached.target)} takes no mail\n`);
    return [filter, reinject, report(stepResult({ step: 'chain', status: 'skipped', target: shown }))];
  }
  const patience = `at most ${limits.send / 1000} s, then following the log for at most ${limits.follow / 1000} s`;
  announce(
    `3. the chain: sending a ${pattern} test message from <${from}> to <${to}> by ${shown}, ${patience}\n`,
  );
  const message = testMessage(pattern, from, to, new Date(), randomUUID(), hostname());
  const chain = await testChain({
    target,
    protocol: options.via === '25' ? 'SMTP' : (filter.protocol ?? 'SMTP'),
    envelope: { from, to },
    pattern,
    message,
    sendLimitMs: limits.send,
    followLimitMs: limits.follow,
    openLog: context.openLog,
    system,
    setup,
  });
  return [filter, reinject, report(chain)];
}

/** The configuration is only asked where tests go and why they fail: without one that was named it is done without. */
async function readSetup(options: ProbeOptions): Promise<Setup | null> {
  try {
    return understand(await loadConfiguration(options));
  } catch (error) {
    const named =
      options.configDir !== undefined || options.amavisdConf !== undefined || options.live === true;
    if (!(error instanceof CheckError) || named) throw error;
    return null;
  }
}

function readTargets(options: ProbeOptions, setup: Setup | null): Targets {
  const named = (name: string, text: string | undefined): InetEndpoint | undefined => {
    const target = text === undefined ? undefined : parseTarget(text);
    if (text !== undefined && target === undefined) {
      throw new CheckError(`${name} ${text}: write HOST:PORT, as in ${name} 127.0.0.1:10024`);
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
    throw new CheckError(
      `${text} is not this machine: add --allow-remote to test it, or name another by --filter and --reinject`,
    );
  }
  return targets;
}

/** @throws CheckError for an address that could carry a second command, or two patterns at once. */
function readMessage({ from = '', to = 'postmaster', gtube, eicar }: ProbeOptions): Plan['mail'] {
  for (const [name, address] of [
    ['--from', from],
    ['--to', to],
  ]) {
    if (/[^\x21-\x7e]|[<>]/.test(address ?? ''))
      throw new CheckError(`${name} ${address}: write a plain address, as in ${name} a@example.com`);
  }
  if (gtube === true && eicar === true)
    throw new CheckError('--gtube and --eicar: one test pattern at a time');
  return { pattern: gtube === true ? 'gtube' : eicar === true ? 'eicar' : 'harmless', from, to };
}
