/** Stages of the SMTP dialogue at which a refusal is of the whole message, not of one recipient. */
export function isOfMessage(stage: string): boolean {
  return stage === 'END-OF-MESSAGE' || stage === 'DATA' || stage === 'BDAT';
}
