/** Where a setting was read. `line` is null where the text has no lines of its own (`postconf -n`). */
export interface Place {
  readonly file: string;
  readonly line: number | null;
}

/** `/etc/postfix/main.cf:12`, as compilers and editors write it. */
export function showPlace(place: Place): string {
  return place.line === null ? place.file : `${place.file}:${place.line}`;
}

/** A text file as it was read: what all readers of configuration start from. */
export interface TextFile {
  readonly file: string;
  readonly text: string;
}
