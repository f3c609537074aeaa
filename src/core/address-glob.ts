/** What the user writes to find addresses: an exact one, a domain, or a glob (`*`, `?`). */

/** As SQLite's GLOB wants it, in lower case; `<>` is the empty sender. */
export function toGlob(text: string): string {
  const lower = text.trim().toLowerCase();
  if (lower === '<>') return '';
  const bare = lower.replace(/^<(.*)>$/, '$1');
  if (bare.includes('*') || bare.includes('?')) return bare.replace(/\[/g, '[[]');
  const exact = bare.replace(/\[/g, '[[]');
  return bare.includes('@') ? exact : bare.startsWith('.') ? `*${exact}` : `*@${exact}`;
}

/** Whether the address fits what `toGlob` gave. Linear in the address for each star. */
export function matchesAddress(address: string, glob: string): boolean {
  const pattern = glob.replaceAll('[[]', '[');
  const text = address.toLowerCase();
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
