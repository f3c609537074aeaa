import { styleText } from 'node:util';
import { printable, printableJson } from '../output/printable.js';
import { type Finding, type FindingSeverity, PARTS, type Part } from './finding.js';

const ORDER: Readonly<Record<FindingSeverity, number>> = { error: 0, warning: 1, info: 2, ok: 3 };
const COLORS = { error: 'red', warning: 'yellow', info: 'cyan', ok: 'green' } as const;

/** All findings as text: by part of the path, the worst first, the fine ones of a part in one line. */
export function reportText(findings: readonly Finding[], color: boolean): string {
  const parts = Object.keys(PARTS) as Part[];
  const sections = parts.flatMap((part) => {
    const own = findings.filter((finding) => finding.part === part);
    if (own.length === 0) return [];
    const paint = (severity: FindingSeverity, text: string): string =>
      color ? styleText(COLORS[severity], text, { validateStream: false }) : text;
    const bad = own.filter(({ severity }) => severity !== 'ok');
    const fine = own.filter(({ severity }) => severity === 'ok');
    bad.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
    const lines = bad.flatMap((finding) =>
      describe(finding, paint(finding.severity, finding.severity.padEnd(8))),
    );
    if (fine.length > 0) {
      const setup = fine.filter(({ code }) => code === 'front-setup');
      lines.unshift(...setup.map(({ found }) => `  ${paint('ok', 'ok'.padEnd(8))} ${printable(found)}`));
      const codes = [...new Set(fine.filter((one) => !setup.includes(one)).map(({ code }) => code))];
      if (codes.length > 0) lines.push(`  ${paint('ok', 'ok'.padEnd(8))} ${codes.join(', ')}`);
    }
    const title = color ? styleText('bold', PARTS[part], { validateStream: false }) : PARTS[part];
    return [[title, ...lines, ''].join('\n')];
  });
  return `${sections.join('\n')}\n${summary(findings)}\n`;
}

/** Findings as NDJSON. */
export function reportJson(findings: readonly Finding[]): string {
  return findings.map((finding) => `${printableJson(finding)}\n`).join('');
}

function describe(finding: Finding, severity: string): string[] {
  const lines = [`  ${severity} ${finding.code}: ${printable(finding.found)}`];
  const add = (label: string, text: string | null): void => {
    if (text !== null) lines.push(`           ${label.padEnd(7)} ${text}`);
  };
  add('at', finding.where === null ? null : printable(finding.where));
  add('wanted', printable(finding.wanted));
  add('why', printable(finding.why));
  add('see', finding.problem === null ? null : `amavtrace explain ${finding.problem}`);
  if (finding.fix !== null) {
    add('write', `in ${printable(finding.fixIn ?? '')}:`);
    // Without an indent of our own: this is what the admin copies.
    lines.push(...finding.fix.split('\n').map(printable));
  }
  return lines;
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
