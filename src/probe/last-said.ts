import { type ClockOptions, isoTime } from '../core/clock.js';
import { type Line, LineReader } from '../core/line.js';

/** The programs whose last words matter when a test fails. */
export type LoggingProgram = 'amavis' | 'postfix';

/** What strangers are refused at the front is no complaint; what a client on this machine is refused may be. */
const COMPLAINS: Readonly<Record<LoggingProgram, RegExp>> = {
  amavis: /^(?:\([\w-]+\) )?\(!{1,2}\)|\bTROUBLE\b|Server closing/,
  postfix:
    /^(?:warning|error|fatal|panic): |^[0-9A-Za-z]{6,24}: (?:milter-|proxy-)?reject: .* from [\w.-]+\[(?:127\.|::1\])/,
};

/** What a program last wrote. */
export interface Said {
  readonly text: string;
  /** Whether it tells of something wrong. */
  readonly complains: boolean;
}

/** The last complaint of a program in a log; without one, the last line that it wrote; null: it wrote none. */
export async function lastSaid(
  log: AsyncIterable<{ readonly lines: readonly string[]; readonly modified: number }>,
  program: LoggingProgram,
  clock: Pick<ClockOptions, 'zone'>,
): Promise<Said | null> {
  let reader: LineReader | undefined;
  let last: Line | undefined;
  let complaint: Line | undefined;
  for await (const { lines, modified } of log) {
    reader ??= new LineReader({ ...clock, notAfter: modified });
    for (const raw of lines) {
      const line = reader.read(raw);
      if (line === undefined || !isOf(line, program)) continue;
      last = line;
      if (COMPLAINS[program].test(line.message)) complaint = line;
    }
  }
  const said = complaint ?? last;
  return said === undefined ? null : { text: show(said), complains: said === complaint };
}

function isOf({ program }: Line, wanted: LoggingProgram): boolean {
  return program === wanted || program.startsWith(`${wanted}/`);
}

/** As it stands in the log; an entry of the journal, which stands there as JSON, in the form of a line. */
function show({ raw, time, host, program, pid, message }: Line): string {
  return raw.startsWith('{') ? `${isoTime(time)} ${host} ${program}[${pid}]: ${message}` : raw;
}
