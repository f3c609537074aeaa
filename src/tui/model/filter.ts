/** The filter that users type: words that all must fit, some of them `key:value`. */
import type { Trace } from '../../core/trace/trace.js';

export type Only = 'all' | 'failures' | 'waiting';

type Test = (trace: Trace) => boolean;

/** Everything that a bare word may be part of: made once a trace, since typing asks for it at each key. */
const HAYSTACKS = new WeakMap<Trace, string>();

const KEYS: Readonly<Record<string, (trace: Trace, wanted: string) => boolean>> = {
  state: (trace, wanted) =>
    (trace.state ?? 'unknown').startsWith(wanted) ||
    (trace.stuck && 'stuck'.startsWith(wanted)) ||
    trace.recipients.some(({ state }) => state?.startsWith(wanted) === true),
  verdict: (trace, wanted) =>
    trace.filter.some(({ verdict }) => verdict?.toLowerCase().startsWith(wanted) === true),
  problem: (trace, wanted) => trace.problems.some(({ code }) => code.startsWith(wanted)),
  from: (trace, wanted) => trace.sender?.toLowerCase().includes(wanted) === true,
  to: (trace, wanted) =>
    trace.recipients.some(
      ({ address, originalTo }) =>
        address.toLowerCase().includes(wanted) || originalTo?.toLowerCase().includes(wanted) === true,
    ),
};

/** What help says of them. */
export const FILTER_KEYS = Object.keys(KEYS);

/** The test that an expression stands for; an empty one fits every trace. */
export function parseFilter(expression: string): Test {
  const tests = expression
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(wordTest);
  return (trace) => tests.every((test) => test(trace));
}

function wordTest(word: string): Test {
  const colon = word.indexOf(':');
  const key = colon < 0 ? undefined : KEYS[word.slice(0, colon)];
  if (key !== undefined) {
    const wanted = word.slice(colon + 1);
    return (trace) => key(trace, wanted);
  }
  const bare = word.replace(/^<(.+)>$/, '$1');
  return (trace) => haystack(trace).includes(bare);
}

function haystack(trace: Trace): string {
  let text = HAYSTACKS.get(trace);
  if (text === undefined) {
    text = [
      trace.id,
      trace.messageId,
      trace.sender,
      trace.client?.address,
      trace.client?.name,
      ...trace.queueIds,
      ...trace.filter.flatMap(({ amavisId, mailId }) => [amavisId, mailId]),
      ...trace.recipients.flatMap(({ address, originalTo }) => [address, originalTo]),
    ]
      .filter((part) => part !== null && part !== undefined)
      .join('\n')
      .toLowerCase();
    HAYSTACKS.set(trace, text);
  }
  return text;
}

/** Failures: what did not, or not at all, arrive because something went wrong. A blocked message is the filter's work. */
export function isFailure(trace: Trace): boolean {
  return (
    trace.stuck ||
    trace.recipients.some(({ state }) => state !== null && FAILED.has(state)) ||
    trace.problems.some(({ severity, resolved }) => severity === 'error' && !resolved)
  );
}

const FAILED: ReadonlySet<string> = new Set(['deferred', 'bounced', 'expired', 'rejected']);

export function isWaiting(trace: Trace): boolean {
  return (
    trace.stuck || trace.state === 'deferred' || trace.recipients.some(({ state }) => state === 'deferred')
  );
}
