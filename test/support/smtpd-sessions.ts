/** Sessions of a few clients with a few smtpd processes, most of which refuse something. */
import fc from 'fast-check';

const CLIENTS = ['192.0.2.1', '192.0.2.2', '127.0.0.1'];
const SENDERS = ['a@outside.example', 'b@outside.example'];
const RECIPIENTS = ['alice@example.com', 'bob@example.com'];
/** Seconds between lines. */
const PAUSES = [0, 0, 0, 0, 1, 4, 9, 12, 19, 25, 70];
/** Milliseconds by which a line may come late. */
const LATE = 5000;

const did = fc.record({
  what: fc.constantFrom('refused', 'refused', 'refused at connect', 'accepted', 'lost', 'passed on'),
  sender: fc.nat({ max: SENDERS.length - 1 }),
  recipient: fc.nat({ max: RECIPIENTS.length - 1 }),
});
const session = fc.record({
  process: fc.nat({ max: 1 }),
  client: fc.nat({ max: CLIENTS.length - 1 }),
  did: fc.array(did, { minLength: 1, maxLength: 3 }),
  pauses: fc.array(fc.constantFrom(...PAUSES), { minLength: 5, maxLength: 5 }),
});

/** Lines; now and then one is missing, or comes again. What a process writes comes in its order. */
export const smtpdLogs: fc.Arbitrary<readonly string[]> = fc
  .tuple(
    fc.array(session, { minLength: 1, maxLength: 12 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 2 }),
  )
  .map(([sessions, changes]) => changes.reduce(changed, linesOf(sessions)));

type Session = typeof session extends fc.Arbitrary<infer T> ? T : never;

function linesOf(sessions: readonly Session[]): readonly string[] {
  const lines: string[] = [];
  let seconds = 0;
  let ids = 0;
  const put = (program: string, text: string): void => {
    const at = new Date(Date.UTC(2026, 10, 23, 12) + seconds * 1000).toISOString();
    lines.push(`${at} mail postfix/${program}: ${text}`);
  };
  for (const { process, client, did: all, pauses } of sessions) {
    const smtpd = `smtpd[${process + 1}]`;
    const from = `unknown[${CLIENTS[client]}]`;
    all.forEach(({ what, sender, recipient }, n) => {
      seconds += pauses[n] ?? 0;
      const helo = `h${lines.length}.example`;
      const envelope = `from=<${SENDERS[sender]}> to=<${RECIPIENTS[recipient]}> proto=ESMTP helo=<${helo}>`;
      if (what === 'refused')
        put(smtpd, `NOQUEUE: reject: RCPT from ${from}: 450 4.1.1 <x>: User unknown; ${envelope}`);
      else if (what === 'refused at connect')
        put(smtpd, `NOQUEUE: reject: CONNECT from ${from}: 554 5.7.1 blocked; proto=SMTP helo=<${helo}>`);
      else if (what === 'lost') put(smtpd, `lost connection after RCPT from ${from}`);
      else if (what === 'passed on') {
        put(smtpd, `NOQUEUE: client=${from}`);
        put(smtpd, `proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as ${queueId(++ids)}; ${envelope}`);
      } else {
        const id = queueId(++ids);
        put(smtpd, `${id}: client=${from}`);
        put('cleanup[8]', `${id}: message-id=<${id}@outside.example>`);
        put('qmgr[9]', `${id}: from=<${SENDERS[sender]}>, size=408, nrcpt=1 (queue active)`);
      }
    });
    seconds += pauses[3] ?? 0;
    put(smtpd, `disconnect from ${from} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`);
    seconds += pauses[4] ?? 0;
  }
  return lines;
}

function queueId(number: number): string {
  return number.toString(16).toUpperCase().padStart(11, 'A');
}

function changed(lines: readonly string[], [at, to, twice]: readonly [number, number, boolean]): string[] {
  const all = [...lines];
  const index = at % all.length;
  if (twice) {
    const late = all.findIndex((line, n) => n > index + (to % 4) || timeOf(line) > timeOf(all[index]) + LATE);
    all.splice(late < 0 ? all.length : late, 0, all[index] ?? '');
  } else all.splice(index, 1);
  return all;
}

/** Milliseconds since 1970. */
function timeOf(line = ''): number {
  return Date.parse(line.slice(0, line.indexOf(' ')));
}
