/**
 * What is usual on each host, learnt from the messages and lines so far: where amavis listens, which recipient
 * domains are filtered, who hands mail back, how long the filter takes. Diagnosis of one message compares it with this.
 */
import type { Event } from '../event.js';
import { replyOf } from '../response.js';
import type { PathKnowledge } from './context.js';
import type { EventOf, Subject } from './story.js';

/** Run times that are remembered, and how many it takes before they say what is usual. */
const REMEMBERED = 2000;
const ENOUGH = 200;
/** A log that makes up domains or clients must not fill memory. */
const MAX_KEYS = 10_000;

const BINDING = /Net::Server: (?:\S+ )?Binding to (?:TCP|SSLEAY) port (\d{1,5}) on host/;
const WILL_BIND = /\bwill bind to (.+)$/;
const TCP_PORT = /:(\d{1,5})\/tcp\b/g;

/** What was learnt, as it is kept over restarts. */
export interface SurroundingsState {
  readonly ports: readonly (readonly [string, readonly number[]])[];
  readonly filtering: readonly string[];
  readonly filtered: readonly (readonly [string, number])[];
  readonly handers: readonly string[];
  readonly times: readonly number[];
}

interface Client {
  readonly clientName: string;
  readonly clientAddress: string;
}

export class Surroundings {
  readonly #ports = new Map<string, Set<number>>();
  readonly #filtering = new Set<string>();
  readonly #filtered = new Map<string, number>();
  readonly #handers = new Set<string>();
  readonly #times = new Float64Array(REMEMBERED);
  readonly #path: PathKnowledge;
  #lastHander: (Client & { readonly host: string }) | undefined;
  #timesSeen = 0;
  #usual: number | null = null;

  constructor(path: PathKnowledge, state?: SurroundingsState) {
    this.#path = path;
    if (state !== undefined) this.absorb(state);
  }

  /** Takes in what was learnt elsewhere. */
  absorb({ ports, filtering, filtered, handers, times }: SurroundingsState): void {
    for (const [host, own] of ports) this.#ports.set(host, new Set(own));
    for (const host of filtering) this.#filtering.add(host);
    for (const [key, count] of filtered) this.#filter(key, count);
    for (const hander of handers) if (this.#handers.size < MAX_KEYS) this.#handers.add(hander);
    for (const time of times) this.#time(time);
  }

  /** For another run of the program to go on from. */
  state(): SurroundingsState {
    return {
      ports: [...this.#ports].map(([host, ports]) => [host, [...ports]]),
      filtering: [...this.#filtering],
      filtered: [...this.#filtered],
      handers: [...this.#handers],
      times: [...this.#times.slice(0, Math.min(this.#timesSeen, REMEMBERED))],
    };
  }

  /** A line that belongs to no message. */
  line(event: Event): void {
    if (event.kind !== 'amavis.note' && event.kind !== 'system.note') return;
    const bound = BINDING.exec(event.text)?.[1];
    if (bound !== undefined) {
      this.#portsOf(event.at.host).add(Number(bound));
      return;
    }
    const all = WILL_BIND.exec(event.text)?.[1];
    if (all === undefined) return;
    // A start: what an earlier process listened on no longer counts.
    const ports = this.#portsOf(event.at.host);
    ports.clear();
    for (const found of all.matchAll(TCP_PORT)) ports.add(Number(found[1]));
  }

  /** A message that is done; once each. */
  trace(trace: Subject, events: readonly Event[]): void {
    if (trace.filter.length === 0 && !events.some((event) => this.#isFed(event))) return;
    this.#filtering.add(trace.host);
    for (const { address, originalTo } of trace.recipients) {
      const to = originalTo ?? address;
      this.#filter(`${trace.host} ${to.slice(to.lastIndexOf('@') + 1).toLowerCase()}`, 1);
    }
    const first = trace.queueIds[0];
    for (const event of events) {
      if (event.kind === 'smtpd.client' && event.queueId !== first) this.#handedBack(trace.host, event);
    }
    for (const { durationMs } of trace.filter) if (durationMs !== null) this.#time(durationMs);
  }

  /** Nearly always the one that did so last. */
  #handedBack(host: string, { clientName, clientAddress }: Client): void {
    const last = this.#lastHander;
    if (last?.host === host && last.clientAddress === clientAddress && last.clientName === clientName) return;
    this.#lastHander = { host, clientName, clientAddress };
    if (this.#handers.size < MAX_KEYS) this.#handers.add(handerKey(host, this.#lastHander));
  }

  #isFed(event: Event): boolean {
    if (event.kind !== 'delivery' || event.status !== 'sent') return false;
    return this.#path.isFilter(replyOf(event).endpoint);
  }

  /** The ports that amavis said it opened on the host. */
  listeningPorts(host: string): ReadonlySet<number> | undefined {
    return this.#ports.get(host);
  }

  /** Whether mail of this host passes a filter at all. */
  filtersOn(host: string): boolean {
    return this.#filtering.has(host);
  }

  /** How many messages to the domain passed the filter. */
  filteredTo(host: string, domain: string): number {
    return this.#filtered.get(`${host} ${domain}`) ?? 0;
  }

  /** Whether this client is who hands mail back from the filter. */
  handsBack(host: string, client: EventOf<'smtpd.client'>): boolean {
    return this.#handers.has(handerKey(host, client));
  }

  /** The time (milliseconds) that 99 of 100 runs of the filter stay below; null while too few were seen. */
  get usualFilterTime(): number | null {
    return this.#usual;
  }

  #filter(key: string, count: number): void {
    const known = this.#filtered.get(key);
    if (known !== undefined || this.#filtered.size < MAX_KEYS) this.#filtered.set(key, (known ?? 0) + count);
  }

  #time(milliseconds: number): void {
    this.#times[this.#timesSeen % REMEMBERED] = milliseconds;
    this.#timesSeen++;
    if (this.#timesSeen < ENOUGH || this.#timesSeen % ENOUGH !== 0) return;
    const sorted = this.#times.slice(0, Math.min(this.#timesSeen, REMEMBERED)).sort();
    this.#usual = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? null;
  }

  #portsOf(host: string): Set<number> {
    let ports = this.#ports.get(host);
    if (ports === undefined) {
      ports = new Set();
      this.#ports.set(host, ports);
    }
    return ports;
  }
}

function handerKey(host: string, client: Client): string {
  return `${host} ${client.clientName}[${client.clientAddress}]`;
}
