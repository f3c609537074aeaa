import { type InetEndpoint, isLoopback, reaches, showEndpoint } from '../endpoint.js';
import type { Rule, Verdict } from '../rule.js';
import { amavisAt, type Setup } from '../setup.js';

/** What the files say and what runs, with --live. Of addresses on this machine only. */
export const runningRules: readonly Rule[] = [
  {
    code: 'filter-running',
    problem: 'filter-refused',
    part: 'filter',
    severity: 'error',
    modes: ['after-queue', 'before-queue'],
    wanted: 'amavisd runs and listens where mail is sent to it',
    why: 'Until it does, mail waits: "Connection refused". Where it does not start, its last (!!) line in the mail log says why.',
    judge: judgeFilter,
  },
  {
    code: 'reinject-running',
    problem: 'reinject-refused',
    part: 'reinjection',
    severity: 'error',
    modes: ['after-queue', 'before-queue', 'ready'],
    wanted: 'Postfix runs and listens where amavis hands mail back',
    why: 'Until it does, amavis can hand nothing back: "connect to … failed, Connection refused".',
    judge: judgeReturn,
  },
];

/** Where amavis listens elsewhere, the address is wrong: that is told by another rule. */
function judgeFilter(setup: Setup): Verdict[] {
  const { amavis, routes, proxies } = setup;
  return [...routes, ...proxies].flatMap(({ endpoint, place }) => {
    if (endpoint?.kind !== 'inet') return [];
    const isElsewhere = amavis?.listens.known === true && amavisAt(amavis, endpoint) === undefined;
    if (isElsewhere) return [];
    return judge(setup, endpoint).map((isServed): Verdict => {
      const shown = showEndpoint(endpoint);
      if (isServed) return { is: 'fine', found: `something listens on ${shown}`, place };
      const fix = { line: 'systemctl start amavis', in: 'a root shell' };
      return { is: 'wrong', found: `nothing listens on ${shown} now`, place, fix };
    });
  });
}

function judgeReturn(setup: Setup): Verdict[] {
  return setup.waysOut.flatMap(({ kind, target, listeners }) => {
    const [listener] = listeners;
    if (kind !== 'forward' || target === null || listener === undefined) return [];
    const { place } = listener.service;
    return judge(setup, target).map((isServed): Verdict => {
      const shown = showEndpoint(target);
      if (isServed) return { is: 'fine', found: `something listens on ${shown}`, place };
      const fix = { line: 'postfix reload || postfix start', in: 'a root shell' };
      return { is: 'wrong', found: `nothing listens on ${shown} now`, place, fix };
    });
  });
}

/** Whether something listens there; none where that can't be told. */
function judge({ configuration }: Setup, endpoint: InetEndpoint): boolean[] {
  const listening = configuration.running?.listening ?? [];
  if (listening.length === 0 || !isLoopback(endpoint.host)) return [];
  return [listening.some(({ address, port }) => port === endpoint.port && reaches(address, endpoint.host))];
}
