import { styleText } from 'node:util';
import type { Trace } from '../core/trace/trace.js';
import { printable, printableJson } from '../output/printable.js';
import type { Fact, StepResult, StepStatus } from './step.js';

const COLORS = { ok: 'green', failed: 'red', info: 'cyan', skipped: 'yellow', incomplete: 'yellow' } as const;

/** What a test came to, as text. `showTrace` makes the text of a trace, which is printed as it is. */
export function stepText(result: StepResult, color: boolean, showTrace: (trace: Trace) => string): string {
  const paint = (status: StepStatus | Fact['is']): string => {
    const text = status.padEnd(10);
    return color ? styleText(COLORS[status], text, { validateStream: false }) : text;
  };
  const lines = result.facts.map(({ is, text }) => `   ${paint(is)} ${printable(text)}`);
  for (const { question, answer } of result.answers) {
    lines.push(`   ${question}`, `      ${printable(answer)}`);
  }
  const trace = result.trace === null ? '' : `\n${showTrace(result.trace).trimEnd()}\n`;
  return `${[...lines, `   ${paint(result.status)} ${result.target}`].join('\n')}\n${trace}`;
}

/** A result as one line of NDJSON. */
export function stepJson(result: StepResult): string {
  return `${printableJson(result)}\n`;
}
