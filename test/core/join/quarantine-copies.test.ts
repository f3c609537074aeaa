/** Copies that amavis sends to a mailbox that is its quarantine, at log level 0. */
import { describe, expect, it } from 'vitest';
import { tracesOf } from '../../support/core.js';

const log = (id: string, copy: string): string[] =>
  [
    `postfix/smtpd[165]: ${id}: client=client.outside.example[192.0.2.2]`,
    `postfix/cleanup[250]: ${id}: message-id=<TMWTDUJCY00049@outside.example>`,
    `postfix/qmgr[164]: ${id}: from=<sender@outside.example>, size=560, nrcpt=1 (queue active)`,
    `postfix/smtpd[232]: ${copy}: client=localhost[127.0.0.1]`,
    `postfix/cleanup[250]: ${copy}: message-id=<TMWTDUJCY00049@outside.example>`,
    `postfix/qmgr[164]: ${copy}: from=<sender@outside.example>, size=1289, nrcpt=1 (queue active)`,
    `postfix/local[259]: ${copy}: to=<quarantine@example.com>, relay=local, delay=0.01, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)`,
    `postfix/qmgr[164]: ${copy}: removed`,
    `amavis[596]: (00596-${id.slice(0, 2)}) Blocked SPAM {DiscardedInbound,Quarantined}, [192.0.2.2]:42971 <sender@outside.example> -> <alice@example.com>, quarantine: quarantine@example.com, Queue-ID: ${id}, Message-ID: <TMWTDUJCY00049@outside.example>, mail_id: IjbhQYTp${id.slice(0, 4)}, Hits: 8.1, size: 560, 191 ms`,
    `postfix/lmtp[523]: ${id}: to=<alice@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.62, delays=0.01/0.39/0.03/0.19, dsn=2.7.0, status=sent (250 2.7.0 Ok, discarded, id=00596-${id.slice(0, 2)} - spam)`,
    `postfix/qmgr[164]: ${id}: removed`,
  ].map((line) => `Nov 23 14:50:24 mail ${line}`);

const family = (lines: readonly string[]): unknown[] =>
  tracesOf(lines)
    .map(({ queueIds, children, parent }) => [
      queueIds.join(),
      children.map(({ queueId, kind }) => `${kind} ${queueId}`).join(),
      parent?.id ?? null,
    ])
    .toSorted();

describe('a copy in a mailbox of the quarantine', () => {
  it('is a child of the message, known by the Message-ID and the mailbox that amavis names', () => {
    expect(family(log('4665A22832B', '5595F2282FC'))).toEqual([
      ['4665A22832B', 'notification 5595F2282FC', null],
      ['5595F2282FC', '', 'IjbhQYTp4665'],
    ]);
  });

  it("is nobody's where two messages have that Message-ID at once", () => {
    expect(family([...log('4665A22832B', '5595F2282FC'), ...log('7765A22832B', '8895F2282FC')])).toEqual([
      ['4665A22832B', '', null],
      ['5595F2282FC', '', null],
      ['7765A22832B', '', null],
      ['8895F2282FC', '', null],
    ]);
  });

  it('is another message where it went to somebody else', () => {
    const lines = log('4665A22832B', '5595F2282FC').map((line) =>
      line.replace('to=<quarantine@', 'to=<bob@'),
    );
    expect(family(lines)).toEqual([
      ['4665A22832B', '', null],
      ['5595F2282FC', '', null],
    ]);
  });
});
