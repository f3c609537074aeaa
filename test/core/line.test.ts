import { describe, expect, it } from 'vitest';
import { type ClockOptions, isoTime } from '../../src/core/clock.js';
import { type Line, LineReader } from '../../src/core/line.js';

const options: ClockOptions = { notAfter: Date.parse('2026-11-24T00:00:00Z'), zone: () => 0 };

function read(raw: string): Line | undefined {
  return new LineReader(options).read(raw);
}

const BODY = '289BF16263F: client=unknown[127.0.0.1]';

describe('heads', () => {
  it.each([
    ['RFC 3164', `Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['RFC 3164 with a priority', `<22>Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['RFC 3164 with a year after the day', `Nov 23 2026 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['RFC 3164 with a year after the time', `Nov 23 00:25:29 2026 mail postfix/smtpd[15700]: ${BODY}`],
    ['RFC 3164 with a blank after the priority', `<22> Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ["a relay's name before the host", `Nov 23 00:25:29 mail mail.info postfix/smtpd[15700]: ${BODY}`],
    ['an ISO stamp without a zone', `2026-11-23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['an ISO stamp and two blanks', `2026-11-22 19:25:29-0500  mail postfix/smtpd[15700]: ${BODY}`],
    ['docker logs -t', `2026-11-23T00:25:29Z Nov 22 16:25:28 mail postfix/smtpd[15700]: ${BODY}`],
    [
      "Docker's syslog driver",
      `Nov 23 00:25:29 dockerhost docker/mailserver[812]: Nov 23 00:25:28 mail postfix/smtpd[15700]: ${BODY}`,
    ],
    [
      "Docker's syslog driver, by the id",
      `Nov 23 00:25:29 mail 3f1b2c4d5e6f[812]: postfix/smtpd[15700]: ${BODY}`,
    ],
    ['Zimbra', `Nov 23 00:25:29 mail zimbra: postfix/smtpd[15700]: ${BODY}`],
    ['RFC 3339', `2026-11-23T00:25:29+00:00 mail postfix/smtpd[15700]: ${BODY}`],
    ['RFC 3339 in another zone', `2026-11-23T01:25:29+01:00 mail postfix/smtpd[15700]: ${BODY}`],
    ['journalctl -o short-iso', `2026-11-23T01:25:29+0100 mail postfix/smtpd[15700]: ${BODY}`],
    ['RFC 5424', `<22>1 2026-11-23T00:25:29Z mail postfix/smtpd 15700 - - ${BODY}`],
    [
      'RFC 5424 with structured data',
      `<22>1 2026-11-23T00:25:29Z mail postfix/smtpd 15700 ID [a@1 b="c\\"] d"][e f="g"] ${BODY}`,
    ],
    ['Solaris', `Nov 23 00:25:29 mail postfix/smtpd[15700]: [ID 197553 mail.info] ${BODY}`],
    ['BSD with -v', `Nov 23 00:25:29 <mail.info> mail postfix/smtpd[15700]: ${BODY}`],
    ['grep -H', `/var/log/mail.log.1:Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['grep -Hn', `mail.log.1:17:Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['docker-compose', `mail    | Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['socklog', `mail.info: Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['svlogd', `2026-11-23_00:25:29.12345 mail.info: Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['a module in front', `[1:mail1:postfix/smtpd] Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['a repeated message', `Nov 23 00:25:29 mail postfix/smtpd[15700]: message repeated 2 times: [ ${BODY}]`],
    [
      "Docker's json-file",
      JSON.stringify({
        log: `Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}\n`,
        stream: 'stdout',
        time: '2026-11-23T00:25:29.1Z',
      }),
    ],
    [
      'journalctl -o json',
      JSON.stringify({
        __REALTIME_TIMESTAMP: '1795393529000000',
        SYSLOG_IDENTIFIER: 'postfix/smtpd',
        _PID: '15700',
        _HOSTNAME: 'mail',
        MESSAGE: BODY,
      }),
    ],
    [
      'journalctl -o json with a message that is no UTF-8',
      JSON.stringify({
        __REALTIME_TIMESTAMP: '1795393529000000',
        SYSLOG_IDENTIFIER: 'postfix/smtpd',
        _PID: '15700',
        _HOSTNAME: 'mail',
        MESSAGE: [...Buffer.from(BODY)],
      }),
    ],
  ])('%s', (_name, raw) => {
    expect(read(raw)).toMatchObject({
      time: Date.parse('2026-11-23T00:25:29Z') * 1000,
      host: 'mail',
      program: 'postfix/smtpd',
      pid: 15700,
      message: BODY,
      raw,
    });
  });

  it('has no host where the head has none', () => {
    expect(read(`Nov 23 00:25:29 postfix/smtpd[15700]: ${BODY}`)).toMatchObject({
      host: '',
      program: 'postfix/smtpd',
      message: BODY,
    });
  });

  it('is not made of what another program quotes', () => {
    const line = read(`Nov 23 00:25:29 mail httpd[7]: postfix/smtpd[15700]: ${BODY}`);
    expect(line?.program).toBe('httpd');
  });

  it('is taken off one carrier only', () => {
    const carried = 'Nov 23 00:25:29 mail docker/a[1]: '.repeat(20_000);
    expect(read(`${carried}postfix/smtpd[15700]: ${BODY}`)?.program).toBe('carrier');
  });

  it('keeps microseconds where the head has them', () => {
    const line = read(`2026-11-23T00:35:42.904828+00:00 mail postfix/smtpd[1]: ${BODY}`);
    expect(isoTime(line?.time ?? 0)).toBe('2026-11-23T00:35:42.904828Z');
  });

  it('knows Postfix where rsyslog cut the program at its slash', () => {
    expect(read(`<22>1 2026-11-23T00:25:29Z vm postfix 15700 - -  ${BODY}`)).toMatchObject({
      program: 'postfix',
      daemon: '',
      message: BODY,
    });
  });

  it.each([
    ['postfix/smtpd', 'postfix/smtpd', 'postfix', ''],
    ['postfix/submission/smtpd', 'postfix/smtpd', 'postfix', 'submission'],
    ['postfix/127.0.0.1:10025/smtpd', 'postfix/smtpd', 'postfix', '127.0.0.1:10025'],
    ['postfix/amavisfeed/lmtp', 'postfix/lmtp', 'postfix', 'amavisfeed'],
    ['postfix-out/smtp', 'postfix/smtp', 'postfix-out', ''],
    ['postfix/oqmgr', 'postfix/qmgr', 'postfix', ''],
    ['amavis', 'amavis', 'amavis', ''],
    ['/usr/sbin/amavisd-new', 'amavis', 'amavisd-new', ''],
  ])('tells the program of %s', (name, program, instance, service) => {
    expect(read(`Nov 23 00:25:29 mail ${name}[7]: x`)).toMatchObject({ program, instance, service, pid: 7 });
  });

  it('reads a program without a process id', () => {
    expect(read('Nov 23 00:25:29 mail dovecot: lmtp(alice)<1><x>: saved')).toMatchObject({
      program: 'dovecot',
      pid: 0,
      message: 'lmtp(alice)<1><x>: saved',
    });
  });

  it.each([
    '',
    'x',
    'Nov',
    'Nov 23',
    '{',
    '{"a":1}',
    '<22>',
    '2026-11-23',
    '\0\0\0',
    '[1:a:b] ',
    'Foo 23 00:00:00 a b: c',
  ])('says that %j has no head', (raw) => {
    expect(read(raw)).toBeUndefined();
  });
});

describe('time', () => {
  function times(lines: readonly string[], given: Partial<ClockOptions> = {}): string[] {
    const reader = new LineReader({ ...options, ...given });
    return lines.map((stamp) =>
      isoTime(reader.read(`${stamp} mail postfix/qmgr[1]: x`)?.time ?? 0).slice(0, 19),
    );
  }

  it('takes the last year in which the first line is not after the file', () => {
    expect(times(['Nov 23 10:00:00'])).toEqual(['2026-11-23T10:00:00']);
    expect(times(['Nov 26 10:00:00'])).toEqual(['2025-11-26T10:00:00']);
  });

  it('takes the year that is given for the first line', () => {
    expect(times(['Nov  1 11:28:10'], { year: 2006 })).toEqual(['2006-11-01T11:28:10']);
  });

  it('goes into the next year from December to January', () => {
    expect(times(['Dec 31 23:59:59', 'Jan  1 00:00:00'], { year: 2025 })).toEqual([
      '2025-12-31T23:59:59',
      '2026-01-01T00:00:00',
    ]);
  });

  it('goes back over New Year when the clock was set back', () => {
    expect(times(['Jan  1 00:00:02', 'Dec 31 23:59:58', 'Jan  1 00:00:01'], { year: 2026 })).toEqual([
      '2026-01-01T00:00:02',
      '2025-12-31T23:59:58',
      '2026-01-01T00:00:01',
    ]);
  });

  it('stays in the year when the clock was set back within it', () => {
    expect(times(['Nov 23 10:00:00', 'Nov 23 09:00:00', 'Nov  1 09:00:00'])).toEqual([
      '2026-11-23T10:00:00',
      '2026-11-23T09:00:00',
      '2026-11-01T09:00:00',
    ]);
  });

  it('stays in the year over a gap of many months', () => {
    expect(times(['Jan  2 00:00:00', 'Oct  2 00:00:00'], { year: 2026 })).toEqual([
      '2026-01-02T00:00:00',
      '2026-10-02T00:00:00',
    ]);
  });

  it('tells the two passes through the hour that daylight saving repeats', () => {
    // Berlin, 2026-10-25: 03:00 summer time becomes 02:00 winter time.
    const change = Date.parse('2026-10-25T01:00:00Z');
    const zone = (instant: number): number => (instant < change ? 120 : 60);
    const stamps = [
      'Oct 25 01:59:00',
      'Oct 25 02:30:00',
      'Oct 25 02:59:59',
      'Oct 25 02:00:00',
      'Oct 25 02:30:00',
      'Oct 25 03:00:00',
    ];
    expect(times(stamps, { zone })).toEqual([
      '2026-10-24T23:59:00',
      '2026-10-25T00:30:00',
      '2026-10-25T00:59:59',
      '2026-10-25T01:00:00',
      '2026-10-25T01:30:00',
      '2026-10-25T02:00:00',
    ]);
  });

  it('goes over the hour that daylight saving skips', () => {
    // Berlin, 2026-03-29: 02:00 winter time becomes 03:00 summer time.
    const change = Date.parse('2026-03-29T01:00:00Z');
    const zone = (instant: number): number => (instant < change ? 60 : 120);
    expect(times(['Mar 29 01:59:59', 'Mar 29 03:00:00'], { zone })).toEqual([
      '2026-03-29T00:59:59',
      '2026-03-29T01:00:00',
    ]);
  });
});
