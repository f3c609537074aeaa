import type { FindingSeverity } from '../../src/check/finding.js';
import { GUIDE, patch, type Texts } from './configure.js';

/** The guide's configuration, and the one hint that it leaves followed too: nothing to say at all. */
export const SOUND: Texts = {
  ...GUIDE,
  master: `${GUIDE.master}    -o smtpd_authorized_xforward_hosts=127.0.0.0/8\n`,
};

/** A configuration that is wrong in one way. */
export interface Variant {
  readonly what: string;
  readonly code: string;
  readonly severity: Exclude<FindingSeverity, 'ok'>;
  /** A part of what must be found. */
  readonly found: string;
  /** The line that the admin is to write; null where none can be given. */
  readonly fix: string | null;
  readonly texts: Texts;
}

type Change = readonly [file: 'main' | 'master' | 'amavisd', passage: string | RegExp, replacement: string];

function variant(
  what: string,
  severity: Variant['severity'],
  code: string,
  found: string,
  fix: string | null,
  ...changes: readonly Change[]
): Variant {
  let texts = SOUND;
  for (const [file, passage, replacement] of changes) {
    texts = { ...texts, [file]: patch(texts[file] ?? '', passage, replacement) };
  }
  return { what, code, severity, found, fix, texts };
}

/** Takes a -o line out of master.cf. */
function without(option: string): Change {
  return ['master', new RegExp(`^ {4}-o ${option}=.*\\n`, 'm'), ''];
}

/** Puts a line at the end of main.cf. */
function main(line: string): Change {
  return ['main', /$/, `${line}\n`];
}

function amavisd(line: string): Change {
  return ['amavisd', /^1;/m, `${line}\n1;`];
}

const FILTER = 'content_filter=amavisfeed:[127.0.0.1]:10024';
const FEED = /^amavisfeed .*/m;
const RETURN = /^127\.0\.0\.1:10025 .*/m;
const OVERRIDES =
  '    -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks,no_milters';

