import { describe, expect, test } from 'vitest';
import { audit } from '../../src/check/audit.js';
import { understand } from '../../src/check/setup.js';
import { configure, GUIDE, instanceOf, patch, type Texts } from './configure.js';
import { SOUND } from './variants.js';

const STOCK =
  'smtp inet n - n - - smtpd\npickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nsmtp unix - - n - - smtp\n';
/** As Postfix' own SMTPD_PROXY_README has it. */
const BEFORE_QUEUE = `smtp inet n - n - 2 smtpd
    -o smtpd_proxy_filter=127.0.0.1:10024
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
127.0.0.1:10025 inet n - n - - smtpd
    -o smtpd_authorized_xforward_hosts=127.0.0.0/8
    -o smtpd_client_restrictions=
    -o smtpd_helo_restrictions=
    -o smtpd_sender_restrictions=
    -o smtpd_relay_restrictions=
    -o smtpd_recipient_restrictions=permit_mynetworks,reject
    -o smtpd_data_restrictions=
    -o mynetworks=127.0.0.0/8
    -o receive_override_options=no_unknown_recipient_checks
`;
const codes = (texts: Texts): string[] => {
  const loud = audit(configure(texts)).filter(({ severity }) => severity !== 'ok');
  return [...new Set(loud.map(({ code }) => code))];
};

describe('the kind of set-up decides which rules apply', () => {
  test('no filter at all is said and nothing else is judged', () => {
    const texts = { main: 'myhostname = mail.example.com\n', master: STOCK, amavisd: null };
    expect(understand(configure(texts)).mode).toBe('none');
    expect(codes(texts)).toEqual(['front-setup']);
  });

  test('filtering before the queue is not held against the rules for after the queue', () => {
    const texts = {
      main: 'virtual_alias_maps = hash:/etc/postfix/virtual\n',
      master: BEFORE_QUEUE,
      amavisd: `${GUIDE.amavisd}$final_spam_destiny = D_REJECT;\n`,
    };
    const setup = understand(configure(texts));
    expect(setup.mode).toBe('before-queue');
    expect(setup.proxies.map(({ value }) => value)).toEqual(['127.0.0.1:10024']);
    const loud = codes(texts);
    expect(loud.filter((code) => !code.startsWith('reinject-'))).toEqual([]);
    expect(loud).not.toContain('reinject-header-checks');
  });

  test('a proxied port where amavis does not listen is an error', () => {
    const texts = { main: 'smtpd_proxy_filter = 127.0.0.1:10026\n', master: STOCK, amavisd: GUIDE.amavisd };
    const finding = audit(configure(texts)).find(({ code }) => code === 'front-address');
    expect(finding?.severity).toBe('error');
    expect(finding?.fix).toBe('    -o smtpd_proxy_filter=[127.0.0.1]:10024');
  });

  test('a milter needs no port, no feed and no way back', () => {
    const texts = {
      main: 'smtpd_milters = unix:/run/amavis/amavisd-milter.sock\n',
      master: STOCK,
      amavisd:
        "$mydomain = 'example.com';\n@local_domains_maps = ( [\".$mydomain\"] );\n$unix_socketname = '/run/amavis/amavisd.sock';\n$forward_method = undef;\n$notify_method = 'smtp:[127.0.0.1]:25';\n",
    };
    expect(understand(configure(texts)).mode).toBe('milter');
    expect(codes(texts)).toEqual([]);
  });

  test('a milter whose notices go nowhere is told', () => {
    const texts = {
      main: 'smtpd_milters = unix:/run/amavis/amavisd-milter.sock\n',
      master: STOCK,
      amavisd: '@local_domains_maps = ( [".example.com"] );\n$forward_method = undef;\n',
    };
    expect(codes(texts)).toEqual(['reinject-notify']);
  });
});

