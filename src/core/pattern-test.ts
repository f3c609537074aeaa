/** Runs the sample lines of patterns: each must be read by its own pattern and give the fields it says. */
import type { Event } from './event.js';
import { EventReader } from './event-reader.js';
import type { PatternFile, PatternSet, Sample } from './pattern.js';

export interface PatternFailure {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
  readonly line: string;
  /** The file of another pattern that reads the line. */
  readonly readBy: string | undefined;
}

interface Owner {
  readonly file: string;
  readonly name: string;
}

interface Wrong {
  readonly reason: string;
  readonly readBy?: string;
}

/** Of the files given: all by default. */
export function testPatterns(
  patterns: PatternSet,
  files: readonly PatternFile[] = patterns.files,
): {
  readonly samples: number;
  readonly failures: readonly PatternFailure[];
} {
  const failures: PatternFailure[] = [];
  let samples = 0;
  for (const { file, patterns: entries } of files) {
    for (const { name, event, samples: lines } of entries) {
      for (const sample of lines) {
        samples++;
        const found = wrong(sample, event, { file, name }, patterns);
        if (found === undefined) continue;
        failures.push({ file, name, reason: found.reason, line: sample.line, readBy: found.readBy });
      }
    }
  }
  return { samples, failures };
}

function wrong(
  { line, fields = {} }: Sample,
  kind: string,
  own: Owner,
  patterns: PatternSet,
): Wrong | undefined {
  const { reading, by } = readOne(line, patterns);
  if (reading === 'unrecognized') return { reason: 'no pattern reads this line' };
  if (reading === undefined)
    return { reason: 'the line has no head that is known, or belongs to a program without patterns' };
  if (by !== undefined && (by.file !== own.file || by.name !== own.name))
    return { reason: `another pattern reads this line: ${by.file} ${by.name}`, readBy: by.file };
  if (reading === 'ignored')
    return kind === 'ignored' ? undefined : { reason: `is ignored instead of making a ${kind}` };
  if (reading.kind !== kind) return { reason: `makes a ${reading.kind} instead of a ${kind}` };
  for (const [field, wanted] of Object.entries(fields)) {
    const found: unknown = (reading as unknown as Record<string, unknown>)[field];
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      return {
        reason: `field "${field}" is ${JSON.stringify(found) ?? 'absent'}, not ${JSON.stringify(wanted)}`,
      };
    }
  }
  return undefined;
}

function readOne(
  text: string,
  patterns: PatternSet,
): { readonly reading: Event | 'ignored' | 'unrecognized' | undefined; readonly by: Owner | undefined } {
  let reading: Event | 'ignored' | 'unrecognized' | undefined;
  let by: Owner | undefined;
  const reader = new EventReader(
    {
      read: (line) => {
        const found = patterns.find(line);
        if (typeof found !== 'string') by = found.pattern;
        const result = patterns.read(line);
        if (result !== 'ignored' || by !== undefined) reading = result;
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
