/** The parts of the path that a message takes, in its order, and the files as such. */
export const PARTS = {
  front: 'front (25)',
  feed: 'feed (Postfix to amavis)',
  filter: 'amavis (10024)',
  reinjection: 'reinjection (10025)',
  delivery: 'delivery',
  files: 'configuration files',
} as const;

export type Part = keyof typeof PARTS;

export type FindingSeverity = 'error' | 'warning' | 'info' | 'ok';

/** What one rule says of one place; `check --json` prints one a line, in this form. */
export interface Finding {
  readonly code: string;
  readonly severity: FindingSeverity;
  readonly part: Part;
  /** What is there now, in the words of the file. */
  readonly found: string;
  /** `/etc/postfix/master.cf:12`; null where nothing stands that could be pointed at. */
  readonly where: string | null;
  readonly wanted: string;
  readonly why: string;
  /** The code of the problem that the log shows when this is wrong, for `amavtrace explain`; null where there is none. */
  readonly problem: string | null;
  /** The exact line to write, or several; null where nothing is to be done. */
  readonly fix: string | null;
  /** The file and place that the line belongs to. */
  readonly fixIn: string | null;
}
