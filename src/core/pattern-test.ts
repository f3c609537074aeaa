/** Runs the sample lines of patterns: each must be read by its own pattern and give the fields it says. */
import type { Event } from './event.js';
import { EventReader } from './event-reader.js';
import type { PatternSet, Sample } from './pattern.js';

export interface PatternFailure {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
  readonly line: string;
}

export function testPatterns(patterns: PatternSet): {
  readonly samples: number;
  readonly failures: readonly PatternFailure[];
} {
  const failures: PatternFailure[] = [];
  let samples = 0;
  for (const { file, patterns: entries } of patterns.files) {
    for (const { name, event, samples: lines } of entries) {
      for (const sample of lines) {
        samples++;
        const reason = wrong(sample, event, `${file} ${name}`, patterns);
        if (reason !== undefined) failures.push({ file, name, reason, line: sample.line });
      }
    }
  }
  return { samples, failures };
}

function wrong(
  { line, fields = {} }: Sample,
  kind: string,
  pattern: string,
  patterns: PatternSet,
): string | undefined {
  const { reading, by } = readOne(line, patterns);
  if (reading === 'unrecognized') return 'no pattern reads this line';
  if (reading === undefined)
    return 'the line has no head that is known, or belongs to a program without patterns';
  if (by !== pattern) return `another pattern reads this line: ${by}`;
  if (reading === 'ignored') return kind === 'ignored' ? undefined : `is ignored instead of making a ${kind}`;
  if (reading.kind !== kind) return `makes a ${reading.kind} instead of a ${kind}`;
  for (const [field, wanted] of Object.entries(fields)) {
    const found: unknown = (reading as unknown as Record<string, unknown>)[field];
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      return `field "${field}" is ${JSON.stringify(found) ?? 'absent'}, not ${JSON.stringify(wanted)}`;
    }
  }
  return undefined;
}

function readOne(
  text: string,
  patterns: PatternSet,
): { readonly reading: Event | 'ignored' | 'unrecognized' | undefined; readonly by: string } {
  let reading: Event | 'ignored' | 'unrecognized' | undefined;
  let by = '';
  const reader = new EventReader(
    {
      read: (line) => {
        const found = patterns.find(line);
        if (typeof found !== 'string') by = `${found.pattern.file} ${found.pattern.name}`;
        const result = patterns.read(line);
        if (result !== 'ignored' || by !== '') reading = result;
        return result;
      },
    },
    { notAfter: Date.UTC(2027, 0, 1), zone: () => 0 },
    { event: () => {}, unrecognized: () => {} },
  );
  for (const line of text.split('\n')) reader.read(line);
  reader.end();
  return { reading, by };
}
