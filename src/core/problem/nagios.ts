/**
 * What waits at the filter as one line for Nagios and its kin (Monitoring Plugins guidelines: status, performance
 * data behind a bar, exit status 0 to 3).
 */
import type { StuckGroup } from './stuck.js';

/** How many messages, or how old the oldest (seconds), raise the alarm: from this value on. */
export type Threshold =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'age'; readonly value: number };

export interface NagiosStatus {
  readonly line: string;
  readonly exitStatus: 0 | 1 | 2 | 3;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `5` messages, or an age: `90s`, `10m`, `2h`, `1d`; undefined when it is neither. */
export function parseThreshold(text: string): Threshold | undefined {
  const found = /^(\d{1,9})([smhd]?)$/.exec(text);
  if (found === null) return undefined;
  const value = Number(found[1]);
  const unit = UNITS[found[2] ?? ''];
  return unit === undefined ? { kind: 'count', value } : { kind: 'age', value: value * unit };
}

export function nagiosStatus(
  groups: readonly StuckGroup[],
  warning: Threshold,
  critical: Threshold,
): NagiosStatus {
  const count = groups.reduce((sum, { messages }) => sum + messages.length, 0);
  const oldest = Math.max(0, ...groups.map((group) => group.oldest));
  const reached = ({ kind, value }: Threshold): boolean =>
    count > 0 && (kind === 'count' ? count >= value : oldest >= value);
  const [word, exitStatus] = reached(critical)
    ? (['CRITICAL', 2] as const)
    : reached(warning)
      ? (['WARNING', 1] as const)
      : (['OK', 0] as const);
  const limit = (kind: Threshold['kind']): string =>
    [warning, critical].map((threshold) => (threshold.kind === kind ? threshold.value : '')).join(';');
  const codes = groups
    .map(({ code, messages }) => `${code ?? 'unexplained'} (${messages.length})`)
    .join(', ');
  const told =
    count === 0
      ? 'nothing waits at the filter'
      : `${count} ${count === 1 ? 'message waits' : 'messages wait'} at the filter, the oldest for ${oldest} s: ${codes}`;
  return {
    line: `AMAVTRACE ${word} - ${told} | stuck=${count};${limit('count')};0 oldest=${oldest}s;${limit('age')};0`,
    exitStatus,
  };
}

/** For when the check itself could not be made. */
export function nagiosUnknown(reason: string): NagiosStatus {
  const text = reason.replace(/[\p{Cc}|]+/gu, ' ').trim();
  return { line: `AMAVTRACE UNKNOWN - ${text}`, exitStatus: 3 };
}
