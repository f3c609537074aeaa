/** `amavtrace probe` against the running system, and its test messages like any others. */
import type { StepResult } from '../../../src/probe/step.js';
import { amavtrace, jsonLines } from '../amavtrace.js';
import type { Lab, Scenario } from '../scenario.js';
import type { Outcome } from '../truth.js';
import { discarded } from './verdicts.js';

const delivered = { recipients: 'delivered' } as const;
const unseen = { recipients: 'blocked', problems: ['quarantined-unseen'] } as const;

interface Wanted {
  /** Of the three tests. */
  readonly steps: readonly StepResult['status'][];
  /** Of the message's trace; null: no message was sent. */
  readonly state: string | null;
}

async function probe(lab: Lab, options: readonly string[], wanted: Wanted): Promise<readonly StepResult[]> {
  const { status, stdout, stderr } = await run(lab, ['--json', ...options]);
  const steps = jsonLines<StepResult>(stdout);
  const about = `probe ${options.join(' ')}`;
  lab.statements.same(
    about,
    { steps: steps.map((step) => step.status), state: steps.at(-1)?.trace?.state ?? null },
    wanted,
  );
  lab.statements.same(`${about}, exit status`, status, wanted.steps.every((one) => one === 'ok') ? 0 : 1);
  // With --json, what it is about to do goes to standard error.
  lab.statements.same(`${about}, announced`, stderr.match(/^[123]\. /gm), ['1. ', '2. ', '3. ']);
  return steps;
}

function run({ system }: Lab, options: readonly string[]) {
  const log = system.syslog.files.maillog;
  return amavtrace(['probe', log, '--amavisd-conf', system.amavis.config, ...options]);
}

/** Probes with a message of which that must become what the outcome says. */
async function send(
  lab: Lab,
  options: readonly string[],
  outcome: Outcome & { readonly recipients: string },
  mail: { readonly from?: string; readonly to?: string } = {},
): Promise<void> {
  const { from = '', to = 'postmaster' } = mail;
  const addressed = Object.entries(mail).flatMap(([name, address]) => [`--${name}`, address]);
  const blocks = options.some((option) => option === '--gtube' || option === '--eicar');
  const right = outcome.recipients === (blocks ? 'blocked' : 'delivered');
  const steps = await probe(lab, [...options, ...addressed], {
    steps: ['ok', 'ok', right ? 'ok' : 'failed'],
    state: outcome.recipients,
  });
  const { messageId, reply } = steps.at(-1) ?? {};
  expectProbe(lab, { from, to, messageId, reply }, outcome);
}

interface Probed {
  readonly from: string;
  readonly to: string;
  readonly messageId: string | null | undefined;
  readonly reply: string | null | undefined;
}

function expectProbe(lab: Lab, { from, to, messageId, reply }: Probed, outcome: Outcome): void {
  if (typeof messageId !== 'string') throw new Error('probe sent no message');
  const queueId = /^2.*\bqueued as (?<id>[0-9A-Za-z]+)/.exec(reply ?? '')?.groups?.id ?? null;
  lab.expect(
    {
      token: messageId,
      messageId,
      sender: from,
      recipients: [to],
      refused: {},
      reply: reply ?? null,
      queueId,
    },
    outcome,
  );
}

async function everyTest(lab: Lab): Promise<void> {
  const lands = { postmaster: ['~alice'] };
  await send(lab, [], { ...delivered, lands });
  const alice = { from: 'sender@outside.example', to: 'alice@example.com' };
  await send(lab, ['--via', '10024'], delivered, alice);
  await send(lab, ['--via', '25'], delivered, alice);
  await send(lab, ['--gtube'], unseen);
  await send(lab, ['--via', '25', '--gtube'], discarded, alice);
  await send(lab, ['--eicar'], unseen);
  await send(lab, ['--via', '25', '--eicar'], discarded, alice);
  // He takes his spam: the pattern is not blocked, and that is a failure.
  await send(lab, ['--gtube'], delivered, { to: 'frank@example.com' });
  const late = { recipients: 'deferred', problems: ['next-hop-deferred'] } as const;
  await send(lab, ['--via', '25'], late, { to: 'x@temp.example.net' });
  await inWords(lab);
  await lab.settle();
}

/** As a person sees it: what it does before it does it, and the trace at the end. */
async function inWords(lab: Lab): Promise<void> {
  const { status, stdout } = await run(lab, ['--via', '25', '--to', 'bob@example.com']);
  lab.statements.same('probe in words, exit status', status, 0);
  const reply = /took the message: (?<reply>.+)/.exec(stdout)?.groups?.reply;
  const messageId = /message-id <(?<id>amavtrace-probe\.[^>]+)>/.exec(stdout)?.groups?.id;
  const parts = ["1. amavis' port", '2. the way back', '3. the chain', 'the message was delivered'];
  lab.statements.same(
    'probe in words',
    parts.filter((part) => !stdout.includes(part)),
    [],
  );
  expectProbe(lab, { from: '', to: 'bob@example.com', messageId, reply }, delivered);
}

/** The answers to the guide's first two questions: does the daemon run, does something listen there? */
function answers(steps: readonly StepResult[]): string[] {
  const asked = steps.find(({ status }) => status === 'failed')?.answers ?? [];
  return asked.slice(0, 2).map(({ answer }) => answer);
}

async function filterDown(lab: Lab): Promise<void> {
  await lab.system.amavis.stop();
  const steps = await probe(lab, [], { steps: ['failed', 'ok', 'skipped'], state: null });
  lab.statements.like('probe, what it found out', answers(steps), [/^no\b/, /^no\b/]);
  await lab.system.amavis.start();
}

async function reinjectMissing(lab: Lab): Promise<void> {
  const steps = await probe(lab, ['--via', '25'], { steps: ['ok', 'failed', 'skipped'], state: null });
  lab.statements.like('probe, what it found out', answers(steps), [/not at this port.*25/, /^no\b/]);
}

export const probes: readonly Scenario[] = [
  {
    name: 'probe',
    note: "the guide's three tests: clean, GTUBE and EICAR, at 10024 and at 25",
    run: everyTest,
  },
  { name: 'probe_filter_down', note: 'the same with amavisd not running', run: filterDown },
  {
    name: 'probe_reinject_missing',
    note: 'the same without an smtpd at 10025',
    postfix: { reinject: null },
    check: ['reinject-forward'],
    run: reinjectMissing,
  },
];
