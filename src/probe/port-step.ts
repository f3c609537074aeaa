import { type InetEndpoint, isEveryAddress, isLoopback, showEndpoint } from '../check/endpoint.js';
import { portQuestions, type Sources } from './questions.js';
import { hello } from './smtp.js';
import { type Fact, type StepResult, stepResult } from './step.js';

export interface PortTest {
  readonly part: 'filter' | 'reinject';
  readonly target: InetEndpoint;
  readonly limitMs: number;
  readonly sources: Sources;
}

/** The guide's first two tests: does it accept connections, and is it what it should be? */
export async function testPort({ part, target, limitMs, sources }: PortTest): Promise<StepResult> {
  const shown = showEndpoint(target);
  const outcome = await hello(target, limitMs);
  if (!outcome.ok) {
    return stepResult({
      step: part,
      status: 'failed',
      target: shown,
      facts: [{ is: 'failed', text: outcome.failure.text }],
      answers: await portQuestions(part, target, outcome.failure, sources),
      reply: outcome.failure.reply,
    });
  }
  const { protocol, greeting, capabilities } = outcome.value;
  const facts: Fact[] = [
    { is: 'ok', text: `greets: ${greeting}` },
    judgeProtocol(protocol, capabilities),
    judgeXforward(part, capabilities),
    ...(part === 'reinject' ? judgeExposure(target, sources) : []),
  ];
  const failed = facts.some(({ is }) => is === 'failed');
  return stepResult({
    step: part,
    status: failed ? 'failed' : 'ok',
    target: shown,
    facts,
    answers: failed ? await portQuestions(part, target, null, sources) : [],
    protocol,
    greeting,
    capabilities,
  });
}

function judgeProtocol(protocol: string, capabilities: readonly string[]): Fact {
  if (capabilities.length > 0 || protocol === 'LMTP') {
    const spoken = protocol === 'LMTP' ? 'LMTP' : 'ESMTP';
    return { is: 'ok', text: `speaks ${spoken}: ${capabilities.join(', ') || 'no capabilities'}` };
  }
  return { is: 'failed', text: 'speaks no ESMTP: EHLO brought no capabilities' };
}

/** amavis must take it; Postfix offers it only to smtpd_authorized_xforward_hosts, which the guide leaves out. */
function judgeXforward(part: PortTest['part'], capabilities: readonly string[]): Fact {
  const offer = capabilities.find((capability) => /^XFORWARD\b/i.test(capability));
  if (offer !== undefined) return { is: 'ok', text: `takes ${offer}` };
  if (part === 'filter') {
    const text = 'does not offer XFORWARD: this is no amavis, or something stands between';
    return { is: 'failed', text };
  }
  const option = '-o smtpd_authorized_xforward_hosts=127.0.0.0/8';
  return { is: 'info', text: `does not offer XFORWARD to us; "${option}" makes traces surer` };
}

/** Whoever else reaches this port hands in mail that is not filtered. */
function judgeExposure(target: InetEndpoint, { system, setup }: Sources): Fact[] {
  if (!isLoopback(target.host))
    return [{ is: 'info', text: 'on another machine: see that only amavis reaches it' }];
  const listening = system.listening();
  if (listening === null)
    return [{ is: 'info', text: 'whether only loopback reaches it is unknown: no /proc/net/tcp' }];
  const bound = listening.filter(({ port }) => port === target.port).map(({ address }) => address);
  const open = bound.filter((address) => !isLoopback(address));
  if (bound.length === 0)
    return [{ is: 'info', text: 'whether only loopback reaches it is unknown: bound elsewhere' }];
  if (open.length === 0)
    return [{ is: 'ok', text: `only loopback reaches it: bound to ${bound.join(', ')}` }];
  const remote = setup?.waysOut.some((way) => way.target !== null && !isLoopback(way.target.host)) === true;
  const where = open.map((address) => (isEveryAddress(address) ? 'all addresses' : address)).join(', ');
  const text = `bound to ${where}: whoever reaches it hands in mail that is not filtered`;
  return [{ is: remote ? 'info' : 'failed', text }];
}
