/**
 * What diagnosis has learnt is stored by `import` at its end and by `follow` when it packs messages. What came after
 * that is learnt again here: from the messages that are not packed yet and the lines about the system, which are kept
 * until then.
 */
import type { Event } from '../core/event.js';
import type { MailPath } from '../core/path.js';
import type { PatternSet } from '../core/pattern.js';
import type { Catalogue } from '../core/problem/catalogue.js';
import { type View, viewOf } from '../core/trace/view.js';
import { SYSTEM_LINES } from '../store/batch.js';
import type { Reader, Row } from '../store/reader.js';
import { Diagnosis } from './diagnosis.js';
import { replay } from './replay.js';
import { storedCase } from './stored-case.js';

/** Of the messages that may go on, those that something happened to last: after long trouble there can be many. */
const MAX_OPEN = 1000;

export interface Known {
  readonly reader: Reader;
  readonly patterns: PatternSet;
  readonly path: MailPath;
}

/** Diagnosis with all that the store knows. */
export function diagnosisOf(catalogue: Catalogue, known: Known): Diagnosis {
  const diagnosis = new Diagnosis(catalogue, known.path, known.reader.knowledge());
  for (const { row, view } of learnAgain(diagnosis, known)) diagnosis.putAway(view, row.id, true);
  return diagnosis;
}

/** Learns from the events; the messages are left to be put away, once each. */
export function learnAgain(
  diagnosis: Diagnosis,
  { reader, patterns, path }: Known,
): { readonly row: Row; readonly view: View }[] {
  const system = reader.waiting().filter(({ path: log }) => log === SYSTEM_LINES);
  const events: { readonly event: Event; readonly alone: boolean }[] = [];
  for (const event of replay(system, patterns)) events.push({ event, alone: true });
  const messages = [...reader.loose(), ...reader.openLoose(MAX_OPEN)].map((row) => {
    const which = storedCase(row, reader, patterns);
    for (const event of which.events) events.push({ event, alone: false });
    return { row, view: viewOf(which, path) };
  });
  events.sort((a, b) => a.event.at.time - b.event.at.time);
  for (const { event, alone } of events) diagnosis.event(event, alone);
  return messages;
}
