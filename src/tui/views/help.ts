/** The keys, the filter's words and the signs. */
import type { Outcome } from '../../core/trace/trace.js';
import { glyph, toneOf } from '../../output/style.js';
import { BINDINGS } from '../keys.js';
import { fitLine, type Line, type Span, span } from '../line.js';
import { type Look, sign } from '../look.js';
import { FILTER_KEYS } from '../model/filter.js';
import { fitted } from '../text.js';
import { conditionMark } from './header.js';

const LABEL = 9;
const OUTCOMES: readonly (readonly [Outcome, string])[] = [
  ['ok', 'arrived'],
  ['failed', 'failed'],
  ['deferred', 'deferred or partly'],
  ['blocked', 'blocked'],
  ['pending', 'under way'],
];

export function helpLines(look: Look): readonly Line[] {
  const keys = BINDINGS.map(
    ({ label, help }): Line => [span(fitted(label[look.unicode ? 0 : 1], LABEL, look), 'bold'), span(help)],
  );
  const half = Math.ceil(keys.length / 2);
  const column = Math.min(50, Math.floor((look.columns - 3) / 2));
  const rows = keys
    .slice(0, half)
    .map((line, index) => [...fitLine(line, column - 1, look), span(' '), ...(keys[half + index] ?? [])]);
  const path = ['25', '10024', '10025', 'mailbox'].join(` ${sign('step', look)} `);
  return [
    [span('Keys', 'bold')],
    ...rows,
    [],
    titled('Filter', [
      span('any id or address; these too: '),
      span(FILTER_KEYS.map((key) => `${key}:`).join(' '), 'wait'),
    ]),
    titled('', [span('for example  alice@example.com verdict:spam  or  state:deferred', 'dim')]),
    [],
    titled(
      'Messages',
      OUTCOMES.flatMap(([outcome, means]) => signed(glyph(outcome, look), toneOf(outcome), means)),
    ),
    titled('Path', [span(`${path}; dots where it has not come to`)]),
    titled(
      'Stations',
      (['fine', 'slow', 'failing', 'silent'] as const).flatMap((condition) => {
        const mark = conditionMark(condition, look);
        return signed(mark.text, mark.tone, condition);
      }),
    ),
    titled('', [span('judged by the last five minutes; silent: nothing met there', 'dim')]),
  ].map((line) => [span('  '), ...line]);
}

function titled(title: string, rest: Line): Line {
  return [span(title.padEnd(LABEL), 'bold'), ...rest];
}

function signed(mark: string, tone: Span['tone'], means: string): Span[] {
  return [{ text: `${mark} `, tone }, span(`${means}  `)];
}
