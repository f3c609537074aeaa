/** Logs of messages that wait in the queue and are tried again and again. */
import fc from 'fast-check';

/** What a delivery line of an attempt that came to nothing says. */
export const REASONS = [
  'dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
  'dsn=4.4.1, status=deferred (delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
  'dsn=4.4.2, status=deferred (conversation with 127.0.0.1[127.0.0.1] timed out while sending end of data -- message may be sent more than once)',
  'dsn=4.5.0, status=deferred (host 127.0.0.1[127.0.0.1] said: 451 4.5.0 Error in processing, id=AMAVISID, virus_scan FAILED: virus_scan: ALL VIRUS SCANNERS FAILED (in reply to end of DATA command))',
];
const FIRST = { after: 0, reason: 0, isTimed: false };
/** When these logs begin (milliseconds). */
export const DAY = Date.UTC(2026, 10, 23);

interface Message {
  /** Seconds. */
  readonly began: number;
  readonly queueId: number;
  readonly recipients: number;
  readonly attempts: readonly {
    readonly after: number;
    readonly reason: number;
    /** Whether amavis has a word to say after it has answered. */
    readonly isTimed: boolean;
  }[];
  readonly end: 'waits' | 'sent' | 'expired' | 'held';
}

export interface Line {
  /** Since DAY. */
  readonly second: number;
  readonly text: string;
}

export const messages = fc.array(
  fc.record<Message>({
    began: fc.nat(3000),
    queueId: fc.nat(12),
    recipients: fc.integer({ min: 1, max: 2 }),
    attempts: fc.array(
      fc.record({
        after: fc.integer({ min: 100, max: 4000 }),
        isTimed: fc.boolean(),
        reason: fc.oneof(fc.constantFrom(0, 1), fc.nat(REASONS.length - 1)),
      }),
      { maxLength: 7 },
    ),
    end: fc.constantFrom('waits', 'sent', 'expired', 'held'),
  }),
  { minLength: 1, maxLength: 8 },
);

/** The log of these messages; a queue id comes again only when the message that had it is gone. */
export function logOf(all: readonly Message[], pad: number): Line[] {
  const lines: Line[] = [];
  const free = new Map<number, number>();
  all.forEach((message, n) => {
    const queueId = `4D${message.queueId.toString(16).toUpperCase().padStart(8, '0')}`;
    const began = Math.max(message.began, free.get(message.queueId) ?? 0);
    let second = began;
    const say = (daemon: string, text: string): void => {
      lines.push({ second, text: `postfix/${daemon}: ${queueId}: ${text}` });
    };
    const active = (): void =>
      say('qmgr[13]', `from=<s${n}@x.example>, size=${1000 + n}, nrcpt=${message.recipients} (queue active)`);
    const each = (daemon: string, relay: string, text: string): void => {
      for (let to = 0; to < message.recipients; to++) {
        const delay = second - began;
        say(
          daemon,
          `to=<u${to}@example.com>, relay=${relay}, delay=${delay}, delays=${delay}/0/0/0, ${text}`,
        );
      }
    };
    say('smtpd[11]', 'client=mx.outside.example[192.0.2.1]');
    say('cleanup[12]', `message-id=<${n}@outside.example>`);
    for (const { after, reason, isTimed } of [FIRST, ...message.attempts]) {
      second += after;
      active();
      const amavisId = `${10_000 + n}-${10_000 + second}`;
      const amavis = (text: string): number =>
        lines.push({ second, text: `amavis[01234]: (${amavisId}) ${text}` });
      if (reason === 3) amavis('(!!)TROUBLE in check_mail: virus_scan FAILED: ALL VIRUS SCANNERS FAILED');
      const relay = reason < 2 ? 'none' : '127.0.0.1[127.0.0.1]:10024';
      const text = REASONS[reason]?.replace('AMAVISID', amavisId) ?? '';
      each('lmtp[14]', relay, `${text}${reason === 1 ? ' '.repeat(pad) : ''}`);
      if (reason === 3 && isTimed) amavis('TIMING [total 5 ms] - SMTP LHLO: 1 (20%)');
    }
    second += 300;
    if (message.end === 'sent') {
      active();
      each('smtp[15]', 'mx.example.com[192.0.2.9]:25', 'dsn=2.0.0, status=sent (250 2.0.0 Ok)');
      say('qmgr[13]', 'removed');
    } else if (message.end === 'expired') {
      say('qmgr[13]', `from=<s${n}@x.example>, status=expired, returned to sender`);
      say('qmgr[13]', 'removed');
    } else if (message.end === 'held') {
      lines.push({ second, text: `postfix/postsuper[16]: ${queueId}: placed on hold` });
    }
    const isGone = message.end === 'sent' || message.end === 'expired';
    free.set(message.queueId, isGone ? second + 60 : Number.MAX_SAFE_INTEGER);
  });
  return lines.filter(({ second }) => second < 1_000_000).sort((one, other) => one.second - other.second);
}

export function textOf({ second, text }: Line): string {
  return `${new Date(DAY + second * 1000).toISOString()} mail ${text}`;
}
