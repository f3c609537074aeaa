/**
 * What is known of the path: which endpoints are the filter and which the way back.
 *
 * `:10024` is the filter by convention and 10025 the way back; more are given by the user (--filter, --reinject) or
 * learnt from the log: a relay that answered `from MTA(…)` for a message that then came in again here.
 */
import { type Endpoint, endpointName } from './response.js';

export interface PathOptions {
  /** `HOST:PORT`; when given, they replace the convention. */
  readonly filters?: readonly string[];
  readonly reinjections?: readonly string[];
}

const FILTER_PORT = 10024;
const REINJECTION_PORT = 10025;

export class MailPath {
  readonly #given: boolean;
  readonly #filters: Set<string>;
  readonly #reinjections: Set<string>;
  #learnt: string[] = [];

  constructor(options: PathOptions = {}) {
    this.#given = (options.filters ?? []).length > 0;
    this.#filters = new Set((options.filters ?? []).map(normal));
    this.#reinjections = new Set((options.reinjections ?? []).map(normal));
  }

  isFilter(endpoint: Endpoint | undefined): boolean {
    if (endpoint === undefined) return false;
    if (!this.#given && endpoint.port === FILTER_PORT) return true;
    return this.#filters.size > 0 && this.#filters.has(endpointName(endpoint));
  }

  isReinjection(endpoint: Endpoint | undefined): boolean {
    if (endpoint === undefined) return false;
    if (this.#reinjections.size > 0) return this.#reinjections.has(endpointName(endpoint));
    return endpoint.port === REINJECTION_PORT;
  }

  /** An endpoint that the log showed to be a filter; true when that is news. */
  learnFilter(endpoint: Endpoint): boolean {
    if (this.isFilter(endpoint)) return false;
    const name = endpointName(endpoint);
    this.#filters.add(name);
    this.#learnt.push(name);
    return true;
  }

  /** The names of filters learnt since the last call, to be stored. */
  takeLearnt(): string[] {
    const learnt = this.#learnt;
    this.#learnt = [];
    return learnt;
  }

  /** Filters that were learnt before, by their names. */
  recall(names: readonly string[]): void {
    for (const name of names) this.#filters.add(name);
  }

  /** The filter's port where no line names it. */
  get filterPort(): number {
    const [name] = this.#given ? this.#filters : [];
    const port = name === undefined ? Number.NaN : Number(name.slice(name.lastIndexOf(':') + 1));
    return Number.isInteger(port) ? port : FILTER_PORT;
  }

  /** The port of the way back that the user gave. */
  get givenReinjectionPort(): number | null {
    const [name] = this.#reinjections;
    const port = name === undefined ? Number.NaN : Number(name.slice(name.lastIndexOf(':') + 1));
    return Number.isInteger(port) ? port : null;
  }

  /** That, or the usual one: for advice, not for what happened. */
  get reinjectionPort(): number {
    return this.givenReinjectionPort ?? REINJECTION_PORT;
  }
}

/** `[127.0.0.1]:10024`, `localhost:10024` and `127.0.0.1:10024` are the same endpoint. */
function normal(text: string): string {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const address = host === 'localhost' || host === '' ? '127.0.0.1' : host;
  return endpointName({ address, port: Number(text.slice(colon + 1)) });
}
