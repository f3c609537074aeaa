/** Mail that a FILTER of an access map or a header check sends to a filter of its own. */
import { describe, expect, it } from 'vitest';
import { tracesOf } from '../support/core.js';
import { codesOf, diagnosed } from './helpers.js';

const beforeId = [
  'Nov 23 23:59:11 mail postfix/smtpd[550]: NOQUEUE: filter: RCPT from client.outside.example[127.0.0.2]: <carol@example.com>: Recipient address triggers FILTER amavisfeed:[127.0.0.1]:10099; from=<sender@outside.example> to=<carol@example.com> proto=ESMTP helo=<client.outside.example>',
  'Nov 23 23:59:11 mail postfix/smtpd[550]: BC6E421E496: client=client.outside.example[127.0.0.2]',
  'Nov 23 23:59:11 mail postfix/cleanup[566]: BC6E421E496: message-id=<TMWTXGASB00016@outside.example>',
  'Nov 23 23:59:11 mail postfix/qmgr[548]: BC6E421E496: from=<sender@outside.example>, size=491, nrcpt=1 (queue active)',
  'Nov 23 23:59:11 mail postfix/lmtp[569]: BC6E421E496: to=<carol@example.com>, relay=none, delay=0.02, delays=0.01/0/0.01/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10099: Connection refused)',
];

const ofAnother = [
  'Nov 23 23:59:11 mail postfix/smtpd[550]: B8E3A21E2E4: client=client.outside.example[127.0.0.2]',
  'Nov 23 23:59:11 mail postfix/smtpd[550]: B8E3A21E2E4: filter: RCPT from client.outside.example[127.0.0.2]: <carol@example.com>: Recipient address triggers FILTER amavisfeed:[127.0.0.1]:10099; from=<sender@outside.example> to=<carol@example.com> proto=ESMTP helo=<client.outside.example>',
  'Nov 23 23:59:11 mail postfix/cleanup[566]: B8E3A21E2E4: message-id=<TMWTXGARW00015@outside.example>',
  'Nov 23 23:59:11 mail postfix/qmgr[548]: B8E3A21E2E4: from=<sender@outside.example>, size=484, nrcpt=2 (queue active)',
  'Nov 23 23:59:11 mail postfix/lmtp[569]: B8E3A21E2E4: to=<bob@example.com>, relay=none, delay=0.02, delays=0.01/0.01/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10099: Connection refused)',
  'Nov 23 23:59:11 mail postfix/lmtp[569]: B8E3A21E2E4: to=<carol@example.com>, relay=none, delay=0.02, delays=0.01/0.01/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10099: Connection refused)',
];

describe('a FILTER that leads to where nobody listens', () => {
  for (const [name, lines] of Object.entries({
    'before there was an id': beforeId,
    'of another recipient': ofAnother,
  }))
    it(`is at the filter, whatever its port: ${name}`, () => {
      const [trace] = tracesOf(lines);
      expect(trace?.state).toBe('deferred');
      expect(trace?.hops.at(-1)).toMatchObject({ stage: 'filter', port: 10099, outcome: 'deferred' });
      expect(codesOf(diagnosed(lines).traces)).toEqual(['filter-refused', 'filter-action']);
    });

  it('is told by its own port', () => {
    const [{ problems } = { problems: [] }] = diagnosed(beforeId).traces;
    expect(problems[0]?.summary).toContain('127.0.0.1:10099');
    expect(problems[0]?.fix).toContain('telnet 127.0.0.1 10099');
  });

  it('is none of another sender’s, whose message came after it', () => {
    const other = beforeId.map((line) =>
      line.replace(/BC6E421E496: from=<sender@/, 'BC6E421E496: from=<other@'),
    );
    expect(codesOf(diagnosed(other).traces)).not.toContain('filter-refused');
  });

  it('says nothing of a relay that it names on another machine', () => {
    const away = ofAnother.map((line) => line.replaceAll('127.0.0.1', '192.0.2.25'));
    expect(codesOf(diagnosed(away).traces)).toEqual(['delivery-deferred']);
  });

  it('is not told of a message that came to its filter and was put off behind it', () => {
    const answered = beforeId.map((line) =>
      line
        .replace('relay=none', 'relay=127.0.0.1[127.0.0.1]:10099')
        .replace(
          /\(connect to .*\)$/,
          '(host 127.0.0.1[127.0.0.1] said: 451 4.5.0 id=00423-03 - Temporary MTA failure on relaying, from MTA(smtp:[127.0.0.1]:10025): 451 4.7.1 Service unavailable (in reply to end of DATA command))',
        ),
    );
    expect(codesOf(diagnosed(answered).traces)).not.toContain('filter-action');
  });
});
