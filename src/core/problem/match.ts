/** Whether one event is what an entry's alternative describes. */
import type { Event } from '../event.js';
import type { Matcher } from './entry.js';

/** Longer text than this is cut before an expression sees it: no line that we know says more in its reason. */
const MAX_TEXT = 4000;

/** What the named groups of the expressions took: for the placeholders of the entry's texts. */
export type Groups = Readonly<Record<string, string>>;

const NOTHING: Groups = {};

/** The groups, or undefined when the event does not fit. The position is for the caller to compare. */
export function matchEvent(matcher: Matcher, event: Event): Groups | undefined {
  for (const [name, values] of matcher.fields) {
    const text = fieldText(event, name);
    if (text === undefined || !values.includes(text)) return undefined;
  }
  let groups = NOTHING;
  for (const [name, expression] of matcher.expressions) {
    const text = fieldText(event, name);
    const found = text === undefined ? null : expression.exec(text.slice(0, MAX_TEXT));
    if (found === null) return undefined;
    groups = withGroups(groups, found);
  }
  if (matcher.line !== undefined) {
    const found = matcher.line.exec(event.at.message.slice(0, MAX_TEXT));
    if (found === null) return undefined;
    groups = withGroups(groups, found);
  }
  return groups;
}

function withGroups(groups: Groups, found: RegExpExecArray): Groups {
  if (found.groups === undefined) return groups;
  const merged: Record<string, string> = { ...groups };
  for (const [name, text] of Object.entries(found.groups)) if (text !== undefined) merged[name] = text;
  return merged;
}

/** A field as text; lists with commas between. `daemon` is the program that logged the line. */
function fieldText(event: Event, name: string): string | undefined {
  if (name === 'daemon') return event.at.daemon;
  const value = (event as unknown as Readonly<Record<string, unknown>>)[name];
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? value.join(',') : undefined;
}
