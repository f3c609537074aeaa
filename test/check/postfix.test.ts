// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Postfix' own syntax
import { describe, expect, test } from 'vitest';
import { expand } from '../../src/check/postfix/expand.js';
import { listOf, parameter, secondsOf } from '../../src/check/postfix/instance.js';
import { parseMainCf } from '../../src/check/postfix/main-cf.js';
import { applyPostconfP, parseMasterCf } from '../../src/check/postfix/master-cf.js';
import { instanceOf } from './configure.js';

describe('main.cf', () => {
  const settings = (text: string) => parseMainCf({ file: 'main.cf', text }).settings;

  test('a line that begins with whitespace continues the one before, comments between them do not end it', () => {
    const text =
      'smtpd_recipient_restrictions =\n  permit_mynetworks,\n# a word on this\n\n\treject\nbiff = no\n';
    expect(listOf(settings(text).get('smtpd_recipient_restrictions')?.value ?? '')).toEqual([
      'permit_mynetworks',
      'reject',
    ]);
    expect(settings(text).get('biff')?.place).toEqual({ file: 'main.cf', line: 6 });
  });

  test('the last of several assignments counts, an empty value is one', () => {
    const read = settings(
      'content_filter=amavisfeed:[127.0.0.1]:10024\n content_ignored\ncontent_filter =\n',
    );
    expect(read.get('content_filter')).toEqual({
      name: 'content_filter',
      value: '',
      place: { file: 'main.cf', line: 3 },
    });
  });

  test('a line without = is kept as unreadable', () => {
    expect(parseMainCf({ file: 'main.cf', text: 'biff = no\nsmtpd_banner\n' }).unreadable).toEqual([
      { file: 'main.cf', line: 2 },
    ]);
  });
});

describe('master.cf', () => {
  const services = (text: string) => parseMasterCf({ file: 'master.cf', text }).services;

  test('columns and -o options are read, each option with its own line', () => {
    const [service] = services(
      '# comment\nsmtps inet n - y - 5 smtpd -v\n  -o smtpd_tls_wrappermode=yes\n#  -o biff=no\n  -o syslog_name=postfix/smtps\n',
    );
    expect(service).toMatchObject({
      name: 'smtps',
      type: 'inet',
      maxproc: '5',
      command: 'smtpd',
      place: { line: 2 },
    });
    expect([...(service?.options.values() ?? [])]).toEqual([
      { name: 'smtpd_tls_wrappermode', value: 'yes', place: { file: 'master.cf', line: 3 } },
      { name: 'syslog_name', value: 'postfix/smtps', place: { file: 'master.cf', line: 5 } },
    ]);
  });

  test('a value in braces keeps its spaces, and is no mistake', () => {
    const [service] = services(
      'a unix - - n - 2 lmtp\n  -o { smtpd_client_restrictions = permit_mynetworks, reject }\n  -omax_use=20\n',
    );
    expect(service?.options.get('smtpd_client_restrictions')?.value).toBe('permit_mynetworks, reject');
    expect(service?.options.get('max_use')?.value).toBe('20');
    expect(service?.spaced).toEqual([]);
  });

  test('whitespace in an option is kept as what was meant, and marked', () => {
    const [service] = services('a unix - - n - 2 lmtp\n  -o max_use = 20\n  -o syslog_name=x\n');
    expect(service?.options.get('max_use')?.value).toBe('20');
    expect(service?.spaced).toMatchObject([{ name: 'max_use', written: 'max_use = 20' }]);
  });

  test('the words of pipe and spawn belong to no option', () => {
    const [service] = services(
      'old unix - n n - - pipe\n  -o max_use=1 flags=R user=cyrus argv=/bin/deliver -m ${extension} ${user}\n',
    );
    expect(service?.spaced).toEqual([]);
    expect([...(service?.options.keys() ?? [])]).toEqual(['max_use']);
  });

  test("postconf -P's reading replaces the file's, line numbers stay", () => {
    const read = services('127.0.0.1:10025 inet n - n - - smtpd\n  -o { content_filter = }\n');
    const [service] = applyPostconfP(read, {
      file: 'postconf -P',
      text: '127.0.0.1:10025/inet/content_filter =\n127.0.0.1:10025/inet/mynetworks = 127.0.0.0/8\n',
    });
    expect([...(service?.options.values() ?? [])]).toEqual([
      { name: 'content_filter', value: '', place: { file: 'master.cf', line: 2 } },
      { name: 'mynetworks', value: '127.0.0.0/8', place: { file: 'postconf -P', line: null } },
    ]);
  });
});

describe('$parameter', () => {
  const values: Record<string, string> = {
    host: 'mail.$domain',
    domain: 'example.com',
    empty: '',
    loop: '$loop',
  };
  const of = (text: string) => expand(text, (name) => values[name]);

  test.each([
    ['$host', 'mail.example.com'],
    ['${host}:25', 'mail.example.com:25'],
    ['$(domain)', 'example.com'],
    ['a$$b', 'a$b'],
    ['${empty?set}${empty:unset}', 'unset'],
    ['${domain?{yes $domain}:{no}}', 'yes example.com'],
    ['${empty?{yes}:{no}}', 'no'],
    ['${{$domain} == {example.com} ? {same} : {other}}', 'same'],
    ['${{$domain} != {example.com} ? {other} : {same}}', 'same'],
  ])('%s is %s', (text, expected) => {
    expect(of(text)).toEqual({ text: expected });
  });

  test('a name without a value makes the whole unknown', () => {
    expect(of('$domain $site')).toEqual({ unknown: '$site' });
  });

  test('a name that leads to itself ends as unknown', () => {
    expect(of('$loop')).toHaveProperty('unknown');
  });

  test('names that multiply end as unknown, soon', () => {
    const doubling = (name: string) => `$${name}x$${name}x`;
    expect(expand('$a', doubling)).toHaveProperty('unknown');
  });
});

describe('the value of a parameter', () => {
  const instance = instanceOf(
    'max_use = 50\nsite = 7\n',
    'a unix - - n - 2 lmtp\n  -o max_use=$site\nb unix - - n - 2 lmtp\n',
  );
  const [a, b] = instance.master.services;

  test('is that of -o, before main.cf, before the built-in one', () => {
    expect(parameter(instance, 'max_use', a)).toMatchObject({ value: '7', origin: 'option' });
    expect(parameter(instance, 'max_use', b)).toMatchObject({ value: '50', origin: 'main' });
    expect(parameter(instance, 'disable_dns_lookups', b)).toMatchObject({
      value: 'no',
      origin: 'default',
      place: null,
    });
  });

  test('is unknown where the machine decides', () => {
    expect(parameter(instance, 'mynetworks').value).toBeNull();
  });

  test('times are read with and without their unit', () => {
    expect([
      secondsOf('1200'),
      secondsOf('1200s'),
      secondsOf('20m'),
      secondsOf('1h'),
      secondsOf('soon'),
    ]).toEqual([1200, 1200, 1200, 3600, undefined]);
  });
});
