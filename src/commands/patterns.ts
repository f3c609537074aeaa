import { type PatternFailure, testPatterns } from '../core/pattern-test.js';
import { printable, printableJson } from '../output/printable.js';
import { compilePatterns, readPatternFiles } from '../read/pattern-files.js';
import type { Run } from './command.js';
import { flag, text } from './options.js';

export const run: Run = async (_args, options, io) => {
  const dir = text(options, 'patterns');
  const own = dir === undefined ? [] : readPatternFiles(dir);
  const patterns = compilePatterns(own);
  if (!flag(options, 'test')) {
    for (const { file, programs, patterns: entries } of patterns.files) {
      for (const { name, event, samples } of entries) {
        if (flag(options, 'json'))
          io.out(`${printableJson({ file, programs, name, event, samples: samples.length })}\n`);
        else io.out(`${printable(file).padEnd(26)} ${printable(event).padEnd(20)} ${printable(name)}\n`);
      }
    }
    return 0;
  }
  const { failures: all, samples } = testPatterns(patterns);
  // A site's pattern may stand in a built-in one's place on purpose.
  const ownFiles = new Set(own.map(({ file }) => file));
  const isTaken = ({ file, readBy }: PatternFailure): boolean =>
    !ownFiles.has(file) && readBy !== undefined && ownFiles.has(readBy);
  const failures = all.filter((failure) => !isTaken(failure));
  for (const { file, name, reason, line } of all.filter(isTaken))
    io.note(`${printable(file)}: "${printable(name)}": ${printable(reason)}\n    ${printable(line)}\n`);
  for (const { file, name, reason, line } of failures) {
    if (flag(options, 'json')) io.out(`${printableJson({ file, name, reason, line })}\n`);
    else io.out(`${printable(file)}: "${printable(name)}": ${printable(reason)}\n    ${printable(line)}\n`);
  }
  io.note(`${samples} samples, ${failures.length} wrong${taken(all.length - failures.length)}\n`);
  return failures.length > 0 ? 1 : 0;
};

function taken(count: number): string {
  return count === 0 ? '' : `, ${count} of the built-in ones read by patterns of your own`;
}
