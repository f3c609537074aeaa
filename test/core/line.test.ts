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
    ['blanks behind the line', `Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY} \t `],
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
    ['RFC 3339 as syslog-ng writes it', `2026-11-23T01:25:29.000+01:00 mail postfix/smtpd[15700]: ${BODY}`],
    ['journalctl -o short-precise', `Nov 23 00:25:29.000000 mail postfix/smtpd[15700]: ${BODY}`],
    ['journalctl -o short-iso-precise', `2026-11-23T01:25:29.000000+0100 mail postfix/smtpd[15700]: ${BODY}`],
    ['journalctl -o short-full', `Mon 2026-11-23 00:25:29 UTC mail postfix/smtpd[15700]: ${BODY}`],
    [
      'journalctl -o short-full, the zone a number',
      `Sun 2026-11-22 21:25:29 -03 mail postfix/smtpd[15700]: ${BODY}`,
    ],
    [
      'journalctl -o short-full, the zone the machine’s',
      `Mon 2026-11-23 00:25:29 CET mail postfix/smtpd[15700]: ${BODY}`,
    ],
    ['journalctl -o short-unix', `1795393529.000000 mail postfix/smtpd[15700]: ${BODY}`],
    ['a ctime stamp', `Mon Nov 23 00:25:29 2026 mail postfix/smtpd[15700]: ${BODY}`],
    ['a facility after the host', `Nov 23 00:25:29 mail mail.info postfix/smtpd[15700]: ${BODY}`],
    [
      'docker logs -t, twice stamped',
      `2026-11-23T00:25:29.000000000Z 2026-11-22T16:25:28.904828-08:00 mail postfix/smtpd[15700]: ${BODY}`,
    ],
    [
      'CRI, as kubelet and podman keep it',
      `2026-11-23T00:25:29.000000000Z stdout F Nov 23 00:25:28 mail postfix/smtpd[15700]: ${BODY}`,
    ],
    [
      'CRI with a zone, over an ISO stamp',
      `2026-11-23T01:25:29.000000000+01:00 stderr F 2026-11-23T00:25:28.1+00:00 mail postfix/smtpd[15700]: ${BODY}`,
    ],
    [
      'kubectl logs --prefix --timestamps',
      `[pod/mail-0/postfix] 2026-11-23T00:25:29.000000000Z Nov 23 00:25:28 mail postfix/smtpd[15700]: ${BODY}`,
    ],
    [
      'docker compose logs -t',
      `mail-1  | 2026-11-23T00:25:29.000000000Z Nov 23 00:25:28 mail postfix/smtpd[15700]: ${BODY}`,
    ],
    [
      'docker’s json-file',
      JSON.stringify({
        log: `Nov 23 00:25:28 mail postfix/smtpd[15700]: ${BODY}\n`,
        stream: 'stdout',
        time: '2026-11-23T00:25:29.000000000Z',
      }),
    ],
    ['Solaris', `Nov 23 00:25:29 mail postfix/smtpd[15700]: [ID 197553 mail.info] ${BODY}`],
    ['BSD with -v', `Nov 23 00:25:29 <mail.info> mail postfix/smtpd[15700]: ${BODY}`],
    ['grep -H', `/var/log/mail.log.1:Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['grep -Hn', `mail.log.1:17:Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['docker-compose', `mail    | Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['socklog', `mail.info: Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['svlogd', `2026-11-23_00:25:29.12345 mail.info: Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['multilog', `@4000000065e63f3b12345678 Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['an indent', `    Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['a citation', `>> Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['an editor that shows numbers', `  17 Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['less -N', `     17 2026-11-23T00:25:29Z mail postfix/smtpd[15700]: ${BODY}`],
    ['cat -n', `    17\tNov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['s6-log', `2026-11-23 00:25:29.000000000  Nov 23 00:25:28 mail postfix/smtpd[15700]: ${BODY}`],
    ['a severity before the host', `2026-11-23T00:25:29.0Z INFO mail postfix/smtpd[15700]: ${BODY}`],
    ['a module in front', `[1:mail1:postfix/smtpd] Nov 23 00:25:29 mail postfix/smtpd[15700]: ${BODY}`],
    ['a repeated message', `Nov 23 00:25:29 mail postfix/smtpd[15700]: message repeated 2 times: [ ${BODY}]`],
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

  it.each([
    ['Polish', 'maj 10', '2026-05-10'],
    ['Italian', 'mag 04', '2026-05-04'],
    ['German', 'Okt 18', '2026-10-18'],
    ['Spanish', 'ene 02', '2026-01-02'],
    ['Portuguese', 'out 03', '2026-10-03'],
    ['Dutch', 'mrt 04', '2026-03-04'],
  ])('reads the months of journalctl in %s', (_name, day, date) => {
    expect(read(`${day} 15:44:02 mail postfix/smtpd[15700]: ${BODY}`)).toMatchObject({
      time: Date.parse(`${date}T15:44:02Z`) * 1000,
      host: 'mail',
      message: BODY,
    });
  });

  it.each([
    ['Postfix’ own', `Nov 23 00:25:29 postfix/smtpd[15700]: ${BODY}`],
    ['a severity in its place', `2026-11-23T00:25:29.0+00:00 WARNING postfix/smtpd[15700]: ${BODY}`],
    ['a severity and blanks', `2026-11-23T00:25:29.0+00:00 INFO    postfix/smtpd[15700]: ${BODY}`],
    ['OpenWrt’s logread', `Mon Nov 23 00:25:29 2026 mail.info postfix/smtpd[15700]: ${BODY}`],
    [
      'OpenWrt’s logread -t',
      `Mon Nov 23 00:25:29 2026 [1795393529.123] mail.info postfix/smtpd[15700]: ${BODY}`,
    ],
    [
      'docker logs -t, where the container writes no stamp',
      `2026-11-23T00:25:29.0Z postfix/smtpd[15700]: ${BODY}`,
    ],
    ['CRI, where it writes none', `2026-11-23T00:25:29.000000000Z stdout F postfix/smtpd[15700]: ${BODY}`],
    [
      'docker’s json-file, where it writes none',
      `{"log":"postfix/smtpd[15700]: ${BODY}\\n","stream":"stdout","time":"2026-11-23T00:25:29.000000000Z"}`,
    ],
  ])('has no host where the head has none: %s', (_name, raw) => {
    expect(read(raw)).toMatchObject({
      time: Date.parse('2026-11-23T00:25:29Z') * 1000,
      host: '',
      program: 'postfix/smtpd',
      pid: 15700,
      message: BODY,
    });
  });

  it.each([
    ['postfix@-.service', 'postfix', 'postfix'],
    ['postfix.service', 'postfix', 'postfix'],
    ['postfix@postfix-out.service', 'postfix', 'postfix-out'],
    ['amavis.service', 'amavis', 'amavis'],
    ['dovecot.service', 'dovecot', 'dovecot'],
  ])('knows the program by its unit in journalctl -o with-unit: %s', (unit, program, instance) => {
    expect(read(`Mon 2026-11-23 00:25:29 UTC mail ${unit}[15700]: ${BODY}`)).toMatchObject({
      host: 'mail',
      program,
      instance,
      pid: 15700,
      message: BODY,
    });
  });

  it.each([
    ['-- Journal begins at Mon 2026-11-23 00:00:01 UTC, ends at Mon 2026-11-23 00:35:42 UTC. --'],
    ['-- Logs begin at Mon 2026-11-23 00:00:01 UTC, end at Mon 2026-11-23 00:35:42 UTC. --'],
    ['-- Boot 3c1f0f0f6d2b4f0c9b6e2b5c9a1d7e11 --'],
    ['-- Reboot --'],
    ['-- No entries --'],
    ['-- cursor: s=0639;i=4e2;b=3c1f;m=1;t=5f1;x=9'],
    ['{"log":"starting postfix\\n","stream":"stdout","time":"2026-11-23T00:25:29.000000000Z"}'],
    ['{"log":"Nov 23 00:25:28 mail postfix/smtpd[15700]: x\\n"}'],
    ['Mon 2026-11-23 00:25'],
    ['Mon Nov 23'],
    ['Mon 2026-13-41 00:25:29 UTC mail a: b'],
  ])('reads no line out of %s', (raw) => {
    expect(read(raw)).toBeUndefined();
  });

  it('forgets a container engine’s words from line to line', () => {
    const reader = new LineReader(options);
    const stamp = '2026-11-23T00:25:29.000000000Z stdout F';
    expect(reader.read(`${stamp} starting the container`)).toMatchObject({ program: '' });
    expect(reader.read(`${stamp} Nov 23 00:25:28 mail postfix/smtpd[15700]: ${BODY}`)).toMatchObject({
      host: 'mail',
      program: 'postfix/smtpd',
    });
  });

  it('is not made of what another program quotes', () => {
    const line = read(`Nov 23 00:25:29 mail httpd[7]: postfix/smtpd[15700]: ${BODY}`);
    expect(line?.program).toBe('httpd');
  });

  it('is taken off one carrier only', () => {
    const carried = 'Nov 23 00:25:29 mail docker/a[1]: '.repeat(20_000);
    expect(read(`${carried}postfix/smtpd[15700]: ${BODY}`)?.program).toBe('carrier');
    for (const stamp of ['2026-11-23T00:25:29Z ', '2026-11-23T00:25:29Z stdout F '])
      expect(read(`${stamp.repeat(20_000)}postfix/smtpd[15700]: ${BODY}`)?.program ?? '').toBe('');
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
    ['postfix/policyd-weight', 'policyd-weight', 'policyd-weight', ''],
    ['postfix-policyd', 'postfix-policyd', 'postfix-policyd', ''],
    ['amavisd-milter', 'amavisd-milter', 'amavisd-milter', ''],
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

  function firstYear(stamps: readonly string[], given: Partial<ClockOptions> = {}): number | undefined {
    const reader = new LineReader({ ...options, ...given });
    for (const stamp of stamps) reader.read(`${stamp} mail postfix/qmgr[1]: x`);
    return reader.firstYear;
  }

  it('knows how often a stream went over New Year once it was read', () => {
    expect(firstYear(['Nov 20 10:00:00', 'Nov 23 10:00:00'])).toBe(2026);
    expect(firstYear(['Nov 23 10:00:00', 'Mar  1 10:00:00', 'Nov 22 10:00:00'])).toBe(2025);
    expect(firstYear(['Mar  1 00:00:00', 'Dec 31 23:00:00', 'Jan  1 00:00:00', 'Nov 23 10:00:00'])).toBe(
      2025,
    );
    expect(firstYear(['Dec 31 10:00:00', 'Jan  1 10:00:00', 'Dec  1 10:00:00', 'Jan  5 10:00:00'])).toBe(
      2024,
    );
  });

  it.each([
    [
      'the clock set back at a New Year',
      ['Dec 31 23:59:59', 'Jan  1 00:00:01', 'Dec 31 22:00:00', 'Jan  1 00:00:02'],
    ],
    [
      'late lines',
      ['Dec 31 23:59:58', 'Jan  1 00:00:00', 'Dec 31 23:59:59', 'Jan  1 00:00:01', 'Dec 31 23:59:59'],
    ],
    [
      'the clock set back by hours',
      ['Dec 31 23:59:59', 'Jan  1 04:00:00', 'Jan  1 01:00:00', 'Mar  1 00:00:00'],
    ],
  ])('counts one New Year over %s', (_name, stamps) => {
    expect(firstYear([...stamps, 'Mar 10 10:00:00'])).toBe(2025);
    expect(firstYear(['Mar 10 10:00:00', ...stamps, 'Mar 20 10:00:00'])).toBe(2025);
  });

  it('takes a leap year for a Feb 29, whenever it comes', () => {
    expect(times(['Feb 29 10:00:00'])).toEqual(['2024-02-29T10:00:00']);
    expect(firstYear(['Jan  1 10:00:00', 'Feb 29 10:00:00', 'Mar  1 10:00:00'])).toBe(2024);
    expect(firstYear(['Dec  1 10:00:00', 'Feb 29 10:00:00'])).toBe(2023);
  });

  it('reads Feb 29 as Mar 1 in a year that is given and has none', () => {
    expect(times(['Feb 28 23:00:00', 'Feb 29 10:00:00', 'Mar  1 00:00:00'], { year: 2026 })).toEqual([
      '2026-02-28T23:00:00',
      '2026-03-01T10:00:00',
      '2026-03-01T00:00:00',
    ]);
  });

  it('knows no first year where stamps have theirs', () => {
    expect(firstYear(['2026-11-23T00:25:29Z', 'Nov 23 2026 00:25:29'])).toBeUndefined();
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
