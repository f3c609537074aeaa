import { describe, expect, it } from 'vitest';
import { groupStuck } from '../../src/core/problem/stuck.js';
import { codesOf, diagnosed } from './helpers.js';

const MINUTE = 60_000_000;

/** Postfix 3.7 while nothing listens at 10024. */
const waiting = [
  'Nov 23 23:49:04 mail postfix/smtpd[165]: E12E5228559: client=office.outside.example[127.0.0.3]',
  'Nov 23 23:49:05 mail postfix/cleanup[218]: E12E5228559: message-id=<zz1@x>',
  'Nov 23 23:49:05 mail postfix/qmgr[164]: E12E5228559: from=<s1@outside.example>, size=217, nrcpt=1 (queue active)',
  'Nov 23 23:49:05 mail postfix/lmtp[247]: connect to 127.0.0.1[127.0.0.1]:10024: Connection refused',
  'Nov 23 23:49:05 mail postfix/lmtp[247]: E12E5228559: to=<alice@example.com>, relay=none, delay=0.42, delays=0.42/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
];
const heldAll = 'Nov 23 23:49:06 mail postfix/postsuper[299]: Placed on hold: 3 messages';
const releasedAll = 'Nov 23 23:49:07 mail postfix/postsuper[300]: Released from hold: 3 messages';
const deletedAll = 'Nov 23 23:49:08 mail postfix/postsuper[302]: Deleted: 3 messages';
const triedAgain = [
  'Nov 23 23:54:10 mail postfix/qmgr[164]: E12E5228559: from=<s1@outside.example>, size=217, nrcpt=1 (queue active)',
  'Nov 23 23:54:10 mail postfix/lmtp[247]: E12E5228559: to=<alice@example.com>, relay=none, delay=305, delays=305/0/0/0, dsn=4.4.1, status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
];

const codes = (...lines: string[]): string[] => codesOf(diagnosed([...waiting, ...lines]).traces).sort();

/** The groups of `stuck`, so many minutes later. */
function stuck(minutes: number, ...lines: string[]): (string | null)[] {
  const now = Date.parse('2026-11-23T23:49:08Z') * 1000 + minutes * MINUTE;
  return groupStuck(diagnosed([...waiting, ...lines]).traces, { now, backoff: null }).map(({ code }) => code);
}

describe('mail that waited when postsuper deleted all', () => {
  it('may be gone, and the line that says how many were deleted shows it', () => {
    const [trace] = diagnosed([...waiting, deletedAll]).traces;
    const problem = trace?.problems.find(({ code }) => code === 'queue-cleared');
    expect(problem).toMatchObject({
      resolved: false,
      queueId: 'E12E5228559',
      summary:
        'Probably deleted from the queue by hand: postsuper deleted 3 messages without naming them, at 2026-11-23T23:49:08.000Z',
    });
    expect(problem?.evidence[0]).toBe(deletedAll);
  });

  it('is told so whatever postsuper did to all before and after', () => {
    expect(codes(heldAll, releasedAll, deletedAll)).toContain('queue-cleared');
    expect(codes(deletedAll, heldAll.replace('49:06', '49:09'))).toContain('queue-cleared');
  });

  it('is still there once the queue manager names it again', () => {
    expect(codes(deletedAll, ...triedAgain)).toEqual(['filter-refused']);
  });

  it('is not meant by a deletion that names its messages, in whatever order its lines come', () => {
    const named = 'Nov 23 23:49:08 mail postfix/postsuper[302]: 812FE228586: removed';
    const one = deletedAll.replace('3 messages', '1 message');
    expect(codes(named, one)).not.toContain('queue-cleared');
    expect(codes(one, named)).not.toContain('queue-cleared');
  });

  it.each([
    ['that found none', deletedAll.replace('3 messages', '0 messages')],
    ['before it came', deletedAll.replace('23:49:08', '23:49:01')],
    ['on another host', deletedAll.replace('mail', 'other')],
    ['of another instance', deletedAll.replace('postfix/', 'postfix-out/')],
  ])('is not meant by a deletion %s', (_, line) => {
    expect(codes(line)).toEqual(['filter-refused']);
  });

  it('is a cause of its own in stuck, until its next attempt is long overdue', () => {
    expect(stuck(0, deletedAll)).toEqual(['queue-cleared']);
    expect(stuck(60, deletedAll)).toEqual(['queue-cleared']);
    expect(stuck(180, deletedAll)).toEqual([]);
    expect(stuck(180)).toEqual(['filter-refused']);
  });
});

describe('mail that waited when postsuper placed all on hold', () => {
  it('may be on hold', () => {
    expect(codes(heldAll)).toEqual(['filter-refused', 'queue-held']);
  });

  it('is as before once all are released', () => {
    expect(codes(heldAll, releasedAll)).toEqual(['filter-refused']);
  });

  it('is on hold beyond doubt where its own line says so', () => {
    const own = 'Nov 23 23:49:06 mail postfix/postsuper[290]: E12E5228559: placed on hold';
    expect(codes(own, heldAll)).toEqual(['filter-refused', 'held']);
  });
});
