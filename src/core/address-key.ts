/**
 * An address as it compares: in lower case, its local part without quotes. amavis and Postfix 3.5 and later write
 * `"a b"@example.com`, older Postfix `a b@example.com`.
 */
export function addressKey(address: string): string {
  if (address.charCodeAt(0) !== 34 /* " */) return address.toLowerCase();
  const end = closingQuote(address);
  const local = address.slice(1, end).replace(/\\(.)/g, '$1');
  return (local + address.slice(end + 1)).toLowerCase();
}

function closingQuote(address: string): number {
  let at = 1;
  while (at < address.length && address.charCodeAt(at) !== 34)
    at += address.charCodeAt(at) === 92 /* \ */ ? 2 : 1;
  return at;
}
