import { styleText } from 'node:util';
import { printable, printableJson } from '../output/printable.js';
import { hanging } from '../output/wrap.js';
import { type Finding, type FindingSeverity, PARTS, type Part } from './finding.js';

const MAX_SHOWN = 500;
const ORDER: Readonly<Record<FindingSeverity, number>> = { error: 0, warning: 1, info: 2, ok: 3 };
const COLORS = { error: 'red', warning: 'yellow', info: 'cyan', ok: 'green' } as const;

/** All findings as text: by part of the path, the worst first, the fine ones of a part in one line. */
export function reportText(
  findings: readonly Finding[],
  { color, columns }: { readonly color: boolean; readonly columns: number },
): string {
  const parts = Object.keys(PARTS) as Part[];
  const sections = parts.flatMap((part) => {
    const own = findings.filter((finding) => finding.part === part);
    if (own.length === 0) return [];
    const paint = (severity: FindingSeverity, text: string): string =>
      color ? styleText(COLORS[severity], text, { validateStream: false }) : text;
    const bad = own.filter(({ severity }) => severity !== 'ok');
    const fine = own.filter(({ severity }) => severity === 'ok');
    bad.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
    const say = (severity: FindingSeverity, text: string): string[] => {
      const [first = '', ...more] = hanging(`  ${severity.padEnd(8)} `, shortened(text), columns);
      return [first.replace(severity, paint(severity, severity)), ...more];
    };
    const setup = fine.filter(({ code }) => code === 'front-setup').map(({ found }) => found);
    const codes = [...new Set(fine.map(({ code }) => code).filter((code) => code !== 'front-setup'))];
    const named = codes.join(', ');
    const fits = '  error    '.length + named.length <= columns;
    const lines = [
      ...[...new Set(setup)].flatMap((found) => say('ok', found)),
      ...bad.flatMap((finding) => [
        ...say(finding.severity, `${finding.code}: ${finding.found}`),
        ...details(finding, columns),
      ]),
      ...(codes.length > 0 ? say('ok', fits ? named : `${codes.length} more rules; --json names them`) : []),
    ];
    const title = color ? styleText('bold', PARTS[part], { validateStream: false }) : PARTS[part];
    return [[title, ...lines, ''].join('\n')];
  });
  return `${sections.join('\n')}\n${summary(findings)}\n`;
}

/** Findings as NDJSON. */
export function reportJson(findings: readonly Finding[]): string {
  return findings.map((finding) => `${printableJson(finding)}\n`).join('');
}

function details(finding: Finding, columns: number): string[] {
  const lines: string[] = [];
  const add = (label: string, text: string | null): void => {
    if (text !== null) lines.push(...hanging(`           ${label.padEnd(7)} `, shortened(text), columns));
  };
  add('at', finding.where);
  add('wanted', finding.wanted);
  add('why', finding.why);
  add('see', finding.problem === null ? null : `amavtrace explain ${finding.problem}`);
  if (finding.fix !== null) {
    add('write', `in ${finding.fixIn ?? ''}:`);
    // Without an indent of our own: this is what the admin copies.
    lines.push(...finding.fix.split('\n').map(printable));
  }
  return lines;
}

/** Printable, and no more of a value than is needed to know it again. */
function shortened(text: string): string {
  const shown = printable(text.length > MAX_SHOWN ? text.slice(0, MAX_SHOWN) : text);
  return text.length > MAX_SHOWN ? `${shown} … (${text.length} characters)` : shown;
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: FindingSeverity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const say = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
  return [
    say(count('error'), 'error', 'errors'),
    say(count('warning'), 'warning', 'warnings'),
    say(count('info'), 'hint', 'hints'),
    `${count('ok')} fine`,
  ].join(', ');
}
