import type { Condition, Finding } from './condition.js';

const FAILED = /\btemporarily unable to send DSN to /;
/** amavis fails here, and tells Postfix by LMTP that all is done (Amavis/In/SMTP.pm). */
const GIVEN_UP = / DSN suppressed_2 \(/;

/** amavis had to tell the sender and could not; nobody tries again, as Postfix is told that the message is taken. */
export const dsnLost: Condition = (story): Finding | undefined => {
  const failed = story.of('amavis.note').filter(({ text }) => FAILED.test(text));
  if (failed.length === 0) return undefined;
  const taken = story.feeds.filter(({ status, response }) => status === 'sent' && GIVEN_UP.test(response));
  return taken.length === 0 ? undefined : { events: [...failed, ...taken], count: 1, resolved: false };
};
