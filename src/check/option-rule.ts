import type { FindingSeverity, Part } from './finding.js';
import { type Parameter, parameter } from './postfix/instance.js';
import { describe, optionFix, type Rule } from './rule.js';
import type { Listener, Mode, Setup } from './setup.js';

/** A rule that is about the value of one parameter for some services. */
export interface OptionRule {
  readonly code: string;
  readonly severity: Exclude<FindingSeverity, 'ok'>;
  readonly modes: readonly Mode[];
  /** Which parameter; by the service where the name depends on it (lmtp_…, smtp_…). */
  readonly parameter: string | ((service: Listener) => string);
  /** The value that the guide writes. */
  readonly value: string;
  /** The value to write where it depends on the one that is there; else `value`. */
  readonly write?: (found: Parameter, setup: Setup) => string;
  readonly why: string;
  /** See Rule. */
  readonly problem?: string;
  /** Whether a value will do; by default only the guide's own. */
  readonly fits?: (value: string, service: Listener, setup: Setup) => boolean;
  /** Worse or better than `severity`, by the value found. */
  readonly weigh?: (value: string, service: Listener, setup: Setup) => Exclude<FindingSeverity, 'ok'>;
}

/** Makes rules of a table of options, all about the same services. */
export function optionRules(
  part: Part,
  services: (setup: Setup) => readonly Listener[],
  options: readonly OptionRule[],
): Rule[] {
  return options.map((option) => ({
    code: option.code,
    part,
    severity: option.severity,
    modes: option.modes,
    ...(option.problem === undefined ? {} : { problem: option.problem }),
    wanted: wantedText(typeof option.parameter === 'string' ? option.parameter : '', option),
    why: option.why,
    judge: (setup) =>
      services(setup).map((service) => {
        const name = typeof option.parameter === 'string' ? option.parameter : option.parameter(service);
        const found = parameter(service.instance, name, service.service);
        const place = found.origin === 'default' ? service.service.place : found.place;
        const text = describe(found);
        if (found.value === null)
          return { is: 'unknown', found: `${text}: can't be told from the files`, place };
        const fits = option.fits?.(found.value, service, setup) ?? sameValue(found.value, option.value);
        if (fits) return { is: 'fine', found: text, place };
        return {
          is: 'wrong',
          found: text,
          place,
          fix: optionFix(service, name, option.write?.(found, setup) ?? option.value),
          wanted: wantedText(name, option),
          ...(option.weigh === undefined ? {} : { severity: option.weigh(found.value, service, setup) }),
        };
      }),
  }));
}

function wantedText(name: string, { value, write }: OptionRule): string {
  if (name === '') return value;
  return write === undefined ? `${name}=${value}` : `${value} in ${name}`;
}

/** Lists are the same whatever stands between their words. */
function sameValue(found: string, wanted: string): boolean {
  const plain = (value: string): string =>
    value
      .split(/[\s,]+/)
      .filter(Boolean)
      .join(',');
  return plain(found) === plain(wanted);
}
