/** Stored lines to the events that they are: what is known of a trace is read from its lines again. */
import type { Event } from '../core/event.js';
import { EventReader } from '../core/event-reader.js';
import type { PatternSet } from '../core/pattern.js';
import type { StoredLine } from '../store/segment.js';

export function replay(lines: readonly StoredLine[], patterns: PatternSet): Event[] {
  const events: Event[] = [];
  const reader = new EventReader(
    patterns,
    { notAfter: 0, zone: () => 0 },
    { event: (event) => events.push(event), unrecognized: () => {} },
  );
  for (const { raw, time } of lines) reader.read(raw, time);
  reader.end();
  return events;
}
