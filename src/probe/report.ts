import { styleText } from 'node:util';
import type { Trace } from '../core/trace/trace.js';
import { printable, printableJson } from '../output/printable.js';
import { hanging } from '../output/wrap.js';
import type { Fact, StepResult, StepStatus } from './step.js';

const COLORS = { ok: 'green', failed: 'red', info: 'cyan', skipped: 'yellow', incomplete: 'yellow' } as const;

/** What a test came to, as text. `showTrace` makes the text of a trace, which is printed as it is. */
export function stepText(
  result: StepResult,
  { color, columns }: { readonly color: boolean; readonly columns: number },
  showTrace: (trace: Trace) => string,
): string {
  const said = (status: StepStatus | Fact['is'], text: string): string[] => {
    const [first = '', ...more] = hanging(`   ${status.padEnd(10)} `, printable(text), columns);
    return [color ? first.replace(status, painted(status)) : first, ...more];
  };
  const lines = result.facts.flatMap(({ is, text }) => said(is, text));
  for (const { question, answer } of result.answers) {
    // Log lines are shown whole, as they are looked for.
    lines.push(`   ${question}`, `      ${printable(answer)}`);
  }
  const trace = result.trace === null ? '' : `\n${showTrace(result.trace).trimEnd()}\n`;
  return `${[...lines, ...said(result.status, result.target)].join('\n')}\n${trace}`;
}

function painted(status: StepStatus | Fact['is']): string {
  return styleText(COLORS[status], status, { validateStream: false });
}

/** A result as one line of NDJSON. */
export function stepJson(result: StepResult): string {
  return `${printableJson(result)}\n`;
}
