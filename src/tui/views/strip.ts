/** A message's path as a strip, `25 ▸ 10024 ▸ 10025 ▸ mailbox`, filled as far as it has come. */
import type { Outcome, Trace } from '../../core/trace/trace.js';
import { glyph, outcomeOfState, toneOf } from '../../output/style.js';
import { type Line, type Span, span } from '../line.js';
import { type Look, sign } from '../look.js';
import { type Stop, stopsOf } from '../model/stops.js';
import { padStart, widthOf } from '../text.js';

/** Columns of the labels: every strip of a screen has its places below one another. */
const WIDTHS: Readonly<Record<Stop['place'], number>> = { receive: 3, filter: 5, reinject: 5, mailbox: 7 };
const SHORT_MAILBOX = 5;
/** What came from this machine has no port: `loc` by sendmail(1), `int` from Postfix itself. */
const SHORT: Readonly<Record<string, string>> = { mailbox: 'mbox', pickup: 'loc', cleanup: 'int' };

/** Columns of a strip. */
export function stripWidth(wide: boolean): number {
  const labels = WIDTHS.receive + WIDTHS.filter + WIDTHS.reinject + (wide ? WIDTHS.mailbox : SHORT_MAILBOX);
  return labels + (wide ? 9 : 3) + 2;
}

export function strip(trace: Trace, wide: boolean, look: Look): Line {
  const stops = stopsOf(trace);
  const furthest = stops.findLastIndex(({ outcome }) => outcome !== null);
  const spans: Span[] = [];
  stops.forEach((stop, index) => {
    const last = index === stops.length - 1;
    const next = stops[index + 1];
    const label = labelOf(stop, wide);
    const shown = stop.outcome === null ? sign('dot', look).repeat(widthOf(label.trim())) : label.trim();
    const width = stop.place === 'mailbox' && !wide ? SHORT_MAILBOX : WIDTHS[stop.place];
    const tone = stop.outcome === null ? 'dim' : toneOf(stop.outcome);
    // The last label stands at the left: its mark follows it at once.
    spans.push(span(last ? shown : padStart(shown, width), tone));
    const gap = wide && !last ? ' ' : '';
    spans.push(span(gap), joint(stop, next, index === furthest, trace, last, wide, look), span(gap));
  });
  return spans;
}

function labelOf({ label, place }: Stop, wide: boolean): string {
  const width = place === 'mailbox' ? (wide ? WIDTHS.mailbox : SHORT_MAILBOX) : WIDTHS[place];
  const short = SHORT[label];
  return label.length <= width && (wide || short === undefined) ? label : (short ?? label).slice(0, width);
}

/** What stands between two places: the step to the next, or why there is none. */
function joint(
  { outcome }: Stop,
  next: Stop | undefined,
  furthest: boolean,
  trace: Trace,
  last: boolean,
  wide: boolean,
  look: Look,
): Span {
  const lead = last && wide ? ' ' : '';
  if (outcome !== null && outcome !== 'ok') return span(lead + glyph(outcome, look), toneOf(outcome));
  if (last) return outcome === null ? span('') : span(lead + glyph('ok', look), 'good');
  if (outcome === null) return span(sign('dot', look), 'dim');
  if (furthest) return waiting(outcomeOfState(trace.state), look);
  return span(sign('step', look), next?.outcome === null ? 'dim' : 'good');
}

function waiting(outcome: Outcome, look: Look): Span {
  return outcome === 'pending' ? span(glyph('pending', look), 'wait') : span(sign('dot', look), 'dim');
}
