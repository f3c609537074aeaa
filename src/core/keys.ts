/**
 * The keys under which a trace is filed and found. One letter tells ids of different kinds apart.
 */
export const queueKey = (queueId: string): string => `q${queueId}`;
export const amavisKey = (amavisId: string): string => `a${amavisId}`;
export const mailKey = (mailId: string): string => `m${mailId}`;
export const messageKey = (messageId: string): string => `i${messageId}`;
/** amavis' own notice about the message with this mail_id. */
export const noticeKey = (mailId: string): string => `n${mailId}`;
/** A refusal without any id: told by who refused whom, and roughly when. */
export const refusalKey = (group: string, bucket: number): string => `r${group}|${bucket}`;
/** A message that this one gave rise to, by the id that a line of this one gives it. */
export const childKey = (queueId: string): string => `c${queueId}`;
/** What the way back may have refused, and who quotes such a refusal: by its words, and roughly when. */
export const refusedKey = (words: string, step: number): string => `y${step}|${words}`;
export const quotedKey = (words: string, step: number): string => `z${step}|${words}`;
/** A run of amavis that ended without a word, and the message that it may have had: by its envelope, and roughly when. */
export const envelopeKey = (sender: string, recipient: string, bucket: number): string =>
  `e${bucket}|${sender}|${recipient}`;
