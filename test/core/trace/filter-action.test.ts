/** FILTER in smtpd's access tables: whose message it is, and where that then goes. Lines of Postfix 3.7. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/core/trace/trace.js';
import { tracesOf } from '../../support/core.js';

const client = 'office.outside.example[127.0.0.3]';

function smtpd(text: string, second = 17): string {
  return `Nov 23 23:49:${second} mail postfix/smtpd[425]: ${text}`;
}

function filter(sender: string, to: string | null, port: number, queueId = 'NOQUEUE'): string {
  const stage = to === null ? 'MAIL' : 'RCPT';
  const recipient = to === null ? '' : ` to=<${to}@example.com>`;
  return smtpd(
    `${queueId}: filter: ${stage} from ${client}: <${sender}@outside.example>: Sender address triggers FILTER amavisfeed:[127.0.0.1]:${port}; from=<${sender}@outside.example>${recipient} proto=ESMTP helo=<a>`,
  );
}

function refused(sender: string, to: string): string {
  return smtpd(
    `NOQUEUE: reject: RCPT from ${client}: 550 5.1.1 <${to}@example.com>: Recipient address rejected: User unknown in local recipient table; from=<${sender}@outside.example> to=<${to}@example.com> proto=ESMTP helo=<a>`,
  );
}

function message(sender: string, to: string, port: number): string[] {
  return [
    smtpd(`E99CA2285E8: client=${client}`),
    'Nov 23 23:49:18 mail postfix/cleanup[460]: E99CA2285E8: message-id=<bozjcpog2ik@x>',
    `Nov 23 23:49:18 mail postfix/qmgr[424]: E99CA2285E8: from=<${sender}@outside.example>, size=223, nrcpt=1 (queue active)`,
    `Nov 23 23:49:18 mail postfix/lmtp[461]: connect to 127.0.0.1[127.0.0.1]:${port}: Connection refused`,
    `Nov 23 23:49:18 mail postfix/lmtp[461]: E99CA2285E8: to=<${to}@example.com>, relay=none, delay=0.42, delays=0.42/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:${port}: Connection refused)`,
  ];
}

/** The stage of the message's last hop. */
function last(lines: readonly string[]): string | undefined {
  const own = tracesOf(lines).find(({ queueIds }) => queueIds.includes('E99CA2285E8'));
  return own?.hops.at(-1)?.stage;
}

describe('where a FILTER action sends a message', () => {
  it('is a filter, when the message has no id yet', () => {
    expect(last([filter('f', 'bob', 10099), ...message('f', 'bob', 10099)])).toBe('filter');
  });

  it('is one, when the sender alone was looked up (smtpd_delay_reject=no)', () => {
    expect(last([filter('f', null, 10099), ...message('f', 'bob', 10099)])).toBe('filter');
  });

  it('is one, when the message has its id', () => {
    const [begun = '', ...rest] = message('f', 'bob', 10098);
    expect(last([begun, filter('f', 'dave', 10098, 'E99CA2285E8'), ...rest])).toBe('filter');
  });

  it('is what the last of several says, whatever the others did', () => {
    const lines = [filter('f', 'bob', 10097), filter('f', 'bob', 10099)];
    expect(last([...lines, ...message('f', 'bob', 10099)])).toBe('filter');
  });

  it('is no filter, when that is the way back or another port', () => {
    expect(last([filter('f', 'bob', 10025), ...message('f', 'bob', 10025)])).toBe('deliver');
    expect(last([filter('f', 'bob', 10099), ...message('f', 'bob', 2525)])).toBe('deliver');
  });

  it('is not found in what a client says', () => {
    const quoted = filter('f', 'bob', 10099).replaceAll(
      'f@outside.example',
      '"x>: Sender address triggers FILTER a:[127.0.0.1]:2525"@outside.example',
    );
    const [begun = '', ...rest] = message('f', 'bob', 2525);
    expect(last([begun, quoted.replace('NOQUEUE', 'E99CA2285E8'), ...rest])).toBe('deliver');
  });
});

describe('a FILTER action', () => {
  const found = (traces: readonly Trace[]): (readonly string[])[] =>
    traces.map(({ recipients }) => recipients.map(({ address }) => address).sort());

  it('is of no message, when its recipient was refused', () => {
    const lines = [filter('f', 'nosuch', 10099), refused('f', 'nosuch'), ...message('f', 'bob', 10099)];
    expect(last(lines)).toBe('deliver');
    expect(found(tracesOf(lines))).toEqual([['bob@example.com', 'nosuch@example.com']]);
  });

  it('is not of the next sender’s message in the same session', () => {
    expect(last([filter('s', null, 10099), ...message('f', 'bob', 10099)])).toBe('deliver');
  });

  it('is not of the next session’s message', () => {
    const over = smtpd(`disconnect from ${client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`);
    expect(last([filter('f', null, 10099), over, ...message('f', 'bob', 10099)])).toBe('deliver');
  });

  it('that is read again is not of a later message', () => {
    const again = [filter('f', 'bob', 10099), ...message('f', 'bob', 10099)];
    const later = message('f', 'bob', 10099).map((line) => line.replace('E99CA2285E8', 'F99CA2285E8'));
    const [, other] = tracesOf([...again, ...again.slice(0, 2), ...later]);
    expect(other?.queueIds).toEqual(['F99CA2285E8']);
    expect(other?.hops.at(-1)?.stage).toBe('deliver');
  });
});
