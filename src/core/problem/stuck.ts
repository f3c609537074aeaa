/**
 * What waits at the filter, in it or on its way back, by cause: what `amavtrace stuck` tells.
 */
import { isoTime } from '../clock.js';
import type { Problem, Severity, Stage, Trace, TraceRecipient } from '../trace/trace.js';

/** qmgr's waits between attempts (minimal_backoff_time, maximal_backoff_time), seconds. */
export interface Backoff {
  readonly minimal: number;
  readonly maximal: number;
}

export interface StuckOptions {
  /** Microseconds since 1970 UTC. */
  readonly now: number;
  /** null where the site's settings are not known: then no next attempt is told. */
  readonly backoff: Backoff | null;
}

export interface StuckMessage {
  readonly id: string;
  readonly host: string;
  readonly queueId: string | null;
  readonly sender: string | null;
  readonly recipients: readonly string[];
  readonly state: Trace['state'];
  /** When it came in. */
  readonly since: string;
  /** Seconds since then. */
  readonly age: number;
  readonly attempts: number;
  readonly lastAttempt: string | null;
  /** Not before this time; null when it is not known. */
  readonly nextAttempt: string | null;
  /** What the last attempt said. */
  readonly reason: string | null;
}

export interface StuckGroup {
  /** null: no line says why. */
  readonly code: string | null;
  readonly severity: Severity;
  readonly host: string;
  readonly summary: string;
  readonly cause: string;
  readonly fix: string;
  readonly reference: string | null;
  /** Seconds. */
  readonly oldest: number;
  /** The oldest first. */
  readonly messages: readonly StuckMessage[];
}

const AT_FILTER: ReadonlySet<Stage | undefined> = new Set<Stage | undefined>(['filter', 'reinject']);
const MICROS = 1_000_000;
/** The message may be gone from the queue or on hold, and the log does not say. */
const UNSURE: ReadonlySet<string> = new Set(['queue-cleared', 'queue-held']);
/** maximal_backoff_time as it comes configured (seconds). */
const MAXIMAL_BACKOFF = 4000;

const UNEXPLAINED = {
  severity: 'warning',
  summary: 'Waiting, and no line about the message says why',
  cause:
    'The queue manager has the message and no delivery attempt was logged. A trouble of the whole system may be the reason (`amavtrace stuck` lists them), the feed may be busy with other mail, or the log stops short.',
  fix: 'postqueue -p    # is it still in the queue, and what does Postfix say of it?\nqshape active deferred    # does one destination hold up the rest?',
} as const;

