/** What diagnosis needs to know beside the message itself. */
import type { Endpoint } from '../response.js';
import type { Incidents } from './incidents.js';
import type { Surroundings } from './surroundings.js';

/** Which endpoints are the filter and which the way back. */
export interface PathKnowledge {
  isFilter(endpoint: Endpoint | undefined): boolean;
  isReinjection(endpoint: Endpoint | undefined): boolean;
  readonly reinjectionPort: number;
}

export interface DiagnosisContext {
  readonly path: PathKnowledge;
  /** What other messages and lines without a message showed; null: unknown, so that nothing is concluded from it. */
  readonly surroundings: Surroundings | null;
  /** What troubles the whole system; null: unknown. */
  readonly incidents: Incidents | null;
}
