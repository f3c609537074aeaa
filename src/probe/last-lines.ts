/** The programs whose last words matter when a test fails. */
export type LoggingProgram = 'amavis' | 'postfix';

const WRITTEN_BY: Readonly<Record<LoggingProgram, RegExp>> = {
  amavis: /\bamavis(?:d|d-new)?(?:\[\d+\])?: /,
  postfix: /\bpostfix[\w-]*\/[\w/.:-]+(?:\[\d+\])?: /,
};
const COMPLAINS: Readonly<Record<LoggingProgram, RegExp>> = {
  amavis: /: (?:\([\w-]+\) )?\(!{1,2}\)|\bTROUBLE\b|Server closing/,
  postfix: /: (?:warning|error|fatal|panic): /,
};

/** The last complaint of a program in a piece of mail log; without one, the last line that it wrote. */
export function lastSaid(log: string, program: LoggingProgram): string | null {
  const lines = log.split('\n').filter((line) => WRITTEN_BY[program].test(line));
  return lines.findLast((line) => COMPLAINS[program].test(line)) ?? lines.at(-1) ?? null;
}
