/** Endpoints as problem texts show them. */
import { type Endpoint, parseEndpoint } from '../response.js';

const PLAIN = /^(?:(\S{1,255}):)?(\d{1,5})$/;

/** `[127.0.0.1]:10025`, `smtp:[::1]:10025`, and master(8)'s own `127.0.0.1:10025` or `10025`. */
export function readEndpoint(text: string): Endpoint | undefined {
  const bracketed = parseEndpoint(text);
  if (bracketed !== undefined) return bracketed;
  const plain = PLAIN.exec(text);
  if (plain === null) return undefined;
  return { address: plain[1] ?? '127.0.0.1', port: Number(plain[2]) };
}