describe('FILTER in tables is a way in like content_filter', () => {
  const main = patch(
    GUIDE.main,
    /^content_filter.*$/m,
    'smtpd_recipient_restrictions = check_recipient_access hash:/etc/postfix/filter_recipient_domains, permit_mynetworks, reject_unauth_destination\nheader_checks = regexp:/etc/postfix/filter_header',
  );
  const tables = {
    '/etc/postfix/filter_recipient_domains':
      'example.com               FILTER amavisfeed:[127.0.0.1]:10024\n',
    '/etc/postfix/filter_header': '# by content\n/^Subject:.*offer/   FILTER amavisfeed:[127.0.0.1]:10024\n',
  };

  test("the guide's access and header tables are found, with their lines", () => {
    const { mode, routes } = understand(configure({ ...SOUND, main, tables }));
    expect(mode).toBe('after-queue');
    expect(routes.map(({ place }) => `${place.file}:${place.line}`)).toEqual([
      '/etc/postfix/filter_recipient_domains:1',
      '/etc/postfix/filter_header:2',
    ]);
    expect(codes({ ...SOUND, main, tables })).toEqual([]);
  });

  test('a wrong port in a table is told with the line to write there', () => {
    const wrong = {
      ...tables,
      '/etc/postfix/filter_header': '/^Subject:.*offer/   FILTER amavisfeed:[127.0.0.1]:10026\n',
    };
    const findings = audit(configure({ ...SOUND, main, tables: wrong }));
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      {
        code: 'front-address',
        where: '/etc/postfix/filter_header:1',
        fix: 'FILTER amavisfeed:[127.0.0.1]:10024',
      },
    ]);
  });
});

describe('FILTER that also holds for the way back makes the mail loop', () => {
  const tables = { '/etc/postfix/tag': '/^/ FILTER amavisfeed:[127.0.0.1]:10024\n' };
  const errors = (texts: Texts) =>
    audit(configure({ ...texts, tables }))
      .filter(({ severity }) => severity !== 'ok' && severity !== 'info')
      .map(({ code, severity, fix }) => [code, severity, fix]);

  test('in restrictions', () => {
    const master = patch(SOUND.master, /^ {4}-o smtpd_sender_restrictions=\n/m, '');
    const main = `${SOUND.main}smtpd_sender_restrictions = check_sender_access regexp:/etc/postfix/tag\n`;
    expect(errors({ ...SOUND, main, master })).toEqual([
      ['reinject-sender', 'error', '    -o smtpd_sender_restrictions='],
    ]);
  });

  test('not behind permit_mynetworks, which amavis passes', () => {
    const master = patch(SOUND.master, /^ {4}-o smtpd_sender_restrictions=\n/m, '');
    const main = `${SOUND.main}smtpd_sender_restrictions = permit_mynetworks, check_sender_access regexp:/etc/postfix/tag\n`;
    expect(errors({ ...SOUND, main, master })).toEqual([]);
  });

  test('in header checks', () => {
    const master = patch(SOUND.master, 'no_header_body_checks,', '');
    const main = `${SOUND.main}header_checks = regexp:/etc/postfix/tag\n`;
    expect(errors({ ...SOUND, main, master })).toEqual([
      [
        'reinject-header-checks',
        'error',
        '    -o receive_override_options=no_unknown_recipient_checks,no_milters,no_header_body_checks',
      ],
    ]);
  });
});

