import { type InetEndpoint, showEndpoint } from '../check/endpoint.js';
import { showPlace } from '../check/place.js';
import type { Setup } from '../check/setup.js';
import type { Trace } from '../core/trace/trace.js';
import { UserError } from '../user-error.js';
import type { LogWatch, MessageIds } from './log-watch.js';
import type { Pattern, TestMessage } from './message.js';
import { lastLogged, type Sources, unreadable } from './questions.js';
import { readReply } from './reply.js';
import { deliver, type Envelope, type Protocol } from './smtp.js';
import { type Answer, type Fact, type StepResult, stepResult } from './step.js';

export interface ChainTest {
  /** Where the message goes in. */
  readonly via: 'filter' | 'front';
  readonly target: InetEndpoint;
  readonly protocol: Protocol;
  readonly envelope: Envelope;
  readonly pattern: Pattern;
  readonly message: TestMessage;
  readonly sendLimitMs: number;
  readonly followLimitMs: number;
  /** null: there is no mail log that can be read. */
  readonly openLog: () => Promise<LogWatch | null>;
  readonly sources: Sources;
}

/** The guide's third test: a message through the chain, followed in the log to its end. */
export async function testChain(test: ChainTest): Promise<StepResult> {
  const watch = await test.openLog();
  try {
    return await sendAndFollow(test, watch);
  } finally {
    await watch?.close();
  }
}

async function sendAndFollow(test: ChainTest, watch: LogWatch | null): Promise<StepResult> {
  const { target, protocol, envelope, message, pattern } = test;
  const base = {
    step: 'chain',
    target: showEndpoint(target),
    protocol,
    messageId: message.messageId,
  } as const;
  const sent = await deliver(target, protocol, envelope, message.text, test.sendLimitMs);
  const text = sent.ok ? sent.value : (sent.failure.reply ?? sent.failure.text);
  const reply = readReply(text);
  const known = { ...base, reply: text, queueId: reply.queueId, amavisId: reply.amavisId };
  // A filter that rejects a test pattern has done what it should.
  const blocked = reply.blocked && pattern !== 'harmless';
  if (!sent.ok && !blocked) {
    const fact: Fact = { is: 'failed', text: `did not take the message: ${oneLine(sent.failure.text)}` };
    return stepResult({
      ...known,
      status: 'failed',
      facts: [fact],
      answers: await chainQuestions(test, null),
    });
  }

  const facts: Fact[] = [
    { is: 'ok', text: `${sent.ok ? 'took the message' : 'rejected it'}: ${oneLine(text)}` },
  ];
  if (reply.blocked && pattern === 'harmless') {
    const fact: Fact = { is: 'failed', text: `did not pass the message on: ${oneLine(text)}` };
    return stepResult({
      ...known,
      status: 'failed',
      facts: [fact],
      answers: await chainQuestions(test, null),
    });
  }
  if (watch === null) {
    const unseen: Fact = {
      is: 'info',
      text: 'there is no mail log to follow: what became of it is not known',
    };
    if (blocked) return stepResult({ ...known, status: 'ok', facts });
    return stepResult({ ...known, status: 'incomplete', facts: [...facts, unseen] });
  }
  const ids = { messageId: message.messageId, queueId: reply.queueId, amavisId: reply.amavisId };
  const trace = await follow(watch, ids, test).catch(unreadable);
  if (trace instanceof UserError) {
    const lost: Fact = { is: 'info', text: `the mail log can't be followed: ${trace.message}` };
    return stepResult({ ...known, status: blocked ? 'ok' : 'incomplete', facts: [...facts, lost] });
  }
  // A pattern that was blocked before it had a queue id leaves few lines; the reply is proof enough.
  const verdict = trace === null && blocked ? null : judge(trace, test);
  const all = verdict === null ? facts : [...facts, verdict];
  const failed = verdict?.is === 'failed';
  return stepResult({
    ...known,
    status: failed ? 'failed' : 'ok',
    facts: all,
    answers: failed ? await chainQuestions(test, trace) : [],
    trace,
  });
}

/** How long a message whose end was seen is followed for the lines that are still missing: they may come in any order. */
const SETTLE_MS = 3000;

