import type { Event } from '../event.js';
import type { Catalogue } from './catalogue.js';
import { isPromptFeed, isPromptRun } from './conditions/filter-time.js';
import { matchEvent } from './match.js';

/**
 * Whether an ordinary message (`trace/ordinary.ts`) certainly has no problem: no entry knows any of its lines, and the
 * filter took it at once. Every other condition of the catalogue needs what an ordinary message never has: an accepted
 * recipient that was not served, another try, a third queue id, a client whose mail went past the filter.
 */
export function hasNoProblem(catalogue: Catalogue, events: readonly Event[]): boolean {
  for (const event of events) {
    if (event.kind === 'delivery' && !isPromptFeed(event)) return false;
    if (event.kind === 'amavis.verdict' && !isPromptRun(event)) return false;
    for (const matcher of catalogue.matchersFor(event)) {
      if (matchEvent(matcher, event) !== undefined) return false;
    }
  }
  return true;
}
