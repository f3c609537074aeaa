/** What the user writes to find addresses and clients: an exact one, a domain, or a glob (`*`, `?`). */

/** The globs that an address may fit, in lower case; a word alone is a domain, or an address without one (`root`). */
export function addressGlobs(text: string): readonly string[] {
  const lower = text.trim().toLowerCase();
  if (lower === '<>') return [''];
  const bare = lower.replace(/^<(.*)>$/, '$1');
  if (isGlob(bare)) return [bare];
  if (bare.startsWith('.') || bare.startsWith('@')) return [`*${bare}`];
  return bare.includes('@') ? [bare] : [`*@${bare}`, bare];
}

/** The same for a client's address or name; `unknown[192.0.2.1]`, as logs have it, is known by its address. */
export function clientGlobs(text: string): readonly string[] {
  const lower = text.trim().toLowerCase();
  const bare = /^[^[\]]*\[([^[\]]+)\]$/.exec(lower)?.[1] ?? lower;
  if (isGlob(bare)) return [bare];
  // An IPv4 address has no letters, so no address fits as another's domain.
  return bare.startsWith('.') ? [`*${bare}`] : [bare, `*.${bare}`];
}

/** Whether the text fits one of the globs. */
export function fitsGlob(text: string, globs: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return globs.some((glob) => fits(lower, glob));
}

function isGlob(text: string): boolean {
  return text.includes('*') || text.includes('?');
}

/** Linear in the text for each star. */
function fits(text: string, pattern: string): boolean {
  let at = 0;
  let in_ = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    const char = pattern[in_];
    if (char === '*') {
      star = in_++;
      retry = at;
    } else if (char !== undefined && (char === '?' || char === text[at])) {
      in_++;
      at++;
    } else if (star >= 0) {
      in_ = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (pattern[in_] === '*') in_++;
  return in_ === pattern.length;
}
