import { describe, expect, test } from 'vitest';
import { audit } from '../../src/check/audit.js';
import { understand } from '../../src/check/setup.js';
import { configure, type Texts } from './configure.js';

/** How mail systems that bundle Postfix and amavis wire them: what is sound must not be called wrong. */
const STOCK = `smtp inet n - y - - smtpd
pickup unix n - y 60 1 pickup
cleanup unix n - y - 0 cleanup
smtp unix - - y - - smtp
relay unix - - y - - smtp
lmtp unix - - y - - lmtp
`;
const options = (...lines: readonly string[]): string => lines.map((line) => `    -o ${line}\n`).join('');
const feed = (name: string, maxproc: number, ...more: readonly string[]): string =>
  `${name} unix - - n - ${maxproc} smtp\n${options(
    'smtp_data_done_timeout=1200',
    'smtp_send_xforward_command=yes',
    'disable_dns_lookups=yes',
    'max_use=20',
    ...more,
  )}`;
const back = (at: string, ...more: readonly string[]): string =>
  `${at} inet n - y - - smtpd\n${options(
    'smtpd_delay_reject=no',
    'smtpd_client_restrictions=permit_mynetworks,reject',
    'smtpd_helo_restrictions=',
    'smtpd_sender_restrictions=',
    'smtpd_recipient_restrictions=permit_mynetworks,reject',
    'smtpd_data_restrictions=reject_unauth_pipelining',
    'smtpd_end_of_data_restrictions=',
    'smtpd_restriction_classes=',
    'mynetworks=127.0.0.0/8',
    'smtpd_error_sleep_time=0',
    'smtpd_soft_error_limit=1001',
    'smtpd_hard_error_limit=1000',
    'smtpd_client_connection_count_limit=0',
    'smtpd_client_connection_rate_limit=0',
    'smtpd_authorized_xforward_hosts=127.0.0.0/8',
    'local_header_rewrite_clients=',
    ...more,
  )}`;
const OVERRIDES = 'receive_override_options=no_header_body_checks,no_unknown_recipient_checks,no_milters';
const AMAVISD = `use strict;
$max_servers = 2;
$mydomain = 'example.com';
@local_domains_maps = ( [".$mydomain"] );
$inet_socket_port = 10024;
1;
`;

const loud = (texts: Texts) =>
  audit(configure(texts))
    .filter(({ severity }) => severity !== 'ok')
    .map(({ code, severity, found }) => [code, severity, found]);

