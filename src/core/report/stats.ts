/**
 * Totals over messages: each counts once, however many queue ids it had.
 */
import type { Severity, Stage, Trace } from '../trace/trace.js';
import { Durations, type Summary } from './durations.js';

export interface SlowMessage {
  readonly id: string;
  readonly queueId: string | null;
  readonly amavisId: string;
  readonly sender: string | null;
  readonly milliseconds: number;
  readonly time: string;
}

export interface Stats {
  readonly messages: number;
  readonly stuck: number;
  /** First and last time among the messages; null without any. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** `unknown` where the log does not say. */
  readonly states: Readonly<Record<string, number>>;
  /** By the last verdict of each message; those that no verdict is known of are not among them. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** How many messages have each problem, open or overcome. */
  readonly problems: readonly ProblemCount[];
  /** Milliseconds that amavis said its runs took; null without any. */
  readonly filterTime: Summary | null;
  /** Milliseconds spent at each hop of the path. */
  readonly stages: Readonly<Partial<Record<Stage, Summary>>>;
  /** Messages by the hour they came in, the earliest first; hours without any are among them. */
  readonly hours: readonly { readonly hour: string; readonly messages: number }[];
  readonly slowest: readonly SlowMessage[];
  readonly blockedSenders: readonly { readonly sender: string; readonly messages: number }[];
}

interface ProblemCount {
  readonly code: string;
  readonly severity: Severity;
  readonly messages: number;
  readonly open: number;
}

const TOP = 10;
const HOUR = 3_600_000;
/** A gap in the log longer than this (days of hours) is not filled with empty hours. */
const MAX_EMPTY = 24 * 31;

export class StatsBuilder {
  #messages = 0;
  #stuck = 0;
  #first: string | null = null;
  #last: string | null = null;
  readonly #states = new Map<string, number>();
  readonly #verdicts = new Map<string, number>();
  readonly #problems = new Map<string, { severity: Severity; messages: number; open: number }>();
  readonly #filter = new Durations();
  readonly #stages = new Map<Stage, Durations>();
  readonly #hours = new Map<number, number>();
  readonly #slowest: SlowMessage[] = [];
  readonly #blocked = new Map<string, number>();

  /** A message; each once. */
  add(trace: Trace): void {
    this.#messages++;
    if (trace.stuck) this.#stuck++;
    if (this.#first === null || trace.firstSeen < this.#first) this.#first = trace.firstSeen;
    if (this.#last === null || trace.lastSeen > this.#last) this.#last = trace.lastSeen;
    count(this.#states, trace.state ?? 'unknown');
    const verdict = trace.filter.findLast((run) => run.verdict !== null)?.verdict;
    if (verdict != null) count(this.#verdicts, verdict);
    for (const problem of trace.problems) {
      const known = this.#problems.get(problem.code) ?? { severity: problem.severity, messages: 0, open: 0 };
      known.messages++;
      if (!problem.resolved) known.open++;
      this.#problems.set(problem.code, known);
    }
    this.#addTimes(trace);
    const hour = Math.floor(Date.parse(trace.firstSeen) / HOUR);
    this.#hours.set(hour, (this.#hours.get(hour) ?? 0) + 1);
    if (trace.recipients.some(({ state }) => state === 'blocked') || trace.state === 'blocked') {
      count(this.#blocked, trace.sender ?? '');
    }
  }

  #addTimes(trace: Trace): void {
    // Several verdict lines of one run (recipients with different policies) tell the same time.
    const runs = new Map(trace.filter.map((run) => [run.amavisId, run]));
    for (const run of runs.values()) {
      if (run.durationMs === null) continue;
      this.#filter.add(run.durationMs);
      this.#offer({
        id: trace.id,
        queueId: run.queueId ?? trace.queueIds[0] ?? null,
        amavisId: run.amavisId,
        sender: trace.sender,
        milliseconds: run.durationMs,
        time: run.time,
      });
    }
    const spent = new Map<Stage, number>();
    for (const { stage, from, to } of trace.hops) {
      if (to === null) continue;
      spent.set(stage, (spent.get(stage) ?? 0) + Math.max(0, Date.parse(to) - Date.parse(from)));
    }
    for (const [stage, milliseconds] of spent) {
      let durations = this.#stages.get(stage);
      if (durations === undefined) {
        durations = new Durations();
        this.#stages.set(stage, durations);
      }
      durations.add(milliseconds);
    }
  }

  #offer(message: SlowMessage): void {
    const last = this.#slowest.at(-1);
    if (this.#slowest.length >= TOP && last !== undefined && last.milliseconds >= message.milliseconds)
      return;
    this.#slowest.push(message);
    this.#slowest.sort((a, b) => b.milliseconds - a.milliseconds);
    if (this.#slowest.length > TOP) this.#slowest.pop();
  }

  result(): Stats {
    const stages: Partial<Record<Stage, Summary>> = {};
    for (const [stage, durations] of this.#stages) {
      const summary = durations.summary();
      if (summary !== null) stages[stage] = summary;
    }
    return {
      messages: this.#messages,
      stuck: this.#stuck,
      firstSeen: this.#first,
      lastSeen: this.#last,
      states: Object.fromEntries(mostFirst(this.#states)),
      verdicts: Object.fromEntries(mostFirst(this.#verdicts)),
      problems: [...this.#problems]
        .map(([code, numbers]) => ({ code, ...numbers }))
        .sort((a, b) => b.messages - a.messages || (a.code < b.code ? -1 : 1)),
      filterTime: this.#filter.summary(),
      stages,
      hours: this.#hourList(),
      slowest: this.#slowest,
      blockedSenders: mostFirst(this.#blocked)
        .slice(0, TOP)
        .map(([sender, messages]) => ({ sender, messages })),
    };
  }

  #hourList(): { hour: string; messages: number }[] {
    const known = [...this.#hours.keys()].sort((a, b) => a - b);
    const all: number[] = [];
    for (const hour of known) {
      const before = all.at(-1);
      if (before !== undefined && hour - before <= MAX_EMPTY) {
        for (let empty = before + 1; empty < hour; empty++) all.push(empty);
      }
      all.push(hour);
    }
    return all.map((hour) => ({
      hour: new Date(hour * HOUR).toISOString(),
      messages: this.#hours.get(hour) ?? 0,
    }));
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mostFirst(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
}
