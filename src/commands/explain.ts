import type { Event } from '../core/event.js';
import { LineReader } from '../core/line.js';
import { searchCatalogue } from '../core/problem/search.js';
import { catalogueText, explainJson, explainText } from '../output/explain.js';
import { printable } from '../output/printable.js';
import { compilePatterns, readOwnPatterns } from '../read/pattern-files.js';
import { readCatalogue } from '../read/problem-files.js';
import type { Run } from './command.js';
import { flag, text } from './options.js';

/** More than these are named only. */
const SHOWN = 5;

export const run: Run = async (words, options, io) => {
  const dir = text(options, 'patterns');
  const catalogue = readCatalogue(dir);
  const json = flag(options, 'json');
  const query = words.join(' ').trim();
  if (query === '') {
    if (json) {
      for (const definition of catalogue.definitions.values()) io.out(`${explainJson(definition, {})}\n`);
    } else {
      io.out(`${catalogueText(catalogue)}\n`);
    }
    return 0;
  }
  const patterns = compilePatterns(readOwnPatterns(dir));
  const parse = (line: string): Event | undefined => {
    const head = new LineReader({ notAfter: Date.now(), zone: () => 0 }).read(line);
    const reading = head === undefined ? 'ignored' : patterns.read(head);
    return typeof reading === 'string' ? undefined : reading;
  };
  const found = searchCatalogue(catalogue, query, parse);
  if (found.length === 0) {
    io.note(`amavtrace: no problem is known by ${printable(query.slice(0, 200))}\n`);
    io.note('Give a code, a word or a line of the log; without any, all problems are listed.\n');
    return 1;
  }
  if (json) {
    for (const { definition, values } of found) io.out(`${explainJson(definition, values)}\n`);
    return 0;
  }
  io.out(`${found.slice(0, SHOWN).map(explainText).join('\n\n')}\n`);
  const others = found.slice(SHOWN).map(({ definition }) => definition.code);
  if (others.length > 0) io.out(`\nalso: ${others.join(', ')}\n`);
  return 0;
};