describe('mail systems as they come', () => {
  test('postscreen on 25, further milters, TLS for all, no TLS for the feed', () => {
    const texts = {
      main: `content_filter = smtp-amavis:[127.0.0.1]:10024
smtpd_tls_security_level = may
smtp_tls_security_level = encrypt
smtpd_milters = inet:127.0.0.1:8891,
    # the second one
    inet:127.0.0.1:8893
non_smtpd_milters = $smtpd_milters
mynetworks = 127.0.0.0/8 [::1]/128 172.17.0.2/32
`,
      master: `${STOCK.replace(/^smtp inet.*/, 'smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd')}${feed('smtp-amavis', 2, 'smtp_tls_security_level=none')}${back('127.0.0.1:10025', 'content_filter=', 'smtpd_proxy_filter=', OVERRIDES)}`,
      amavisd: AMAVISD,
    };
    expect(loud(texts)).toEqual([]);
  });

  test('a port for what users submit, a port to release from quarantine, both ways back on one port', () => {
    const texts = {
      main: `content_filter = smtp-amavis:[127.0.0.1]:10024
smtp-amavis_destination_recipient_limit = 1
`,
      master: `${STOCK}submission inet n - y - - smtpd\n${options('content_filter=smtp-amavis:[127.0.0.1]:10026')}${feed('smtp-amavis', 2)}${back('127.0.0.1:10025', 'content_filter=', OVERRIDES)}`,
      amavisd: `use strict;
$max_servers = 2;
chomp($myhostname = \`hostname -f\`);
$mydomain = "$myhostname";
@local_domains_maps = (1);
$inet_socket_port = [10024, 10026, 9998];
$inet_socket_bind = ['127.0.0.1'];
$interface_policy{'10026'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = { originating => 1, virus_admin_maps => ["root\\@$mydomain"], };
$interface_policy{'9998'} = 'AM.PDP-INET';
$policy_bank{'AM.PDP-INET'} = { protocol => 'AM.PDP', inet_acl => [qw( 127.0.0.1 [::1] )] };
$notify_method = $forward_method;
@av_scanners = ( ['x', \\&ask_daemon, ["CONTSCAN {}\\n", "/run/x.ctl"], qr/\\bOK$/m, qr/^.*?: (?!Y)(.*) FOUND$/m ], );
1;
`,
    };
    expect(loud(texts)).toEqual([]);
  });

  test('FILTER by sender, tables and local domains in a database', () => {
    const texts = {
      main: `content_filter = amavis:[127.0.0.1]:10024
receive_override_options = no_address_mappings
smtpd_sender_restrictions = check_sender_access regexp:/etc/postfix/originating.re , permit_mynetworks, check_sender_access regexp:/etc/postfix/foreign.re
smtpd_client_restrictions = check_client_access proxy:mysql:/etc/postfix/client.cf
body_checks = regexp:/etc/postfix/body_checks
`,
      master: `${STOCK}${feed('amavis', 5, 'smtp_bind_address=')}${back('127.0.0.1:10025', 'content_filter=', OVERRIDES)}${back('127.0.0.1:10027', 'content_filter=', OVERRIDES)}`,
      amavisd: `use strict;
$max_servers = 5;
$inet_socket_port = [10024, 10026];
$interface_policy{'10026'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = { originating => 1, forward_method => 'smtp:[127.0.0.1]:10027' };
@lookup_sql_dsn = ( ['DBI:mysql:database=x;host=127.0.0.1', 'x', 'y'] );
1;
`,
      tables: {
        '/etc/postfix/originating.re': '/^/  FILTER amavis:[127.0.0.1]:10026\n',
        '/etc/postfix/foreign.re': '/^/ FILTER amavis:[127.0.0.1]:10024\n',
        '/etc/postfix/body_checks': '/^offer/ REJECT there is no FILTER here\n/a FILTER b/ DUNNO\n',
      },
    };
    expect(understand(configure(texts)).routes.map(({ value }) => value)).toEqual([
      'amavis:[127.0.0.1]:10024',
      'amavis:[127.0.0.1]:10026',
      'amavis:[127.0.0.1]:10024',
    ]);
    expect(loud(texts)).toEqual([
      ['front-tables', 'info', "mysql:/etc/postfix/client.cf in smtpd_client_restrictions can't be read"],
      [
        'filter-local-domains',
        'info',
        '@local_domains_maps: @lookup_sql_dsn is set, a database may tell them',
      ],
    ]);
  });

  test('before the queue, behind postscreen and for what users submit', () => {
    const texts = {
      main: 'virtual_alias_maps = proxy:pgsql:/etc/postfix/aliases.cf\n',
      master: `smtp inet n - - - 1 postscreen
smtpd pass - - - - - smtpd
${options('smtpd_proxy_filter=inet:[127.0.0.1]:10024', 'smtpd_proxy_options=speed_adjust')}submission inet n - - - - smtpd
${options('smtpd_proxy_filter=inet:[127.0.0.1]:10026')}${STOCK.replace(/^smtp inet.*\n/, '')}${back('127.0.0.1:10025', 'content_filter=', 'smtpd_proxy_filter=', OVERRIDES)}`,
      amavisd: `${AMAVISD}$inet_socket_port = [9998, 10024, 10026];\n$final_spam_destiny = D_REJECT;\n`,
    };
    expect(understand(configure(texts)).proxies.map(({ service, value }) => [service.name, value])).toEqual([
      ['smtpd', 'inet:[127.0.0.1]:10024'],
      ['submission', 'inet:[127.0.0.1]:10026'],
    ]);
    expect(loud(texts)).toEqual([]);
  });

  test('a second filter of another make behind the way back', () => {
    const texts = {
      main: 'content_filter = smtp-amavis:[127.0.0.1]:10024\n',
      master: `${STOCK}submission inet n - n - - smtpd\n${options('content_filter=smtp-groupware:[127.0.0.1]:10026')}${feed('smtp-amavis', 2)}smtp-groupware unix - - n - 9 smtp\n${back('127.0.0.1:10025', 'content_filter=smtp-groupware:[127.0.0.1]:10026', OVERRIDES)}127.0.0.1:10027 inet n - n - 100 smtpd\n${options('content_filter=')}`,
      amavisd: AMAVISD,
    };
    expect(loud(texts)).toEqual([]);
  });

  test('signed on one port, then filtered on another, in two passes', () => {
    const texts = {
      main: 'content_filter = smtp-amavis:[127.0.0.1]:10024\nmynetworks = 127.0.0.0/8 192.0.2.0/24\n',
      master: `${STOCK}${feed('smtp-amavis', 10)}${back('[127.0.0.1]:10025', 'content_filter=', OVERRIDES)}${back('[127.0.0.1]:10030', 'content_filter=smtp-amavis:[127.0.0.1]:10032', OVERRIDES)}`,
      amavisd: `${AMAVISD}$max_servers = 10;
$inet_socket_port = [10024, 10026, 10032];
$interface_policy{'10026'} = 'POST';
$interface_policy{'10032'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = { originating => 1, forward_method => 'smtp:[127.0.0.1]:10025' };
$policy_bank{'POST'} = { originating => 1, forward_method => 'smtp:[127.0.0.1]:10030' };
`,
    };
    expect(loud(texts)).toEqual([]);
  });

  test('all by IPv6, with { } around values, and parts of the value by $name and a condition', () => {
    const texts = {
      main: `transport = lmtp-amavis
content_filter = \${transport?{$transport:inet:[::1]:10024}:{none}}
`,
      master: `${STOCK}lmtp-amavis unix - - n - 2 lmtp
    -o { lmtp_data_done_timeout = 20m }
${options('lmtp_send_xforward_command=yes', 'disable_dns_lookups=yes', 'max_use=20')}${back('[::1]:10025', 'content_filter=', OVERRIDES).replace('-o mynetworks=127.0.0.0/8', '-o { mynetworks = [::1]/128, 127.0.0.0/8 }')}`,
      amavisd: `${AMAVISD}$inet_socket_bind = '::1';\n$forward_method = 'smtp:[::1]:10025';\n$notify_method = $forward_method;\n`,
    };
    expect(loud(texts)).toEqual([]);
  });

  test('where the client came from, and the next port: smtp:*:*', () => {
    const texts = {
      main: 'content_filter = smtp-amavis:[127.0.0.1]:10024\n',
      master: `${STOCK}${feed('smtp-amavis', 2)}${back('127.0.0.1:10025', 'content_filter=', OVERRIDES)}`,
      amavisd: `${AMAVISD}$forward_method = 'smtp:*:*';\n$notify_method = 'smtp:*:10025';\n`,
    };
    expect(loud(texts)).toEqual([]);
  });

  test('a feed by a socket of the file system needs no port', () => {
    const texts = {
      main: 'content_filter = lmtp-amavis:unix:/run/amavisd/lmtp.sock\n',
      master: `${STOCK}${feed('lmtp-amavis', 2).replace('2 smtp', '2 lmtp').replaceAll('smtp_', 'lmtp_')}${back('127.0.0.1:10025', 'content_filter=', OVERRIDES)}`,
      amavisd: AMAVISD.replace(
        /^\$inet.*$/m,
        '@listen_sockets = ("/run/amavisd/lmtp.sock", "$MYHOME/x.sock");',
      ),
    };
    expect(loud(texts)).toEqual([
      [
        'front-address',
        'info',
        'lmtp-amavis:unix:/run/amavisd/lmtp.sock: sockets of the file system are not compared',
      ],
    ]);
  });
});

