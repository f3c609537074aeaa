/** What a message's state may be, in the order in which help names them. */
import type { TraceState } from '../core/trace/trace.js';

export const STATES: readonly TraceState[] = [
  'delivered', 'relayed', 'blocked', 'deferred', 'bounced', 'expired', 'rejected', 'held', 'deleted', 'filtering',
  'queued', 'partial',
]; // biome-ignore format: a list of words
