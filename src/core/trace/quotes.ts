/**
 * What the way back answered, as amavis passes it on: in its FWD line, and to Postfix, which logs it in the feed's line
 * (Amavis/Out/SMTP.pm).
 */
const REPLY = /\bfrom MTA\([^()]{0,200}\): ([245]\d\d[ -].*)$/i;
const GREETING =
  /\bfrom MTA\([^()]{0,200}\) during fwd-connect \(Negative (?:greeting|response to HELO|SMTP resp\. to LHLO): ([245]\d\d[ -].*?)(?: at (?:\(eval \d+\)|\/\S+) line \d+[^)]*)?\): id=/i;
const IN_REPLY_TO = / \(in reply to [^()]{1,80}\)$/;
const CODES = /^[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3} )?/;

/** The words of the reply that is quoted, without its codes; undefined where none is. */
export function quotedReply(response: string): string | undefined {
  if (!response.includes('rom MTA(') || response.startsWith('delivery temporarily suspended'))
    return undefined;
  const text = response.replace(IN_REPLY_TO, '');
  const quoted = GREETING.exec(text)?.[1] ?? REPLY.exec(text)?.[1];
  return quoted === undefined ? undefined : wordsOf(quoted);
}

/** A reply without its codes: `554 5.7.1 <…>: Access denied` is `<…>: Access denied`. */
export function wordsOf(reply: string): string {
  return reply.replace(CODES, '');
}
