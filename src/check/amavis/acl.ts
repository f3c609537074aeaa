import { BlockList, isIP } from 'node:net';

/** Whether an @inet_acl lets an address in: the first entry that fits decides, `!` before it refuses. */
export function allows(acl: readonly string[], address: string): boolean {
  for (const entry of acl) {
    const refuses = entry.startsWith('!');
    if (fits(entry.replace(/^!+/, ''), address)) return !refuses;
  }
  return false;
}

/** `127.0.0.1`, `[::1]`, `127.0.0.0/8`, `10/8`, `[fe80::]/10` */
function fits(entry: string, address: string): boolean {
  const match = /^\[?([\da-f.:]+)\]?(?:\/(\d+))?$/i.exec(entry);
  if (match === null) return false;
  const [, network = '', prefix] = match;
  const full = network.includes(':') ? network : [...network.split('.'), '0', '0', '0'].slice(0, 4).join('.');
  const family = isIP(full) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(full) === 0 || isIP(full) !== isIP(address)) return false;
  const bits = prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix);
  if (bits > (family === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(full, bits, family);
  return list.check(address, family);
}
