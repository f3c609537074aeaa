/** The messages that are sent: each has a token of its own, so that a copy found anywhere tells whose it is. */

/** What makes the filter treat a message as it does. */
type Kind = 'clean' | 'spam' | 'virus' | 'banned' | 'bad header';

export interface Mail {
  readonly from?: string;
  readonly to: readonly string[];
  readonly kind?: Kind;
  /** Replaces `<token@outside.example>`; null: the message has no Message-ID. */
  readonly messageId?: string | null;
  readonly subject?: string;
  /** Further lines of text: `LAB-SLEEP-5` keeps the virus scanner busy for 5 seconds. */
  readonly text?: string;
  /** Bytes of padding in the body. */
  readonly padding?: number;
}

let count = 0;

/** Another token, unlike any other in this or an earlier run. */
export function nextToken(): string {
  count += 1;
  return `T${Date.now().toString(36).toUpperCase()}${count.toString().padStart(5, '0')}`;
}

/** Finds the tokens in a text. The Message-ID is that of the messages that `amavtrace probe` sends. */
export const tokenPattern =
  /^[ \t>]*(?:X-Lab-Token: (?<token>T[0-9A-Z]+)|Message-ID: <(?<probe>amavtrace-probe\.[^>]+)>)/gim;

/** The test pattern that SpamAssassin's own rules score with 1000 points. */
const gtube = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';

/** The message as it goes over the wire. */
export function compose(mail: Mail, token: string): string {
  const kind = mail.kind ?? 'clean';
  const messageId = mail.messageId === undefined ? `${token}@outside.example` : mail.messageId;
  const headers = [
    `From: Sender <${mail.from ?? 'sender@outside.example'}>`,
    `To: ${mail.to.slice(0, 3).join(', ')}`,
    `Subject: ${mail.subject ?? `lab ${kind}`}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    ...(messageId === null ? [] : [`Message-ID: <${messageId}>`]),
    `X-Lab-Token: ${token}`,
    'MIME-Version: 1.0',
  ];
  // Bytes above 127 outside an encoded word are what amavis calls a bad header.
  if (kind === 'bad header') headers.push('X-Note: caf\u00e9');
  const lines = ['This is a message of the lab.', ...(mail.text === undefined ? [] : [mail.text])];
  if (kind === 'spam') lines.push(gtube);
  if (kind === 'virus') lines.push('LAB-VIRUS');
  for (let left = mail.padding ?? 0; left > 0; left -= 72) lines.push('x'.repeat(Math.min(left, 70)));
  const plain = ['Content-Type: text/plain; charset=us-ascii'];
  if (kind !== 'banned') return [...headers, ...plain, '', ...lines, ''].join('\r\n');
  return [
    ...headers,
    'Content-Type: multipart/mixed; boundary="lab"',
    '',
    '--lab',
    ...plain,
    '',
    ...lines,
    '--lab',
    'Content-Type: application/octet-stream; name="setup.exe"',
    'Content-Disposition: attachment; filename="setup.exe"',
    '',
    'not really a program',
    '--lab--',
    '',
  ].join('\r\n');
}
