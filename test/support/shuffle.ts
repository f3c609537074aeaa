/** Seeded disorder, so that a failure can be run again. */

/** A generator of numbers in [0, 1) (mulberry32). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Lines out of order by up to `seconds`, by the time in their RFC 3164 heads. */
export function shuffled(lines: readonly string[], seconds: number, seed: number): string[] {
  const next = random(seed);
  return lines
    .map((line) => ({ line, at: secondsOfDay(line) + next() * seconds }))
    .sort((a, b) => a.at - b.at)
    .map(({ line }) => line);
}

function secondsOfDay(line: string): number {
  const [, hours = '0', minutes = '0', seconds = '0'] = /(\d\d):(\d\d):(\d\d)/.exec(line) ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
