/** Whether an address is this machine's or a private network's: where a filter may be. */
export function isNearby(address: string): boolean {
  return (
    /^(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\./.test(address) ||
    address === '::1' ||
    /^f(?:[cd]|e[89ab])[0-9a-f]{0,2}:/i.test(address) ||
    address.includes('/')
  );
}
