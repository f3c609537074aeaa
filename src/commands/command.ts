/** What a command is: its face (cheap to load) and, loaded only when it runs, what it does. */
import type { Style } from '../output/style.js';

/** Where a command reads and writes. Data goes to `out`, everything else to `note`. */
export interface Io extends Style {
  out(text: string): void;
  note(text: string): void;
  readonly env: NodeJS.ProcessEnv;
  readonly columns: number;
  readonly outIsTerminal: boolean;
  readonly noteIsTerminal: boolean;
  /** Aborted by Ctrl-C or a request to end. */
  readonly signal: AbortSignal;
}

/** Exit status: fine; it worked and found something wrong; it could not do its work. 3 only where monitoring asks. */
export type ExitStatus = 0 | 1 | 2 | 3;

export type Options = Readonly<Record<string, unknown>>;
export type Run = (args: readonly string[], options: Options, io: Io) => Promise<ExitStatus>;

/** What there is to choose from: the words, or the codes of the problems. */
type Choice = readonly string[] | 'problems';

export interface CommandSpec {
  readonly name: string;
  /** As help shows them: `<FILE...>`. */
  readonly args: string;
  readonly argValues?: Choice;
  readonly summary: string;
  /** Flags and what they do; `many` for one that may be given again and again. */
  readonly options: readonly {
    readonly flags: string;
    readonly help: string;
    readonly many?: boolean;
    readonly values?: Choice;
  }[];
  readonly examples: readonly { readonly line: string; readonly help: string }[];
  /** Goes on when nobody reads any more what it prints (`| head`): its work is something else. */
  readonly worksUnread?: true;
  /** Without a terminal a hang-up asks it to open its logs anew, and never ends it. */
  readonly heedsHangUp?: true;
  readonly load: () => Promise<{ readonly run: Run }>;
}
