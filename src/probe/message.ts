/** Which test message: the guide's harmless one, or a pattern that every filter is made to stop. */
export type Pattern = 'harmless' | 'gtube' | 'eicar';

export interface TestMessage {
  readonly messageId: string;
  readonly text: string;
}

/** SpamAssassin's test pattern: spam by agreement. */
const GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';
/** The EICAR test file, in two parts so that a virus scanner leaves this program alone. */
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');

const SUBJECTS: Readonly<Record<Pattern, string>> = {
  harmless: 'amavisd test - simple - no spam test pattern',
  gtube: 'amavisd test - GTUBE spam test pattern',
  eicar: 'amavisd test - EICAR virus test pattern',
};

const BODIES: Readonly<Record<Pattern, string>> = {
  harmless: 'This is a simple test message of amavtrace probe.',
  gtube: `This is a test message of amavtrace probe with the GTUBE pattern.\r\n\r\n${GTUBE}`,
  eicar: EICAR,
};

/**
 * @param unique a word that makes the Message-ID like no other.
 * @param host whose name the Message-ID has.
 */
export function testMessage(
  pattern: Pattern,
  from: string,
  to: string,
  date: Date,
  unique: string,
  host: string,
): TestMessage {
  const messageId = `amavtrace-probe.${unique}@${host}`;
  const headers = [
    `From: amavtrace probe <${from === '' ? `postmaster@${host}` : from}>`,
    `To: <${to.includes('@') ? to : `${to}@${host}`}>`,
    `Subject: ${SUBJECTS[pattern]}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${messageId}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    'Auto-Submitted: auto-generated',
  ];
  return { messageId, text: `${headers.join('\r\n')}\r\n\r\n${BODIES[pattern]}\r\n` };
}
