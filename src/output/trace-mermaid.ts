/** A trace as a Mermaid flowchart, to paste into a ticket. */
import type { Hop, Trace } from '../core/trace/trace.js';
import { printable } from './printable.js';

export function traceMermaid(trace: Trace): string {
  const lines = ['flowchart LR'];
  trace.hops.forEach((hop, index) => {
    lines.push(`  h${index}["${label(hop)}"]:::${hop.outcome}`);
    if (index > 0) lines.push(`  h${index - 1} --> h${index}`);
  });
  lines.push(
    '  classDef ok stroke:#2a2',
    '  classDef failed stroke:#c00,stroke-width:3px',
    '  classDef deferred stroke:#c60,stroke-width:3px',
    '  classDef blocked stroke:#a0a',
    '  classDef pending stroke-dasharray:4',
  );
  return `${lines.join('\n')}\n`;
}

function label({ stage, service, port, queueId, amavisId, outcome }: Hop): string {
  const where = `${service ?? ''}${port === null ? '' : `:${port}`}`;
  return [stage, where, amavisId ?? queueId ?? '', outcome]
    .filter((part) => part !== '')
    .map(safe)
    .join('<br>');
}

/** Mermaid reads quotes, brackets and HTML; its entities (`#34;`) show them. */
function safe(text: string): string {
  return printable(text).replace(/[^\w .:/@+-]/g, (char) => `#${char.codePointAt(0)};`);
}
