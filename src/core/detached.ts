/**
 * A copy of a text that stands alone. What is cut out of a long text refers to the whole of it, so one address kept
 * would keep a megabyte of log in memory.
 */
export function detached(text: string): string {
  return ` ${text}`.slice(1);
}
