/** A feed that does as the test says, and traces made by hand. */
import type { Hop, Trace, TraceRecipient } from '../../src/core/trace/trace.js';
import type { Change, Counters, LiveFeed } from '../../src/follow/feed.js';

export const NOW = Date.parse('2026-11-23T12:00:00Z');

const QUIET: Counters = {
  linesPerSecond: 0,
  messagesPerMinute: 0,
  inFilter: 0,
  filterTimes: [],
  deferred: 0,
  stuck: 0,
  more: false,
  lines: 0,
  unrecognized: 0,
  left: 0,
};

export class FakeFeed implements LiveFeed {
  readonly sources = ['/var/log/mail.log'];
  readonly database = '/var/lib/amavtrace/traces.db';
  readonly ended: Promise<void>;
  fail: (error: unknown) => void = () => undefined;
  end: () => void = () => undefined;
  said: readonly string[] = [];
  busy: Partial<Counters> = {};
  /** Traces of the store, which are not listed. */
  stored: readonly Trace[] = [];
  evidenceAsked = 0;
  #traces: readonly Trace[];
  readonly #evidence: ReadonlyMap<string, readonly string[]>;
  readonly #listeners = new Set<(change: Change) => void>();

  constructor(traces: readonly Trace[], evidence: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#traces = traces;
    this.#evidence = evidence;
    this.ended = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  }

  notices(): readonly string[] {
    return this.said;
  }

  traces(): readonly Trace[] {
    return this.#traces;
  }

  find(id: string): Trace | undefined {
    return [...this.#traces, ...this.stored].find(
      (trace) =>
        trace.id === id ||
        trace.queueIds.includes(id) ||
        trace.messageId === id ||
        trace.filter.some(({ amavisId, mailId }) => amavisId === id || mailId === id),
    );
  }

  evidence(id: string): readonly string[] {
    this.evidenceAsked++;
    return this.#evidence.get(id) ?? [];
  }

  counters(): Counters {
    return { ...QUIET, ...this.busy };
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same message under another id, as when its first line came late. */
  rename(trace: Trace, id: string): void {
    const renamed = { ...trace, id };
    this.#traces = this.#traces.map((one) => (one === trace ? renamed : one));
    for (const listener of this.#listeners) listener({ changed: [renamed], gone: [trace.id] });
  }

  /** New traces, or new states of those with the same id. */
  tell(...changed: readonly Trace[]): void {
    const ids = new Set(changed.map(({ id }) => id));
    const rest = this.#traces.filter(({ id }) => !ids.has(id));
    this.#traces = [...rest, ...changed].sort((a, b) => (a.firstSeen < b.firstSeen ? -1 : 1));
    for (const listener of this.#listeners) listener({ changed, gone: [] });
  }
}

/** A trace of that queue id, delivered all the way a minute ago unless `more` says otherwise. */
export function message(queueId: string, more: Partial<Trace> = {}): Trace {
  const time = more.firstSeen ?? new Date(NOW - 60_000).toISOString();
  return {
    id: `mail/${queueId}/${time}`,
    host: 'mail',
    messageId: `${queueId}@outside.example`,
    sender: 'sender@outside.example',
    size: 400,
    client: { name: 'unknown', address: '192.0.2.1', port: null, helo: null, saslUsername: null },
    origin: 'smtpd',
    firstSeen: time,
    lastSeen: time,
    state: 'delivered',
    complete: true,
    stuck: false,
    stuckSince: null,
    queueIds: [queueId, `${queueId}B`],
    filter: [
      {
        amavisId: `${queueId}-01`,
        mailId: `m${queueId}`,
        action: 'Passed',
        verdict: 'CLEAN',
        detail: null,
        actions: ['RelayedInbound'],
        hits: -1,
        tests: [],
        quarantine: null,
        queueId,
        queuedAs: [`${queueId}B`],
        recipients: ['alice@example.com'],
        durationMs: 180,
        time,
      },
    ],
    hops: [
      hop('receive', { queueId, port: 25, from: time, to: time }),
      hop('queue', { queueId, service: 'qmgr', from: time, to: time }),
      hop('filter', {
        queueId,
        amavisId: `${queueId}-01`,
        service: 'lmtp',
        port: 10024,
        from: time,
        to: time,
        delays: [0.02, 0, 0.01, 0.19],
      }),
      hop('reinject', { queueId: `${queueId}B`, port: 10025, from: time, to: time }),
      hop('queue', { queueId: `${queueId}B`, service: 'qmgr', from: time, to: time }),
      hop('deliver', {
        queueId: `${queueId}B`,
        service: 'local',
        from: time,
        to: time,
        delays: [0, 0, 0, 0.01],
      }),
    ],
    recipients: [recipient({ queueId: `${queueId}B`, time })],
    links: [
      { from: queueId, to: `${queueId}B`, via: ['delivery-reply', 'queued_as'], confidence: 'certain' },
    ],
    parent: null,
    children: [],
    problems: [],
    ...more,
  };
}

export function hop(stage: Hop['stage'], more: Partial<Hop> = {}): Hop {
  const time = new Date(NOW - 60_000).toISOString();
  return {
    stage,
    service: 'smtpd',
    port: null,
    queueId: null,
    amavisId: null,
    from: time,
    to: time,
    outcome: 'ok',
    relay: null,
    detail: null,
    attempts: 1,
    durationMs: null,
    delays: null,
    ...more,
  };
}

export function recipient(more: Partial<TraceRecipient> = {}): TraceRecipient {
  return {
    address: 'alice@example.com',
    originalTo: null,
    state: 'delivered',
    queueId: null,
    relay: 'local',
    dsn: '2.0.0',
    status: 'sent',
    response: 'delivered to maildir',
    delays: [0.02, 0, 0.01, 0.15],
    attempts: 1,
    time: new Date(NOW - 60_000).toISOString(),
    ...more,
  };
}

/** One that waits in front of a filter that is down. */
export function deferred(queueId: string, more: Partial<Trace> = {}): Trace {
  const time = more.firstSeen ?? new Date(NOW - 600_000).toISOString();
  const why = 'connect to 127.0.0.1[127.0.0.1]:10024: Connection refused';
  return message(queueId, {
    firstSeen: time,
    state: 'deferred',
    complete: false,
    queueIds: [queueId],
    filter: [],
    links: [],
    hops: [
      hop('receive', { queueId, port: 25, from: time, to: time }),
      hop('queue', { queueId, service: 'qmgr', from: time, to: time }),
      hop('filter', {
        queueId,
        service: 'lmtp',
        port: 10024,
        outcome: 'deferred',
        relay: 'none',
        detail: why,
        attempts: 3,
        delays: [590, 0.02, 0, 0],
      }),
    ],
    recipients: [
      recipient({
        queueId,
        state: 'deferred',
        relay: 'none',
        dsn: '4.4.1',
        status: 'deferred',
        response: why,
        attempts: 3,
      }),
    ],
    problems: [
      {
        code: 'filter-refused',
        severity: 'error',
        resolved: false,
        count: 3,
        firstSeen: time,
        lastSeen: time,
        summary: 'The filter at 127.0.0.1:10024 refuses connections, so mail waits in the queue.',
        cause: 'amavisd does not run, or listens elsewhere.',
        fix: 'Start it (systemctl start amavisd) and look at why it ended; then postqueue -f.',
        reference: 'README.postfix, "amavisd-new setup"',
        evidence: [],
      },
    ],
    ...more,
  });
}
