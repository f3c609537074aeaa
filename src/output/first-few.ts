/** The first few of a list, and how many more there are. */
export function firstFew(values: readonly string[], most = 3): string {
  const more = values.length > most ? ` and ${values.length - most} more` : '';
  return `${values.slice(0, most).join(', ')}${more}`;
}
