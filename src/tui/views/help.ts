/** The keys and signs, in two columns where they fit. */
import { glyph } from '../../output/style.js';
import { BINDINGS } from '../keys.js';
import { fitLine, type Line, span } from '../line.js';
import { type Look, sign } from '../look.js';
import { FILTER_KEYS } from '../model/filter.js';
import { fitted } from '../text.js';

export function helpLines(look: Look): readonly Line[] {
  const keys = BINDINGS.map(
    ({ label, help }): Line => [span(fitted(label[look.unicode ? 0 : 1], 9, look), 'bold'), span(help)],
  );
  const half = Math.ceil(keys.length / 2);
  const column = Math.floor((look.columns - 3) / 2);
  const sideBySide = look.columns >= 130;
  const rows: Line[] = sideBySide
    ? keys
        .slice(0, half)
        .map((line, index) => [...fitLine(line, column, look), ...(keys[half + index] ?? [])])
    : keys;
  const steps = ['25', '10024', '10025', 'mailbox'].join(` ${sign('step', look)} `);
  return [
    [span('Keys', 'bold')],
    ...rows,
    [
      span('Filter  ', 'bold'),
      span(
        `any id or address, and ${FILTER_KEYS.map((key) => `${key}:`).join(' ')}  as in state:deferred verdict:spam`,
        'dim',
      ),
    ],
    [
      span('Marks   ', 'bold'),
      span(
        `${glyph('ok', look)} arrived  ${glyph('failed', look)} failed  ${glyph('deferred', look)} deferred or partly  ${glyph('blocked', look)} blocked  ${glyph('pending', look)} under way`,
        'dim',
      ),
    ],
    [span('Path    ', 'bold'), span(`${steps}, dots where it has not come to`, 'dim')],
  ].map((line) => [span('  '), ...line]);
}