describe('more than one pass, port or instance', () => {
  test('an on purpose second filter behind the way back is no loop', () => {
    const master = patch(
      SOUND.master,
      '    -o content_filter=\n',
      '    -o content_filter=dkim:[127.0.0.1]:10028\n',
    );
    const texts = { ...SOUND, master: `${master}dkim unix - - n - 2 smtp\n` };
    const loop = audit(configure(texts)).filter(({ code }) => code === 'reinject-loop');
    expect(loop.map(({ severity }) => severity)).toEqual(['ok']);
  });

  describe('where amavis hands mail to no service, the fix', () => {
    const amavisd = `${SOUND.amavisd}$forward_method = 'smtp:[127.0.0.1]:10035';\n`;
    const service = (at: string): string => `${at} inet n - - - - smtpd\n    -o content_filter=\n`;
    const fix = (texts: typeof SOUND) =>
      audit(configure(texts)).find(
        ({ code, severity }) => code === 'reinject-forward' && severity === 'error',
      );

    test('is a service there, when there are several or none that could be meant', () => {
      const two = fix({ ...SOUND, amavisd, master: `${SOUND.master}${service('127.0.0.1:10026')}` });
      const none = fix({ ...SOUND, amavisd, master: patch(SOUND.master, '127.0.0.1:10025 ', '10025 ') });
      for (const found of [two, none]) {
        expect(found?.fix).toMatch(/^127\.0\.0\.1:10035 inet /);
        expect(found?.fixIn).toBe('/etc/postfix/master.cf');
      }
    });

    test("is the port of the one that is there, on that one's address", () => {
      const master = patch(SOUND.master, '127.0.0.1:10025 ', '[::1]:10030 ');
      const found = fix({ ...SOUND, amavisd, master });
      expect(found?.fix).toContain("$forward_method = 'smtp:[::1]:10030';");
      expect(found?.fixIn).toBe('/etc/amavisd.conf, at its end, before "1;"');
    });
  });

  test("a policy bank's own way back is looked for", () => {
    const amavisd = `${SOUND.amavisd}$inet_socket_port = [10024, 10026];
$interface_policy{'10026'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = { originating => 1, forward_method => 'smtp:[127.0.0.1]:10027' };
`;
    const loud = audit(configure({ ...SOUND, amavisd })).filter(({ severity }) => severity === 'error');
    expect(loud.map(({ code, found }) => [code, found])).toEqual([
      [
        'reinject-forward',
        "forward_method of policy bank 'ORIGINATING' = 'smtp:[127.0.0.1]:10027', and no service of master.cf listens there",
      ],
    ]);
  });

  test('D_REJECT of a bank is told at its own line, with what to write there', () => {
    const amavisd = `${SOUND.amavisd}$inet_socket_port = [10024, 10026];
$interface_policy{'10026'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = {
  final_spam_destiny => D_REJECT,
};
$policy_bank{'UNUSED'} = { final_spam_destiny => D_REJECT };
`;
    const loud = audit(configure({ ...SOUND, amavisd })).filter(({ severity }) => severity !== 'ok');
    expect(loud).toMatchObject([
      {
        code: 'filter-reject',
        severity: 'warning',
        found: "final_spam_destiny of policy bank 'ORIGINATING' is D_REJECT",
        where: '/etc/amavisd.conf:9',
        fix: '  final_spam_destiny => D_DISCARD,',
      },
    ]);
  });

  test('a policy bank that no port has is left alone', () => {
    const amavisd = `${SOUND.amavisd}$interface_policy{'10026'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = { forward_method => 'smtp:[127.0.0.1]:10027' };
`;
    expect(codes({ ...SOUND, amavisd })).toEqual([]);
  });

  test('the way back may be a service of another instance', () => {
    const [front, back] = SOUND.master.split(/^(?=127\.0\.0\.1:10025)/m);
    const configuration = configure({ ...SOUND, master: front ?? '' });
    const out = instanceOf('multi_instance_name = postfix-out\n', back ?? '', '/etc/postfix-out');
    const instances = [...configuration.instances, { instance: out, filterActions: [], unreadTables: [] }];
    const loud = audit({ ...configuration, instances }).filter(({ severity }) => severity !== 'ok');
    expect(loud.map(({ code }) => code)).toEqual(['reinject-size']);
  });

  test('a service that is switched off wants no port', () => {
    const configuration = configure({ ...SOUND, main: `${SOUND.main}master_service_disable = smtp/inet\n` });
    const other = instanceOf(
      'multi_instance_name = postfix-in\n',
      'smtp inet n - n - - smtpd\n',
      '/etc/postfix-in',
    );
    const instances = [...configuration.instances, { instance: other, filterActions: [], unreadTables: [] }];
    const taken = audit({ ...configuration, instances }).filter(({ code }) => code === 'file-port-taken');
    expect(taken.map(({ severity }) => severity)).toEqual(['ok']);
  });

  test("the guide's two cleanup services map addresses once", () => {
    const master = patch(
      SOUND.master,
      /^(smtp +inet.*)\n(pickup .*)\n/m,
      '$1\n    -o cleanup_service_name=pre-cleanup\n$2\n    -o cleanup_service_name=pre-cleanup\npre-cleanup unix n - n - 0 cleanup\n    -o virtual_alias_maps=\n',
    );
    expect(
      codes({ ...SOUND, master, main: `${SOUND.main}virtual_alias_maps = hash:/etc/postfix/virtual\n` }),
    ).toEqual([]);
  });
});