/** The groups, that with the oldest message first. */
export function groupStuck(traces: Iterable<Trace>, options: StuckOptions): StuckGroup[] {
  const groups = new Map<string, { problem: Problem | undefined; host: string; messages: StuckMessage[] }>();
  for (const trace of traces) {
    const waiting = waitingRecipients(trace);
    if (waiting === undefined) continue;
    if (waitsNoMore(trace, options)) continue;
    const problem = unsureOf(trace) ?? causeOf(trace);
    const key = `${trace.host} ${problem?.code ?? ''}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { problem, host: trace.host, messages: [] };
      groups.set(key, group);
    }
    group.messages.push(describe(trace, waiting, options));
  }
  return [...groups.values()]
    .map(({ problem, host, messages }) => {
      const { severity, summary, cause, fix } = problem ?? UNEXPLAINED;
      messages.sort((a, b) => b.age - a.age);
      return {
        code: problem?.code ?? null,
        severity,
        host,
        summary,
        cause,
        fix,
        reference: problem?.reference ?? null,
        oldest: messages[0]?.age ?? 0,
        messages,
      };
    })
    .sort((a, b) => b.oldest - a.oldest);
}

/**
 * The recipients that wait for the filter; undefined when the message does not. Mail on hold waits for a person, and
 * mail that another server put off has the filter behind it.
 */
function waitingRecipients(trace: Trace): readonly TraceRecipient[] | undefined {
  const deferredThere = trace.recipients.filter(
    (recipient) => recipient.state === 'deferred' && isAtFilter(trace, recipient),
  );
  if (deferredThere.length > 0) return deferredThere;
  if (!trace.stuck || !wasAccepted(trace)) return undefined;
  const silent = trace.recipients.filter(({ state }) => state === 'filtering' || state === 'queued');
  if (silent.length > 0) return silent;
  // It waits for recipients whom no line has named yet.
  return trace.state === 'filtering' || trace.state === 'queued' ? [] : undefined;
}

/**
 * A client that asks for a recipient only to see whether there is one leaves a queue id, but no message: neither
 * cleanup nor the queue manager ever writes of it.
 */
function wasAccepted({ messageId, sender, filter }: Trace): boolean {
  return messageId !== null || sender !== null || filter.length > 0;
}

function isAtFilter(trace: Trace, { queueId }: TraceRecipient): boolean {
  return (
    trace.hops.some(
      (hop) =>
        hop.stage === 'filter' &&
        hop.queueId === queueId &&
        hop.outcome !== 'ok' &&
        hop.outcome !== 'blocked',
    ) || trace.problems.some((problem) => isOpenAtFilter(problem) && problem.queueId === queueId)
  );
}

function isOpenAtFilter(problem: Problem): boolean {
  return !problem.resolved && problem.severity !== 'info' && AT_FILTER.has(problem.stage);
}

/**
 * Whether postsuper deleted it or put it on hold, for all that the log says: it did so to the whole queue, and the queue
 * manager would have tried the message again by now if it still could, however long it waits.
 */
export function waitsNoMore(
  trace: Pick<Trace, 'problems' | 'lastSeen'>,
  { now, backoff }: StuckOptions,
): boolean {
  const overdue = 2 * (backoff?.maximal ?? MAXIMAL_BACKOFF) * MICROS;
  return unsureOf(trace) !== undefined && now - Date.parse(trace.lastSeen) * 1000 > overdue;
}

/** What may have become of it without a line that says so. */
function unsureOf({ problems }: Pick<Trace, 'problems'>): Problem | undefined {
  return problems.find(({ code, resolved }) => UNSURE.has(code) && !resolved);
}

/** What is wrong at the filter; else with the queue file itself; else where mail comes in, which the way back does too. */
function causeOf(trace: Trace): Problem | undefined {
  const atFilter = trace.problems.filter(isOpenAtFilter);
  const openAt = (where: Stage): Problem[] =>
    trace.problems.filter(
      ({ stage, resolved, severity }) => stage === where && !resolved && severity === 'error',
    );
  const open = [atFilter, openAt('queue'), openAt('receive')].find((found) => found.length > 0) ?? [];
  return open.toSorted((a, b) => (a.lastSeen < b.lastSeen ? 1 : a.lastSeen > b.lastSeen ? -1 : 0))[0];
}

function describe(trace: Trace, waiting: readonly TraceRecipient[], options: StuckOptions): StuckMessage {
  const arrived = arrivalOf(trace, waiting);
  const last = waiting.toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1))[0];
  const { backoff, now } = options;
  const attempted = last?.time == null ? null : Date.parse(last.time) * 1000;
  return {
    id: trace.id,
    host: trace.host,
    queueId: waiting.find(({ queueId }) => queueId !== null)?.queueId ?? trace.queueIds.at(-1) ?? null,
    sender: trace.sender,
    recipients: waiting.map(({ address }) => address),
    state: waiting[0]?.state ?? trace.state,
    since: isoTime(arrived),
    age: Math.max(0, Math.floor((now - arrived) / MICROS)),
    attempts: Math.max(0, ...waiting.map(({ attempts }) => attempts)),
    lastAttempt: last?.time ?? null,
    nextAttempt:
      backoff === null || attempted === null || last?.state !== 'deferred'
        ? null
        : isoTime(attempted + waitAfter(attempted - arrived, backoff)),
    reason: last?.response ?? null,
  };
}

/** When the message came in: Postfix' delays= reach back to that where the log begins later. */
function arrivalOf(trace: Trace, waiting: readonly TraceRecipient[]): number {
  const seen = Date.parse(trace.firstSeen) * 1000;
  if (trace.hops.some(({ stage }) => stage === 'receive')) return seen;
  const told = waiting.flatMap(({ time, delays }) =>
    time === null || delays === null
      ? []
      : [Date.parse(time) * 1000 - delays.reduce((sum, part) => sum + part, 0) * MICROS],
  );
  return Math.min(seen, ...told.map(Math.round));
}

/** qmgr waits as long as the message is old, within the two limits (qmgr_message.c, qmgr_active.c). */
function waitAfter(age: number, { minimal, maximal }: Backoff): number {
  return Math.min(Math.max(age, minimal * MICROS), maximal * MICROS);
}
