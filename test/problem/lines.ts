/** Lines of made-up mail, as Postfix and amavis write them. */

const head = (at: string, program: string): string => `Nov 23 ${at} mail ${program}`;

/** A clean message through the filter: queue id before, queue id behind, recipient. */
export function cleanMail(
  q1: string,
  q2: string,
  to = 'alice@example.com',
  at = '00:20:01',
  ms = 180,
): string[] {
  return [
    ...received(q1, { at }),
    `${head(at, 'postfix/smtpd[201]')}: ${q2}: client=localhost[127.0.0.1]`,
    `${head(at, 'postfix/cleanup[102]')}: ${q2}: message-id=<${q1}@outside.example>`,
    active(q2, at),
    verdict(q1, q2, to, at, ms),
    delivered(q2, to, at),
    removed(q2, at),
    fed(q1, q2, to, at),
    removed(q1, at),
  ];
}

export function received(
  q: string,
  { at = '00:20:01', client = 'mx.outside.example[192.0.2.7]' }: { at?: string; client?: string } = {},
): string[] {
  return [
    `${head(at, 'postfix/smtpd[101]')}: ${q}: client=${client}`,
    `${head(at, 'postfix/cleanup[102]')}: ${q}: message-id=<${q}@outside.example>`,
    active(q, at),
  ];
}

export function active(q: string, at = '00:20:01'): string {
  return `${head(at, 'postfix/qmgr[100]')}: ${q}: from=<sender@outside.example>, size=400, nrcpt=1 (queue active)`;
}

export function removed(q: string, at = '00:20:01'): string {
  return `${head(at, 'postfix/qmgr[100]')}: ${q}: removed`;
}

export function verdict(q1: string, q2: string, to = 'alice@example.com', at = '00:20:01', ms = 180): string {
  const run = `${Number.parseInt(q1.slice(0, 4), 16)}-${String(Number.parseInt(q2.slice(0, 4), 16) % 90).padStart(2, '0')}`;
  return `${head(at, 'amavis[300]')}: (${run}) Passed CLEAN {RelayedInbound}, [192.0.2.7]:4100 <sender@outside.example> -> <${to}>, Queue-ID: ${q1}, Message-ID: <${q1}@outside.example>, mail_id: ${q2}xx, Hits: -1, size: 400, queued_as: ${q2}, ${ms} ms`;
}

export function delivered(q: string, to = 'alice@example.com', at = '00:20:01', origTo = ''): string {
  const original = origTo === '' ? '' : `orig_to=<${origTo}>, `;
  return `${head(at, 'postfix/local[400]')}: ${q}: to=<${to}>, ${original}relay=local, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (delivered to maildir)`;
}

export function fed(
  q1: string,
  q2: string,
  to = 'alice@example.com',
  at = '00:20:01',
  delays = '0/0/0/0.2',
): string {
  return toFilter(q1, `sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${q2})`, {
    to,
    at,
    delays,
  });
}

/** A delivery line of the feed: `status (text)`. */
export function toFilter(
  q: string,
  outcome: string,
  {
    to = 'alice@example.com',
    at = '00:20:01',
    delays = '0/0/0/0.2',
    relay = '127.0.0.1[127.0.0.1]:10024',
    origTo = '',
  }: { to?: string; at?: string; delays?: string; relay?: string; origTo?: string } = {},
): string {
  const original = origTo === '' ? '' : `orig_to=<${origTo}>, `;
  const dsn = outcome.startsWith('sent') ? '2.0.0' : '4.4.1';
  return `${head(at, 'postfix/lmtp[500]')}: ${q}: to=<${to}>, ${original}relay=${relay}, delay=1, delays=${delays}, dsn=${dsn}, status=${outcome}`;
}

export function refused(q: string, at: string, port = 10024): string[] {
  const reason = `connect to 127.0.0.1[127.0.0.1]:${port}: Connection refused`;
  return [
    `${head(at, 'postfix/lmtp[500]')}: ${reason}`,
    toFilter(q, `deferred (${reason})`, { at, relay: 'none', delays: '0/0/0/0' }),
  ];
}

/** Enough filtered mail to example.com that the system is known to filter it. */
export function usualMail(count = 6): string[] {
  return Array.from({ length: count }, (_, n) => {
    const id = (0x10000 + n).toString(16).toUpperCase();
    return cleanMail(`A${id}0001`, `B${id}0002`, 'alice@example.com', `00:1${n % 10}:00`);
  }).flat();
}
