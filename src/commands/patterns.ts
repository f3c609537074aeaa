import { testPatterns } from '../core/pattern-test.js';
import { printable, printableJson } from '../output/printable.js';
import { compilePatterns, readPatternFiles } from '../read/pattern-files.js';
import type { Run } from './command.js';
import { flag, text } from './options.js';

export const run: Run = async (_args, options, io) => {
  const dir = text(options, 'patterns');
  const patterns = compilePatterns(dir === undefined ? [] : readPatternFiles(dir));
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
  const { failures, samples } = testPatterns(patterns);
  for (const { file, name, reason, line } of failures) {
    if (flag(options, 'json')) io.out(`${printableJson({ file, name, reason, line })}\n`);
    else io.out(`${printable(file)}: "${printable(name)}": ${printable(reason)}\n    ${printable(line)}\n`);
  }
  io.note(`${samples} samples, ${failures.length} wrong\n`);
  return failures.length > 0 ? 1 : 0;
};
