/** The catalogue of problems as text and as JSON. */
import type { Catalogue } from '../core/problem/catalogue.js';
import type { Definition } from '../core/problem/entry.js';
import { fillCommand, fillText, type Values } from '../core/problem/fill.js';
import type { Found } from '../core/problem/search.js';
import { printableJson } from './printable.js';
import { indent, wrap } from './wrap.js';

const WIDTH = 96;

/** One entry: what it means and what to do, with what a pasted line told filled in. */
export function explainText({ definition, values }: Found): string {
  const lines = [
    `${definition.code} (${definition.severity}, at the ${definition.stage} hop)`,
    ...wrap(fillText(definition.summary, values), WIDTH - 2).map(indent),
    '',
    'Cause',
    ...wrap(fillText(definition.cause, values), WIDTH - 2).map(indent),
    'What to do',
    ...fillCommand(definition.fix, values).split('\n').map(indent),
    `See ${definition.reference}`,
  ];
  if (definition.explains.length > 0)
    lines.push(`Stands for ${definition.explains.join(', ')} when they come with it`);
  return lines.join('\n');
}

/** Every entry in a line, by hop. */
export function catalogueText(catalogue: Catalogue): string {
  const all = [...catalogue.definitions.values()];
  const width = Math.max(...all.map(({ code }) => code.length));
  const stages = [...new Set(all.map(({ stage }) => stage))];
  return stages
    .map((stage) => {
      const rows = all
        .filter((definition) => definition.stage === stage)
        .map(
          ({ code, severity, summary }) =>
            `  ${code.padEnd(width)}  ${severity.padEnd(7)}  ${fillText(summary, {})}`,
        );
      return [`At the ${stage} hop`, ...rows].join('\n');
    })
    .join('\n\n');
}

/** One object an entry, with the texts filled as far as is known. */
export function explainJson(definition: Definition, values: Values): string {
  return printableJson({
    code: definition.code,
    severity: definition.severity,
    stage: definition.stage,
    summary: fillText(definition.summary, values),
    cause: fillText(definition.cause, values),
    fix: fillCommand(definition.fix, values),
    reference: definition.reference,
    explains: definition.explains,
    samples: definition.samples,
  });
}
