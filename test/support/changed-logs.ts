/** The recorded logs, and what damage makes of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { SAMPLES } from './cli.js';

export const sampleLogs: readonly (readonly string[])[] = readdirSync(SAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) =>
    readFileSync(join(SAMPLES, name, 'maillog'), 'utf8')
      .split('\n')
      .filter(Boolean),
  );

const HARMLESS = ['drop', 'move', 'double'] as const;
const CONTRADICTORY = ['swap', 'edit'] as const;

function damaged(hows: readonly string[]): fc.Arbitrary<readonly string[]> {
  const change = fc.tuple(fc.nat(), fc.constantFrom(...hows), fc.nat(), fc.string({ maxLength: 3 }));
  return fc
    .tuple(fc.constantFrom(...sampleLogs), fc.array(change, { minLength: 1, maxLength: 12 }))
    .map(([log, all]) => all.reduce(changed, log));
}

/** Recorded logs with lines missing, doubled or out of place. */
export const incompleteLogs = damaged(HARMLESS);

/** Such with lines that were changed, too, or are about another message. */
export const changedLogs = damaged([...HARMLESS, ...CONTRADICTORY]);

type Change = readonly [at: number, how: string, place: number, text: string];

function changed(log: readonly string[], [at, how, place, text]: Change): readonly string[] {
  const lines = [...log];
  const index = at % Math.max(1, lines.length);
  const line = lines[index] ?? '';
  const other = place % Math.max(1, lines.length);
  if (how === 'drop') lines.splice(index, 1);
  else if (how === 'move') lines.splice(other, 0, ...lines.splice(index, 1));
  else if (how === 'double') lines.splice(other, 0, line);
  else if (how === 'swap') lines[index] = idsSwapped(line, lines[other] ?? '');
  else lines[index] = line.slice(0, (place % 200) + 30) + text + line.slice((place % 200) + 30 + text.length);
  return lines;
}

/** A line about another message's queue id. */
function idsSwapped(line: string, other: string): string {
  const [id] = /\b[0-9A-F]{11}\b/.exec(other) ?? [];
  return id === undefined ? line : line.replace(/\b[0-9A-F]{11}\b/, id);
}
