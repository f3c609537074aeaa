/**
 * Keeps expressions from backtracking without bound: log lines are hostile.
 *
 * What makes an expression exponential is a repetition inside a repetition, or a back-reference; neither is needed
 * to read a log line, so both are refused. What is left is polynomial at worst, over text that is cut to a length.
 */

interface Group {
  /** Whether anything inside is repeated without a bound. */
  repeats: boolean;
  alternatives: boolean;
}

const UNBOUNDED = /^(?:[*+]|\{\d+,\})/;

/** Why the expression may not be used; undefined when it may. It must be valid. */
export function whyNotLinear(source: string): string | undefined {
  const open: Group[] = [{ repeats: false, alternatives: false }];
  let i = 0;
  const repeated = (): boolean => UNBOUNDED.test(source.slice(i));
  while (i < source.length) {
    const char = source[i];
    const group = open.at(-1);
    if (group === undefined) return 'its brackets do not match';
    if (char === '\\') {
      if (/^\\(?:[1-9]|k<)/.test(source.slice(i, i + 3))) return 'back-references are not allowed';
      i += 2;
      if (repeated()) group.repeats = true;
    } else if (char === '[') {
      i = classEnd(source, i);
      if (repeated()) group.repeats = true;
    } else if (char === '(') {
      open.push({ repeats: false, alternatives: false });
      i++;
    } else if (char === ')') {
      open.pop();
      i++;
      const outer = open.at(-1);
      if (outer === undefined) return 'its brackets do not match';
      if (repeated()) {
        if (group.repeats) return 'a repetition inside a repetition is not allowed';
        if (group.alternatives) return 'alternatives inside a repetition are not allowed';
        outer.repeats = true;
      }
      outer.repeats ||= group.repeats;
    } else {
      if (char === '|') group.alternatives = true;
      i++;
      if (repeated()) group.repeats = true;
    }
  }
  return undefined;
}

/** Behind the character class that begins at `from`. */
function classEnd(source: string, from: number): number {
  for (let i = from + 1; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === ']') return i + 1;
  }
  return source.length;
}
