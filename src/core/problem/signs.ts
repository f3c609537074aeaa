/** Which lines show that something works: what ends incidents. */
import type { Event } from '../event.js';
import { replyOf } from '../response.js';
import type { PathKnowledge } from './context.js';
import type { Sign } from './entry.js';

const NONE: readonly Sign[] = [];
const FED: readonly Sign[] = ['fed'];
const VERDICT: readonly Sign[] = ['verdict'];
const REINJECTED: readonly Sign[] = ['reinjected'];
const VERDICT_AND_REINJECTED: readonly Sign[] = ['verdict', 'reinjected'];
const PROXIED: readonly Sign[] = ['proxied'];

export function signsOf(event: Event, path: PathKnowledge): readonly Sign[] {
  switch (event.kind) {
    case 'delivery':
      return event.status === 'sent' && path.isFilter(replyOf(event).endpoint) ? FED : NONE;
    case 'amavis.verdict':
      if (event.verdict === 'MTA-BLOCKED' || event.verdict === 'TEMPFAIL') return NONE;
      return event.queuedAs === undefined ? VERDICT : VERDICT_AND_REINJECTED;
    case 'amavis.forward':
      return event.direction === 'FWD' && event.queuedAs !== undefined ? REINJECTED : NONE;
    case 'smtpd.proxy':
      return event.response.startsWith('4') ? NONE : PROXIED;
    default:
      return NONE;
  }
}
