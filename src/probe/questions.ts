import { type InetEndpoint, isLoopback, reaches, showEndpoint } from '../check/endpoint.js';
import type { Setup } from '../check/setup.js';
import { UserError } from '../user-error.js';
import type { LoggingProgram, Said } from './last-said.js';
import type { Daemon, Process } from './process.js';
import type { Failure } from './smtp.js';
import type { Answer } from './step.js';
import type { Listening, System } from './system.js';
import { agreement } from './targets.js';

interface Asked {
  readonly name: string;
  readonly process: Daemon;
  readonly log: LoggingProgram;
  readonly start: string;
}

const DAEMONS: Readonly<Record<'filter' | 'reinject', Asked>> = {
  filter: {
    name: 'the amavisd-new daemon',
    process: 'amavisd',
    log: 'amavis',
    start: 'systemctl start amavis',
  },
  reinject: { name: 'the Postfix master daemon', process: 'master', log: 'postfix', start: 'postfix start' },
};

const NOT_ALLOWED =
  'no, and so amavis may not either: master.cf, there: -o mynetworks=127.0.0.0/8 -o smtpd_client_restrictions=permit_mynetworks,reject (amavtrace explain reinject-rejected)';

/** Where answers are found. */
export interface Sources {
  readonly system: System;
  readonly lastSaid: (program: LoggingProgram) => Promise<Said | null>;
  /** null: no configuration could be read. */
  readonly setup: Setup | null;
}

/**
 * The guide's questions for a port that fails its test, answered as far as this machine can tell.
 * @param failure null: the connection itself was fine.
 */
export async function portQuestions(
  part: 'filter' | 'reinject',
  target: InetEndpoint,
  failure: Failure | null,
  sources: Sources,
): Promise<Answer[]> {
  const daemon = DAEMONS[part];
  const here = isLoopback(target.host);
  const elsewhere = `unknown: ${target.host} is another machine`;
  const listening = here ? sources.system.listening() : null;
  return [
    {
      question: `Is ${daemon.name} running?`,
      answer: here ? isRunning(sources.system, daemon, target, listening) : elsewhere,
    },
    { question: 'Does something listen there?', answer: here ? whoListens(target, listening) : elsewhere },
    { question: `What did ${daemon.log} last log?`, answer: await lastLogged(sources, daemon.log) },
    {
      question: 'Do the address and port match the configuration?',
      answer: agreement(part, target, sources.setup),
    },
    { question: 'Does a firewall intercept connections?', answer: firewall(failure) },
    ...(part === 'reinject' && failure?.kind === 'rejected' && failure.reply?.startsWith('5') === true
      ? [{ question: 'May a client on this machine use it?', answer: NOT_ALLOWED }]
      : []),
  ];
}

export async function lastLogged({ lastSaid }: Sources, program: LoggingProgram): Promise<string> {
  const said = await lastSaid(program).catch(unreadable);
  if (said === null) return 'unknown: no line of it in a mail log that can be read';
  if (said instanceof UserError) return `unknown: ${said.message}`;
  return said.complains ? said.text : `no complaint, and at last: ${said.text}`;
}

/** A log that can't be read is an answer too. */
export function unreadable(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}

/** Of several on a machine (containers, a second instance) only the one that should listen there counts. */
function isRunning(
  system: System,
  { process: daemon, start }: Asked,
  target: InetEndpoint,
  listening: readonly Listening[] | null,
): string {
  const there = listening?.filter((socket) => isAt(socket, target)) ?? [];
  const holders = there.flatMap((socket) => socket.holders);
  const holder = holders.find((one) => one.daemon === daemon);
  if (holder !== undefined) return `yes: ${show(holder)} listens on port ${target.port}`;
  const [other] = holders;
  if (other !== undefined) return `no: port ${target.port} belongs to ${show(other)}`;
  const processes = system.processes();
  if (processes === null) return 'unknown: the processes can not be listed here';
  const running = processes.find((one) => one.daemon === daemon);
  if (running === undefined) return `no: start it with "${start}"`;
  if (there.length > 0) {
    return `maybe: by the list of processes there is ${show(running)}; whether it is what listens on port ${target.port} only root can see`;
  }
  const elsewhere = (listening ?? []).flatMap((socket) => {
    const own = socket.holders.find((one) => one.daemon === daemon);
    return own === undefined ? [] : [`${show(own)} has ${showSocket(socket)}`];
  });
  if (elsewhere.length === 0) {
    return `maybe: by the list of processes there is ${show(running)}; it is not seen to listen on port ${target.port}`;
  }
  return `yes, but not at this port: ${elsewhere.join(', ')}`;
}

function whoListens(target: InetEndpoint, listening: readonly Listening[] | null): string {
  if (listening === null) return 'unknown: /proc/net/tcp can not be read here';
  const onPort = listening.filter(({ port }) => port === target.port);
  if (onPort.length === 0) return `no, nothing listens on port ${target.port}`;
  const there = onPort.filter((socket) => isAt(socket, target));
  const bound = onPort.map(({ address, holders: [holder] }) =>
    holder === undefined ? address : `${address} by ${show(holder)}`,
  );
  return `${there.length > 0 ? 'yes' : 'not at this address'}: port ${target.port} is bound to ${bound.join(', ')}`;
}

function isAt({ address, port }: Listening, target: InetEndpoint): boolean {
  return port === target.port && reaches(address, target.host);
}

function showSocket({ address, port }: Listening): string {
  return showEndpoint({ kind: 'inet', host: address, bracketed: false, port });
}

function show({ name, pid }: Process): string {
  return `${name} (process ${pid})`;
}

function firewall(failure: Failure | null): string {
  switch (failure?.kind) {
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