/** The trace as it is when the message is at its end, waits for a retry, or the time is up; null: never seen. */
async function follow(
  watch: LogWatch,
  ids: MessageIds,
  { via, followLimitMs }: Pick<ChainTest, 'via' | 'followLimitMs'>,
): Promise<Trace | null> {
  const controller = new AbortController();
  const timers = [setTimeout(() => controller.abort(), followLimitMs)];
  const ended = new Promise<IteratorResult<Trace>>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve({ done: true, value: undefined }), {
      once: true,
    });
  });
  const traces = watch.find(ids, controller.signal)[Symbol.asyncIterator]();
  let latest: Trace | null = null;
  try {
    for (;;) {
      const next = await Promise.race([traces.next(), ended]);
      if (next.done === true) return latest;
      latest = next.value;
      if (isOnItsWay(latest)) continue;
      // amavis' line often comes after the delivery's, and without it mail that went in there looks like mail from 25.
      if (latest.complete && (via === 'front' || isFiltered(latest))) return latest;
      timers.push(setTimeout(() => controller.abort(), SETTLE_MS));
    }
  } finally {
    for (const timer of timers) clearTimeout(timer);
    controller.abort();
  }
}

/** A message that waits for a retry is at an end for a test; one of which the log does not say it yet is not. */
function isOnItsWay({ state }: Trace): boolean {
  return state === null || state === 'queued' || state === 'filtering';
}

function judge(trace: Trace | null, { via, pattern, followLimitMs }: ChainTest): Fact {
  const seconds = followLimitMs / 1000;
  if (trace === null) return { is: 'failed', text: `the log said nothing of it within ${seconds} s` };
  const state = trace.state ?? 'of unknown state';
  if (isOnItsWay(trace)) return { is: 'failed', text: `after ${seconds} s it is still ${state}` };
  const arrived = state === 'delivered' || state === 'relayed';
  if (pattern === 'harmless') {
    const lost = trace.recipients.find(({ response }) => response === 'discarded');
    if (lost !== undefined) {
      // local(8) throws mail for postmaster away when no alias names a reader.
      const text = `the message for ${lost.originalTo ?? lost.address} was discarded by ${lost.relay}: there is no such alias`;
      return { is: 'failed', text };
    }
    if (!arrived) return { is: 'failed', text: `the message was ${state}` };
    if (via === 'front' && !isFiltered(trace)) {
      return { is: 'failed', text: `the message was ${state} without a line that tells of the filter` };
    }
    return { is: 'ok', text: `the message was ${state}` };
  }
  if (!arrived) return { is: state === 'blocked' ? 'ok' : 'failed', text: `the test pattern was ${state}` };
  const verdict = trace.filter.at(-1)?.verdict ?? 'no verdict';
  return { is: 'failed', text: `the test pattern was ${state}: amavis says ${verdict}` };
}

function isFiltered({ filter, hops }: Trace): boolean {
  return filter.length > 0 || hops.some(({ stage }) => stage === 'filter');
}

async function chainQuestions({ via, sources, pattern }: ChainTest, trace: Trace | null): Promise<Answer[]> {
  const problems = trace?.problems.map(({ summary, code }) => `${summary} (amavtrace explain ${code})`) ?? [];
  return [
    ...problems.map((answer) => ({ question: 'What does the log show?', answer })),
    ...(via === 'front' && trace !== null && !isFiltered(trace)
      ? [{ question: 'Does Postfix hand mail to the filter?', answer: handOver(sources.setup) }]
      : []),
    { question: 'Does amavisd-new log errors?', answer: await lastLogged(sources, 'amavis') },
    { question: 'Does Postfix log errors?', answer: await lastLogged(sources, 'postfix') },
    ...(pattern === 'harmless'
      ? []
      : [{ question: 'What does amavis do with such mail?', answer: destiny(pattern, sources.setup) }]),
    {
      question: 'Does running amavisd-new in debug-mode report errors?',
      answer: 'not tried, it needs the daemon stopped: "amavisd-new debug"',
    },
  ];
}

/** What the configuration says of it. */
function handOver(setup: Setup | null): string {
  if (setup === null) return 'unknown: no configuration could be read';
  const ways = [...setup.routes, ...setup.proxies, ...setup.milters].map(
    ({ value, place }) => `${value} (${showPlace(place)})`,
  );
  if (ways.length > 0) return `it should: ${ways.join(', ')}`;
  return 'no: no content_filter, FILTER, smtpd_proxy_filter or milter names amavis';
}

/** `$final_spam_destiny` or `$final_virus_destiny`, as configured. */
function destiny(pattern: 'gtube' | 'eicar', setup: Setup | null): string {
  const name = pattern === 'gtube' ? '$final_spam_destiny' : '$final_virus_destiny';
  const amavis = setup?.amavis;
  if (amavis === null || amavis === undefined) return `unknown: no amavisd.conf could be read (${name})`;
  const set = amavis.destinies.find((one) => one.name === name);
  if (set === undefined) return `${name} is not set, or computed: amavis' built-in value holds`;
  return `${name} = ${set.value} (${set.place.file}:${set.place.line ?? '?'})`;
}

function oneLine(text: string): string {
  return text.split(/\r?\n/).join(' ').trim();
}