describe('a fix does no harm', () => {
  test('what main.cf switches off for the first pass is not carried over to the way back', () => {
    const master = patch(SOUND.master, /^ {4}-o receive_override_options=.*\n/m, '');
    const main = `${SOUND.main}receive_override_options = no_address_mappings\n`;
    const fixes = audit(configure({ ...SOUND, main, master })).flatMap(({ code, fix }) =>
      code === 'reinject-unknown-recipients' ? [fix] : [],
    );
    expect(fixes).toEqual([
      '    -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks,no_milters',
    ]);
  });

  test('recipient checks behind permit_mynetworks, which amavis passes, are no error', () => {
    const master = patch(SOUND.master, /^ {4}-o smtpd_recipient_restrictions=.*\n/m, '');
    const main = `${SOUND.main}smtpd_recipient_restrictions = reject_non_fqdn_recipient, permit_mynetworks, reject\n`;
    const loud = audit(configure({ ...SOUND, main, master })).filter(({ severity }) => severity !== 'ok');
    expect(loud.map(({ code, severity }) => [code, severity])).toEqual([['reinject-recipient', 'warning']]);
  });
});

describe('what can not be read is unknown, not assumed', () => {
  test('without an amavisd.conf nothing that depends on it is judged', () => {
    const findings = audit(configure({ ...SOUND, amavisd: null }));
    const loud = findings.filter(({ severity }) => severity !== 'ok');
    expect(loud.every(({ severity, fix }) => severity === 'info' && fix === null)).toBe(true);
    expect(loud.map(({ code }) => code)).toEqual([
      'front-address',
      'feed-maxproc',
      'feed-timeout',
      'filter-unread',
      'reinject-forward',
      'reinject-notify',
    ]);
  });

  test('a file that is included and not there makes its settings unknown', () => {
    const amavisd = patch(SOUND.amavisd ?? '', /^1;/m, "include_config_files('/etc/amavis/local.conf');\n1;");
    const loud = audit(configure({ ...SOUND, amavisd })).filter(({ severity }) => severity !== 'ok');
    expect(loud.every(({ severity }) => severity === 'info')).toBe(true);
    expect(loud.find(({ code }) => code === 'filter-unread')).toMatchObject({
      found: 'includes /etc/amavis/local.conf, which could not be read',
      where: '/etc/amavisd.conf:6',
    });
  });

  test('destinies by recipient are more than one value', () => {
    const amavisd = patch(
      SOUND.amavisd ?? '',
      /^1;/m,
      "$final_destiny_maps_by_ccat{+CC_SPAM} = [ { 'a@example.com' => D_REJECT }, D_DISCARD ];\n1;",
    );
    const loud = audit(configure({ ...SOUND, amavisd })).filter(({ severity }) => severity !== 'ok');
    expect(loud.map(({ code, severity, found }) => [code, severity, found])).toEqual([
      ['filter-reject', 'info', "%final_destiny_maps_by_ccat: what it comes to can't be told from the files"],
    ]);
  });

  test('that mail is not filtered is not said of a content_filter that can not be told', () => {
    const main = patch(SOUND.main, /^content_filter.*$/m, 'content_filter = $content_filter');
    const loud = audit(configure({ ...SOUND, main })).filter(({ code }) => code === 'front-setup');
    expect(loud.map(({ found }) => found)).toEqual([
      "content_filter = $content_filter: can't be told from the files",
    ]);
  });

  test('a computed $max_servers is not compared', () => {
    const amavisd = patch(SOUND.amavisd ?? '', '$max_servers = 2', '$max_servers = count_cpus()');
    const loud = audit(configure({ ...SOUND, amavisd })).filter(({ severity }) => severity !== 'ok');
    expect(loud.map(({ code, severity }) => [code, severity])).toEqual([['feed-maxproc', 'info']]);
  });

  test('a content_filter that depends on an unknown parameter is told', () => {
    const main = patch(SOUND.main, /^content_filter.*$/m, 'content_filter = $site_filter');
    const loud = audit(configure({ ...SOUND, main })).filter(({ code }) => code === 'front-setup');
    expect(loud.map(({ severity, found }) => [severity, found])).toContainEqual([
      'info',
      "content_filter = $site_filter: can't be told from the files",
    ]);
  });
});

