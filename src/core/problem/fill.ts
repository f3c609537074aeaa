/**
 * Fills the placeholders of an entry's texts: `{filter}`, `{queueId}`, `{reply|the server said no}`.
 *
 * Values come from the log, which strangers write. Steps of a fix are meant to be typed into a shell, so only values
 * made of harmless characters get into them; elsewhere control characters are taken out.
 */

export type Values = Readonly<Record<string, string>>;

/** The integration guide's own names and ports, for what the log does not tell. */
const GUIDE_VALUES: Values = {
  filterHost: '127.0.0.1',
  filterPort: '10024',
  reinjectPort: '10025',
  transport: 'amavisfeed',
  queueId: 'QUEUE-ID',
  amavisId: 'AMAVIS-ID',
};

const PLACEHOLDER = /\{(\w+)(?:\|([^{}]*))?\}/g;
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const HARMLESS = /^[\w.:@+/[\]=,-]{1,200}$/;
const LONGEST = 200;

/** For people to read. */
export function fillText(template: string, values: Values): string {
  return fill(template, (name) => {
    const value = values[name]?.replace(CONTROL, ' ').trim();
    if (value === undefined || value === '') return undefined;
    return value.length > LONGEST ? `${value.slice(0, LONGEST - 1)}…` : value;
  });
}

/** For people to type. */
export function fillCommand(template: string, values: Values): string {
  return fill(template, (name) => {
    const value = values[name];
    // A leading dash would be an option.
    return value !== undefined && HARMLESS.test(value) && !value.startsWith('-') ? value : undefined;
  });
}

function fill(template: string, value: (name: string) => string | undefined): string {
  return template.replace(
    PLACEHOLDER,
    (whole, name: string, otherwise: string | undefined) =>
      value(name) ?? otherwise ?? GUIDE_VALUES[name] ?? whole,
  );
}

/** The names of the placeholders that have neither a text of their own for "unknown" nor one of the guide. */
export function unknownPlaceholders(template: string): string[] {
  const names: string[] = [];
  for (const [, name = '', otherwise] of template.matchAll(PLACEHOLDER)) {
    if (otherwise === undefined && GUIDE_VALUES[name] === undefined) names.push(name);
  }
  return names;
}
