/** What the reply to a message's end tells. */
export interface Reply {
  /** The queue id after the filter: `queued as 079474CE44`. */
  readonly queueId: string | null;
  /** amavis' session: `id=30897-02`, which newer versions only write when something is wrong. */
  readonly amavisId: string | null;
  /** amavis took the message and did not pass it on: `Ok, discarded`, `BOUNCE`. */
  readonly blocked: boolean;
}

/** Reads amavis' replies of all versions, and Postfix' own (`250 2.0.0 Ok: queued as …`). */
export function readReply(text: string): Reply {
  return {
    queueId: /\bqueued as ([0-9A-Za-z]{6,})\b/.exec(text)?.[1] ?? null,
    amavisId: /\bid=(\d+-\d+(?:-\d+)*)/.exec(text)?.[1] ?? null,
    blocked: /\bdiscarded\b|\bDISCARD\b|\bBOUNCE\b|\bReject, id=/.test(text),
  };
}
