import type { AmavisSettings } from './amavis/settings.js';
import type { Finding, FindingSeverity, Part } from './finding.js';
import { type Place, showPlace } from './place.js';
import type { Parameter } from './postfix/instance.js';
import type { Service } from './postfix/master-cf.js';
import type { Listener, Mode, Setup } from './setup.js';

/** One thing that the guide wants. */
export interface Rule {
  readonly code: string;
  readonly part: Part;
  readonly severity: Exclude<FindingSeverity, 'ok'>;
  /** The set-ups that it is about. */
  readonly modes: readonly Mode[];
  readonly wanted: string;
  readonly why: string;
  /** The problem of the catalogue (`amavtrace explain`) that the log shows when this is wrong. */
  readonly problem?: string;
  /** One verdict a place where the thing is, or should be. None: the set-up has no such place. */
  readonly judge: (setup: Setup) => readonly Verdict[];
}

export type Verdict =
  | { readonly is: 'fine'; readonly found: string; readonly place: Place | null }
  | {
      readonly is: 'wrong';
      readonly found: string;
      readonly place: Place | null;
      readonly fix: Fix | null;
      /** Where this case is better or worse than the rule's own severity. */
      readonly severity?: Exclude<FindingSeverity, 'ok'>;
      /** Where what is wanted depends on the case. */
      readonly wanted?: string;
    }
  /** It can't be told: reported, never assumed. */
  | { readonly is: 'unknown'; readonly found: string; readonly place: Place | null };

export interface Fix {
  /** The exact line to write, or several. */
  readonly line: string;
  readonly in: string;
}

export const ALL_MODES: readonly Mode[] = ['after-queue', 'before-queue', 'milter', 'ready', 'none'];

/** What a rule has to say of a set-up that it is about. */
export function applyRule(rule: Rule, setup: Setup): Finding[] {
  if (!rule.modes.includes(setup.mode)) return [];
  return rule.judge(setup).map((verdict) => {
    const fix = verdict.is === 'wrong' ? verdict.fix : null;
    return {
      code: rule.code,
      severity: severityOf(rule, verdict),
      part: rule.part,
      found: verdict.found,
      where: verdict.place === null ? null : showPlace(verdict.place),
      wanted: verdict.is === 'wrong' && verdict.wanted !== undefined ? verdict.wanted : rule.wanted,
      why: rule.why,
      problem: rule.problem ?? null,
      fix: fix?.line ?? null,
      fixIn: fix?.in ?? null,
    };
  });
}

function severityOf(rule: Rule, verdict: Verdict): FindingSeverity {
  if (verdict.is === 'fine') return 'ok';
  return verdict.is === 'unknown' ? 'info' : (verdict.severity ?? rule.severity);
}

/** `-o max_use=20`, `max_use = 100 (not set, the built-in value)`. */
export function describe(parameter: Parameter): string {
  const { name, value, raw, origin } = parameter;
  if (origin === 'option') return `-o ${name}=${value ?? raw}`;
  if (origin === 'default' && value === null) return `${name} is not set, the machine decides`;
  const says = value === '' ? `${name} is empty` : `${name} = ${value ?? raw}`;
  return `${says} (${origin === 'main' ? 'from main.cf' : 'not set, the built-in value'})`;
}

/** A -o line for a service; of one that is there already, in its place. */
export function optionFix({ instance, service }: Listener, name: string, value: string): Fix {
  const present = service.options.get(name)?.place.line;
  const place =
    present === undefined || present === null ? '' : `in place of -o ${name} at line ${present}, `;
  return {
    line: `    -o ${name}=${value}`,
    in: `${instance.masterFile}, ${place}under ${serviceName(service)}`,
  };
}

/** The service's own line with one column changed; what stands behind the command stays. */
export function columnFix({ instance, service }: Listener, column: number, value: string): Fix {
  const columns = service.columns.map((text, index) => (index === column ? value : text));
  const line = columns.map((text, index) => (index < 7 ? text.padEnd(7) : text)).join(' ');
  const at = service.place.line === null ? '' : ` at line ${service.place.line}`;
  return { line, in: `${instance.masterFile}, in place of ${serviceName(service)}${at}` };
}

/** Into the file that is read last, where nothing sets it again, whatever the ones before say. */
export function assignment({ files }: AmavisSettings, line: string): Fix {
  return { line, in: `${files.at(-1) ?? 'amavisd.conf'}, at its end, before "1;"` };
}

export function serviceName(service: Service): string {
  return `"${service.name} ${service.type}"`;
}
