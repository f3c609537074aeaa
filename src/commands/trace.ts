import { printable, printableJson } from '../output/printable.js';
import { traceMermaid } from '../output/trace-mermaid.js';
import { traceText } from '../output/trace-text.js';
import { UserError } from '../user-error.js';
import type { Run } from './command.js';
import { flag, text, zone } from './options.js';
import { openTraces } from './store-options.js';

const FORMATS = ['text', 'json', 'mermaid'];

export const run: Run = async ([id = ''], options, io) => {
  const format = text(options, 'format') ?? (flag(options, 'json') ? 'json' : 'text');
  if (!FORMATS.includes(format))
    throw new UserError(`--format wants one of ${FORMATS.join(', ')}, not "${format}"`);
  if (flag(options, 'json') && format !== 'json')
    throw new UserError(`--json and --format ${format} are two forms of output`, 'Ask for one of them.');
  const { traces, db, file } = openTraces(options, io);
  const evidence = flag(options, 'evidence');
  const found = traces.withId(bareId(id));
  db.close();
  if (found.length === 0) {
    io.note(`amavtrace: no message with the id ${printable(id)} in ${printable(file)}\n`);
    io.note(
      'An id is a queue id, an amavis id such as 30897-02, a mail_id or a message-id. Is the log imported?\n',
    );
    return 1;
  }
  found.forEach(({ trace, lines }, index) => {
    if (format === 'json') {
      io.out(`${printableJson(evidence ? { ...trace, evidence: lines } : trace)}\n`);
      return;
    }
    if (index > 0) io.out('\n');
    if (format === 'mermaid') io.out(traceMermaid(trace));
    else io.out(traceText(trace, { ...io, zone: zone(options) }));
    // Lines behind %% are comments to Mermaid.
    const indent = format === 'mermaid' ? '%% ' : '  ';
    if (evidence) io.out(`\n${lines.map((line) => `${indent}${printable(line)}\n`).join('')}`);
  });
  return 0;
};

/** The id as one copies it from a log: with space around it, amavis' own in its parentheses. */
function bareId(text: string): string {
  return text.trim().replace(/^\((.*)\)$/s, '$1');
}