describe('what is not amavis is named and not judged', () => {
  test.each([
    ['a filter by pipe', 'content_filter = sa\n', 'sa unix - n n - - pipe\n  user=x argv=/bin/x\n', 'sa'],
    [
      'a filter by SMTP',
      'content_filter = scan:[127.0.0.1]:10025\n',
      'scan unix - - n - 16 smtp\n',
      'scan:[127.0.0.1]:10025',
    ],
  ])('%s', (_, main, service, value) => {
    const texts = { main, master: `${STOCK}${service}`, amavisd: null };
    expect(understand(configure(texts)).mode).toBe('none');
    expect(loud(texts)).toEqual([['front-setup', 'info', `${value} leads to something else than amavis`]]);
  });

  test('a milter whose name tells nothing', () => {
    const texts = { main: 'smtpd_milters = inet:127.0.0.1:11332\n', master: STOCK, amavisd: null };
    expect(loud(texts)).toEqual([
      [
        'front-setup',
        'info',
        "smtpd_milters = inet:127.0.0.1:11332: whether amavis is behind it can't be told from its name",
      ],
    ]);
  });

  test('a program outside Postfix at the way back, as the running machine shows', () => {
    const texts = {
      main: 'content_filter = smtp-amavis:[127.0.0.1]:10024\n',
      master: `${STOCK}${feed('smtp-amavis', 2)}`,
      amavisd: AMAVISD,
    };
    const running = {
      reloaded: new Map<string, number>(),
      written: new Map<string, number>(),
      listening: [10_024, 10_025].map((port) => ({ address: '127.0.0.1', port })),
    };
    const findings = audit({ ...configure(texts), running }).filter(({ severity }) => severity !== 'ok');
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([['reinject-forward', 'info']]);
  });
});