// biome-ignore format: one variant a paragraph
export const VARIANTS: readonly Variant[] = [
  variant('content_filter is commented out', 'info', 'front-setup', 'no content_filter uses it',
    'content_filter = amavisfeed:[127.0.0.1]:10024', ['main', FILTER, `#${FILTER}`]),
  variant('the transport is spelled differently', 'error', 'front-transport', 'there is no service "amavis-feed unix"',
    'amavis-feed unix      -      -      n      -      2      lmtp\n    -o lmtp_data_done_timeout=1200\n    -o lmtp_send_xforward_command=yes\n    -o disable_dns_lookups=yes\n    -o max_use=20',
    ['main', FILTER, 'content_filter=amavis-feed:[127.0.0.1]:10024']),
  variant('another port than amavis has', 'error', 'front-address', 'amavis listens on 127.0.0.1:10024 and [::1]:10024',
    'content_filter = amavisfeed:[127.0.0.1]:10024', ['main', FILTER, 'content_filter=amavisfeed:[127.0.0.1]:10026']),
  variant('another port than amavis has, for one service', 'error', 'front-address', 'amavisfeed:[127.0.0.1]:10026, and amavis',
    '    -o content_filter=amavisfeed:[127.0.0.1]:10024', ['main', FILTER, ''],
    ['master', /^smtp +inet.*/m, '$&\n    -o content_filter=amavisfeed:[127.0.0.1]:10026']),
  variant('no address at all', 'error', 'front-address', 'names no address and port',
    'content_filter = amavisfeed:[127.0.0.1]:10024', ['main', FILTER, 'content_filter=amavisfeed']),
  variant('amavis is bound to another address', 'error', 'front-address', 'amavis listens on 192.0.2.1:10024',
    'content_filter = amavisfeed:[192.0.2.1]:10024', amavisd("$inet_socket_bind = '192.0.2.1';")),
  variant('localhost by name', 'warning', 'front-literal', 'amavisfeed:localhost:10024',
    'content_filter = amavisfeed:[127.0.0.1]:10024', ['main', FILTER, 'content_filter=amavisfeed:localhost:10024']),
  variant('localhost by name, in brackets', 'warning', 'front-literal', 'amavisfeed:[localhost]:10024',
    'content_filter = amavisfeed:[127.0.0.1]:10024', ['main', FILTER, 'content_filter=amavisfeed:[localhost]:10024']),
  variant('an address without brackets', 'warning', 'front-literal', 'amavisfeed:127.0.0.1:10024',
    'content_filter = amavisfeed:[127.0.0.1]:10024', ['main', FILTER, 'content_filter=amavisfeed:127.0.0.1:10024']),
  variant('a table that is no text', 'info', 'front-tables', "mysql:/etc/postfix/access.cf in smtpd_sender_restrictions can't be read",
    null, main('smtpd_sender_restrictions = check_sender_access mysql:/etc/postfix/access.cf')),

  variant('a pipe to a program', 'error', 'feed-client', 'amavisfeed runs pipe',
    'amavisfeed unix      -      -      n      -      2      lmtp\n    -o lmtp_data_done_timeout=1200\n    -o lmtp_send_xforward_command=yes\n    -o disable_dns_lookups=yes\n    -o max_use=20',
    ['master', FEED, 'amavisfeed unix - n n - 2 pipe']),
  variant('the stock lmtp client', 'warning', 'feed-dedicated', 'the filter is fed by the stock service lmtp',
    'amavisfeed unix      -      -      n      -      2      lmtp\n    -o lmtp_data_done_timeout=1200\n    -o lmtp_send_xforward_command=yes\n    -o disable_dns_lookups=yes\n    -o max_use=20',
    ['main', FILTER, 'content_filter=lmtp:[127.0.0.1]:10024']),
  variant('more clients than amavis has children', 'warning', 'feed-maxproc', 'maxproc 10, $max_servers is 2',
    'amavisfeed unix    -       -       n       -       2       lmtp', ['master', FEED, 'amavisfeed unix - - n - 10 lmtp']),
  variant('the default number of clients', 'warning', 'feed-maxproc', 'maxproc - (default_process_limit, 100), $max_servers is 2',
    'amavisfeed unix    -       -       n       -       2       lmtp', ['master', FEED, 'amavisfeed unix - - n - - lmtp']),
  variant('clients without limit', 'warning', 'feed-maxproc', 'maxproc 0 (no limit), $max_servers is 2',
    'amavisfeed unix    -       -       n       -       2       lmtp', ['master', FEED, 'amavisfeed unix - - n - 0 lmtp']),
  variant('an option for the other client', 'warning', 'feed-prefix', '-o smtp_data_done_timeout=1200 for a lmtp client',
    '    -o lmtp_data_done_timeout=1200', ['master', '-o lmtp_data_done_timeout', '-o smtp_data_done_timeout']),
  variant('XFORWARD by the wrong name', 'warning', 'feed-prefix', '-o smtp_send_xforward_command=yes for a lmtp client',
    '    -o lmtp_send_xforward_command=yes', ['master', '-o lmtp_send_xforward', '-o smtp_send_xforward']),
  variant('the default timeout', 'warning', 'feed-timeout', 'lmtp_data_done_timeout = 600s (not set, the built-in value), $child_timeout is 480',
    '    -o lmtp_data_done_timeout=1200', without('lmtp_data_done_timeout')),
  variant('a timeout shorter than $child_timeout', 'error', 'feed-timeout', '-o lmtp_data_done_timeout=1200, $child_timeout is 1800',
    '    -o lmtp_data_done_timeout=4500', amavisd('$child_timeout = 30*60;')),
  variant('no XFORWARD', 'warning', 'feed-xforward', 'lmtp_send_xforward_command = no (not set',
    '    -o lmtp_send_xforward_command=yes', without('lmtp_send_xforward_command')),
  variant('DNS lookups', 'info', 'feed-dns', 'disable_dns_lookups = no (not set',
    '    -o disable_dns_lookups=yes', without('disable_dns_lookups')),
  variant('clients that live long', 'info', 'feed-max-use', '-o max_use=100',
    '    -o max_use=20', ['master', 'max_use=20', 'max_use=100']),
  variant('TLS demanded of all lmtp clients', 'error', 'feed-tls', 'lmtp_tls_security_level = encrypt (from main.cf)',
    '    -o lmtp_tls_security_level=none', main('lmtp_tls_security_level = encrypt')),
  variant('a public source address', 'error', 'feed-bind', 'lmtp_bind_address = 192.0.2.1 (from main.cf)',
    '    -o lmtp_bind_address=127.0.0.1', main('lmtp_bind_address = 192.0.2.1')),
  variant('a single public interface', 'error', 'feed-bind', 'inet_interfaces = 192.0.2.1 is the source address too',
    '    -o lmtp_bind_address=127.0.0.1', main('inet_interfaces = 192.0.2.1')),

  variant('amavis without a port', 'error', 'filter-listen', 'neither $inet_socket_port nor @listen_sockets',
    '$inet_socket_port = 10024;', ['amavisd', '$inet_socket_port = 10024;', '']),
  variant('@inet_acl without loopback', 'error', 'filter-acl', '@inet_acl = 192.0.2.7, without 127.0.0.1',
    '@inet_acl = qw( 127.0.0.1 192.0.2.7 );', amavisd('@inet_acl = qw( 192.0.2.7 );')),
  variant('amavis takes less than Postfix', 'error', 'filter-size', '$smtpd_message_size_limit = 20971520, message_size_limit = 40960000',
    '$smtpd_message_size_limit = 40960000;', amavisd('$smtpd_message_size_limit = 20*1024*1024;')),
  variant('D_REJECT after the queue', 'warning', 'filter-reject', '$final_spam_destiny = D_REJECT',
    '$final_spam_destiny = D_DISCARD;', amavisd('$final_spam_destiny = D_REJECT;')),
  variant('no local domains', 'info', 'filter-local-domains', 'no domain is said to be local',
    '@local_domains_maps = ( [".example.com"] );  # your domains, each with a dot before it', ['amavisd', /^@local.*\n/m, '']),
  variant('amavis has a log of its own', 'warning', 'filter-syslog', '$DO_SYSLOG = 0',
    '$DO_SYSLOG = 1;', amavisd('$DO_SYSLOG = 0;')),
  variant('amavis logs everything', 'info', 'filter-log-level', '$log_level = 5',
    '$log_level = 1;', amavisd('$log_level = 5;')),
  variant('another log template', 'info', 'filter-template', "$log_templ is the site's own",
    null, amavisd("$log_templ = '[%m] %s';")),

  variant('amavis sends to a port where nothing listens', 'error', 'reinject-forward', "$forward_method = 'smtp:[127.0.0.1]:10035', and no service",
    "$forward_method = 'smtp:[127.0.0.1]:10025';\n$notify_method = 'smtp:[127.0.0.1]:10025';",
    amavisd("$notify_method = $forward_method = 'smtp:[127.0.0.1]:10035';")),
  variant('notices go to a port where nothing listens', 'error', 'reinject-notify', "$notify_method = 'smtp:[127.0.0.1]:10035', and no service",
    "$notify_method = 'smtp:[127.0.0.1]:10025';", amavisd("$notify_method = 'smtp:[127.0.0.1]:10035';")),
  variant('postscreen on the way back', 'error', 'reinject-postscreen', '"127.0.0.1:10025 inet" runs postscreen',
    '127.0.0.1:10025 inet    -       -       -       -       -       smtpd', ['master', RETURN, '127.0.0.1:10025 inet - - - - - postscreen']),
  variant('the filter holds for the way back', 'error', 'reinject-loop', 'content_filter = amavisfeed:[127.0.0.1]:10024 (from main.cf) holds for "127.0.0.1:10025 inet" too',
    '    -o content_filter=', without('content_filter')),
  variant('the way back is open to the world', 'error', 'reinject-public', '"10025 inet" listens on all addresses',
    '127.0.0.1:10025 inet    n       -       -       -       -       smtpd', ['master', RETURN, '10025 inet n - - - - smtpd']),
  variant('mynetworks of the whole site', 'warning', 'reinject-mynetworks', 'mynetworks = 127.0.0.0/8 192.0.2.0/24 (from main.cf)',
    '    -o mynetworks=127.0.0.0/8', without('mynetworks')),
  variant('mynetworks without loopback', 'error', 'reinject-mynetworks', '-o mynetworks=192.0.2.0/24',
    '    -o mynetworks=127.0.0.0/8', ['master', '-o mynetworks=127.0.0.0/8', '-o mynetworks=192.0.2.0/24']),
  variant('a smaller limit on the way back', 'error', 'reinject-size', "-o message_size_limit=20480000, the front's is 40960000",
    '    -o message_size_limit=40960000', ['master', OVERRIDES, `${OVERRIDES}\n    -o message_size_limit=20480000`]),
  variant('client checks on the way back', 'warning', 'reinject-client', 'smtpd_client_restrictions = reject_rbl_client rbl.example.org (from main.cf)',
    '    -o smtpd_client_restrictions=permit_mynetworks,reject', without('smtpd_client_restrictions'), main('smtpd_client_restrictions = reject_rbl_client rbl.example.org')),
  variant('recipient checks on the way back', 'error', 'reinject-recipient', 'smtpd_recipient_restrictions = reject_unauth_destination (from main.cf)',
    '    -o smtpd_recipient_restrictions=permit_mynetworks,reject', without('smtpd_recipient_restrictions'), main('smtpd_recipient_restrictions = reject_unauth_destination')),
  variant('relay checks that forget mynetworks', 'error', 'reinject-relay', 'smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination (from main.cf)',
    '    -o smtpd_relay_restrictions=permit_mynetworks,reject', main('smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination')),
  variant('HELO checks on the way back', 'warning', 'reinject-helo', 'smtpd_helo_restrictions = reject_unknown_helo_hostname (from main.cf)',
    '    -o smtpd_helo_restrictions=', without('smtpd_helo_restrictions'), main('smtpd_helo_restrictions = reject_unknown_helo_hostname')),
  variant('sender checks on the way back', 'warning', 'reinject-sender', 'smtpd_sender_restrictions = reject_unknown_sender_domain (from main.cf)',
    '    -o smtpd_sender_restrictions=', without('smtpd_sender_restrictions'), main('smtpd_sender_restrictions = reject_unknown_sender_domain')),
  variant('end-of-data checks on the way back', 'warning', 'reinject-end-of-data', 'smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:9998 (from main.cf)',
    '    -o smtpd_end_of_data_restrictions=', without('smtpd_end_of_data_restrictions'), main('smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:9998')),
  variant('data checks on the way back', 'warning', 'reinject-data', 'smtpd_data_restrictions = check_policy_service inet:127.0.0.1:9998 (from main.cf)',
    '    -o smtpd_data_restrictions=reject_unauth_pipelining', without('smtpd_data_restrictions'), main('smtpd_data_restrictions = check_policy_service inet:127.0.0.1:9998')),
  variant('restriction classes on the way back', 'info', 'reinject-classes', 'smtpd_restriction_classes = greylist (from main.cf)',
    '    -o smtpd_restriction_classes=', without('smtpd_restriction_classes'), main('smtpd_restriction_classes = greylist')),
  variant('delayed rejects', 'info', 'reinject-delay-reject', 'smtpd_delay_reject = yes (not set',
    '    -o smtpd_delay_reject=no', without('smtpd_delay_reject')),
  variant('a pause after errors', 'info', 'reinject-error-sleep', 'smtpd_error_sleep_time = 1s (not set',
    '    -o smtpd_error_sleep_time=0', without('smtpd_error_sleep_time')),
  variant('a low soft error limit', 'info', 'reinject-soft-limit', 'smtpd_soft_error_limit = 10 (not set',
    '    -o smtpd_soft_error_limit=1001', without('smtpd_soft_error_limit')),
  variant('a low hard error limit', 'info', 'reinject-hard-limit', 'smtpd_hard_error_limit = 20 (not set',
    '    -o smtpd_hard_error_limit=1000', without('smtpd_hard_error_limit')),
  variant('a limit of connections', 'info', 'reinject-connections', 'smtpd_client_connection_count_limit = 50 (not set',
    '    -o smtpd_client_connection_count_limit=0', without('smtpd_client_connection_count_limit')),
  variant('a rate limit meant for strangers', 'warning', 'reinject-rate', 'smtpd_client_connection_rate_limit = 30 (from main.cf)',
    '    -o smtpd_client_connection_rate_limit=0', without('smtpd_client_connection_rate_limit'), main('smtpd_client_connection_rate_limit = 30')),
  variant('recipients are looked up again', 'warning', 'reinject-unknown-recipients', '-o receive_override_options=no_header_body_checks,no_milters',
    '    -o receive_override_options=no_header_body_checks,no_milters,no_unknown_recipient_checks', ['master', ',no_unknown_recipient_checks', '']),
  variant('header checks that would be made again, were there any', 'info', 'reinject-header-checks', '-o receive_override_options=no_unknown_recipient_checks,no_milters',
    '    -o receive_override_options=no_unknown_recipient_checks,no_milters,no_header_body_checks', ['master', 'no_header_body_checks,', '']),
  variant('milters that would be asked again', 'warning', 'reinject-milters', '-o receive_override_options=no_header_body_checks,no_unknown_recipient_checks',
    '    -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks,no_milters', ['master', ',no_milters', ''], main('smtpd_milters = inet:127.0.0.1:8891')),
  variant('headers are rewritten again', 'info', 'reinject-rewrite', 'local_header_rewrite_clients = permit_inet_interfaces (not set',
    '    -o local_header_rewrite_clients=', without('local_header_rewrite_clients')),
  variant('no XFORWARD taken from amavis', 'info', 'reinject-xforward', 'smtpd_authorized_xforward_hosts is empty (not set',
    '    -o smtpd_authorized_xforward_hosts=127.0.0.0/8', without('smtpd_authorized_xforward_hosts')),
  variant('TLS demanded of all clients', 'error', 'reinject-tls', 'smtpd_tls_security_level = encrypt (from main.cf)',
    '    -o smtpd_tls_security_level=none', main('smtpd_tls_security_level = encrypt')),
  variant('TLS without STARTTLS', 'error', 'reinject-tls-wrapper', 'smtpd_tls_wrappermode = yes (from main.cf)',
    '    -o smtpd_tls_wrappermode=no', main('smtpd_tls_wrappermode = yes')),

  variant('aliases expanded twice', 'warning', 'delivery-mapping-twice', 'virtual_alias_maps work before the filter and after it',
    'receive_override_options = no_address_mappings', main('virtual_alias_maps = hash:/etc/postfix/virtual')),
  variant('aliases never expanded', 'error', 'delivery-mapping-never', 'virtual_alias_maps is set, and no_address_mappings holds',
    OVERRIDES, main('virtual_alias_maps = hash:/etc/postfix/virtual'), main('receive_override_options = no_address_mappings'), ['master', 'no_milters', 'no_milters,no_address_mappings']),
  variant('copies made twice', 'warning', 'delivery-bcc-twice', 'always_bcc work before the filter and after it',
    'receive_override_options = no_address_mappings', main('always_bcc = archive@example.com')),

  variant('a space before =', 'error', 'file-option-space', '-o mynetworks =127.0.0.0/8',
    '    -o mynetworks=127.0.0.0/8', ['master', 'mynetworks=', 'mynetworks =']),
  variant('a space in a value', 'error', 'file-option-space', '-o smtpd_client_restrictions=permit_mynetworks, reject',
    '    -o smtpd_client_restrictions=permit_mynetworks,reject', ['master', 'client_restrictions=permit_mynetworks,reject', 'client_restrictions=permit_mynetworks, reject']),
  variant('a space in a value that is no list', 'error', 'file-option-space', '-o smtpd_banner=$myhostname ESMTP',
    '    -o { smtpd_banner = $myhostname ESMTP }', ['master', OVERRIDES, `${OVERRIDES}\n    -o smtpd_banner=$myhostname ESMTP`]),
  variant('a service twice', 'warning', 'file-duplicate-service', '"lmtp unix" again at /etc/postfix/master.cf:44',
    '#lmtp unix - - n - - lmtp', ['master', /$/, 'lmtp unix - - y - - lmtp\n']),
  variant("amavis' port taken by Postfix", 'error', 'file-port-taken', 'amavis on 127.0.0.1:10024 wants port 10024, as does "127.0.0.1:10024 inet" at /etc/postfix/master.cf:44',
    null, ['master', /$/, '127.0.0.1:10024 inet n - n - - smtpd -o content_filter=\n']),
  variant('a port twice', 'error', 'file-port-taken', '"submission inet" wants port 587, as does "192.0.2.1:587 inet"',
    '#submission inet n - n - - smtpd', ['master', /$/, '192.0.2.1:587 inet n - n - - smtpd\nsubmission inet n - n - - smtpd\n']),
  variant('a line that is none', 'warning', 'file-unreadable-line', 'neither "name = value" nor a service',
    null, main('smtpd_banner $myhostname')),
];
