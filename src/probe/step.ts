import type { Trace } from '../core/trace/trace.js';
import type { Protocol } from './smtp.js';

type StepName = 'filter' | 'reinject' | 'chain';

/** ok; failed; skipped, because a test before it failed; incomplete, because it could not be brought to its end. */
export type StepStatus = 'ok' | 'failed' | 'skipped' | 'incomplete';

/** Something that a test saw. */
export interface Fact {
  readonly is: 'ok' | 'failed' | 'info';
  readonly text: string;
}

/** One of the guide's questions for a test that failed, with the answer that was found. */
export interface Answer {
  readonly question: string;
  readonly answer: string;
}

/** What a test came to; `probe --json` prints one a line, in this form. */
export interface StepResult {
  readonly step: StepName;
  readonly status: StepStatus;
  /** `127.0.0.1:10024` */
  readonly target: string;
  readonly facts: readonly Fact[];
  readonly answers: readonly Answer[];
  readonly protocol: Protocol | null;
  readonly greeting: string | null;
  readonly capabilities: readonly string[];
  readonly messageId: string | null;
  readonly reply: string | null;
  readonly queueId: string | null;
  readonly amavisId: string | null;
  readonly trace: Trace | null;
}

/** A result with what it has; everything else is null or empty. */
export function stepResult(
  known: Pick<StepResult, 'step' | 'status' | 'target'> & Partial<StepResult>,
): StepResult {
  const { step, status, target, ...more } = known;
  return {
    step,
    status,
    target,
    facts: [],
    answers: [],
    protocol: null,
    greeting: null,
    capabilities: [],
    messageId: null,
    reply: null,
    queueId: null,
    amavisId: null,
    trace: null,
    ...more,
  };
}
