import { type InetEndpoint, isLoopback, reaches } from '../check/endpoint.js';
import type { Setup } from '../check/setup.js';
import type { Failure } from './smtp.js';
import type { Answer } from './step.js';
import type { System } from './system.js';
import { agreement } from './targets.js';

const DAEMONS = {
  filter: {
    name: 'the amavisd-new daemon',
    process: 'amavisd',
    log: 'amavis',
    start: 'systemctl start amavis',
  },
  reinject: { name: 'the Postfix master daemon', process: 'master', log: 'postfix', start: 'postfix start' },
} as const;

/** The guide's questions for a port that fails its test, answered as far as this machine can tell. */
export function portQuestions(
  part: 'filter' | 'reinject',
  target: InetEndpoint,
  failure: Failure,
  system: System,
  setup: Setup | null,
): Answer[] {
  const daemon = DAEMONS[part];
  const here = isLoopback(target.host);
  const elsewhere = `unknown: ${target.host} is another machine`;
  return [
    { question: `Is ${daemon.name} running?`, answer: here ? isRunning(system, daemon) : elsewhere },
    { question: 'Does something listen there?', answer: here ? whoListens(system, target) : elsewhere },
    { question: `What did ${daemon.log} last log?`, answer: lastLogged(system, daemon.log) },
    {
      question: 'Do the address and port match the configuration?',
      answer: agreement(part, target, setup),
    },
    { question: 'Does a firewall intercept connections?', answer: firewall(failure) },
  ];
}

export function lastLogged(system: System, program: 'amavis' | 'postfix'): string {
  return system.lastSaid(program) ?? 'unknown: no line of it in a mail log that can be read';
}

function isRunning(system: System, daemon: (typeof DAEMONS)['filter' | 'reinject']): string {
  const running = system.running(daemon.process);
  if (running === null) return 'unknown: the processes can not be listed here';
  return running.length > 0 ? `yes, process ${running[0]}` : `no: start it with "${daemon.start}"`;
}

function whoListens(system: System, target: InetEndpoint): string {
  const listening = system.listening();
  if (listening === null) return 'unknown: /proc/net/tcp can not be read here';
  const there = listening.filter(({ port }) => port === target.port).map(({ address }) => address);
  if (there.length === 0) return `no, nothing listens on port ${target.port}`;
  const fits = there.some((address) => reaches(address, target.host));
  return `${fits ? 'yes' : 'not at this address'}: port ${target.port} is bound to ${there.join(', ')}`;
}

function firewall(failure: Failure): string {
  switch (failure.kind) {
    case 'refused':
      return 'hardly: the connection was refused at once, which a closed port does (and a firewall that rejects)';
    case 'silent':
      return 'maybe: there was no answer at all; so does a daemon whose children are all busy';
    case 'unreachable':
      return `maybe: ${failure.text}`;
    default:
      return 'no: the connection was made';
  }
}