describe('postfix reload', () => {
  const at = Date.parse('2026-11-23T00:00:00Z');
  const withTimes = (written: number) => ({
    ...configure(SOUND),
    running: {
      reloaded: new Map([['/etc/postfix', at]]),
      written: new Map([['/etc/postfix/master.cf', written]]),
      listening: [],
    },
  });

  test('is asked for when a file is younger than what runs', () => {
    const loud = audit(withTimes(at + 60_000)).filter(({ severity }) => severity !== 'ok');
    expect(loud).toMatchObject([
      {
        code: 'file-not-reloaded',
        severity: 'warning',
        found:
          '/etc/postfix/master.cf was written 2026-11-23T00:01:00Z, Postfix read it 2026-11-23T00:00:00Z',
        fix: 'postfix reload',
      },
    ]);
  });

  test('is not asked for when it was done in the second in which the file was written', () => {
    expect(audit(withTimes(at + 900)).filter(({ severity }) => severity !== 'ok')).toEqual([]);
  });

  test('is not asked for when the file is older', () => {
    expect(audit(withTimes(at - 60_000)).filter(({ severity }) => severity !== 'ok')).toEqual([]);
  });
});

describe('what runs', () => {
  const withPorts = (...ports: readonly number[]) => ({
    ...configure(SOUND),
    running: {
      reloaded: new Map<string, number>(),
      written: new Map<string, number>(),
      listening: ports.map((port) => ({ address: '127.0.0.1', port })),
    },
  });
  const loud = (...ports: readonly number[]) =>
    audit(withPorts(...ports))
      .filter(({ severity }) => severity !== 'ok')
      .map(({ code, severity, found, fix }) => [code, severity, found, fix]);

  test('is as the files say', () => {
    expect(loud(25, 10_024, 10_025)).toEqual([]);
  });

  test('is not amavis', () => {
    expect(loud(25, 10_025)).toEqual([
      ['filter-running', 'error', 'nothing listens on [127.0.0.1]:10024 now', 'systemctl start amavis'],
    ]);
  });

  test('is not the way back', () => {
    expect(loud(25, 10_024)).toEqual([
      [
        'reinject-running',
        'error',
        'nothing listens on [127.0.0.1]:10025 now',
        'postfix reload || postfix start',
      ],
    ]);
  });

  test('is not known where nothing is seen to listen', () => {
    expect(loud()).toEqual([]);
  });
});
