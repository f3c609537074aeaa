import { type InetEndpoint, showEndpoint } from '../endpoint.js';

/** The guide's dedicated client (section 2.2.1), under a name of its own. */
export function feedService(name: string, maxproc: number): string {
  return [
    `${name} unix      -      -      n      -      ${maxproc}      lmtp`,
    '    -o lmtp_data_done_timeout=1200',
    '    -o lmtp_send_xforward_command=yes',
    '    -o disable_dns_lookups=yes',
    '    -o max_use=20',
  ].join('\n');
}

/** The guide's smtpd for what comes back (section 2.3), at an address of its own. */
export function returnService(target: InetEndpoint): string {
  return [
    `${showEndpoint({ ...target, bracketed: false })} inet n      -      -      -      -      smtpd`,
    '    -o content_filter=',
    '    -o smtpd_delay_reject=no',
    '    -o smtpd_client_restrictions=permit_mynetworks,reject',
    '    -o smtpd_helo_restrictions=',
    '    -o smtpd_sender_restrictions=',
    '    -o smtpd_recipient_restrictions=permit_mynetworks,reject',
    '    -o smtpd_data_restrictions=reject_unauth_pipelining',
    '    -o smtpd_end_of_data_restrictions=',
    '    -o smtpd_restriction_classes=',
    '    -o mynetworks=127.0.0.0/8',
    '    -o smtpd_error_sleep_time=0',
    '    -o smtpd_soft_error_limit=1001',
    '    -o smtpd_hard_error_limit=1000',
    '    -o smtpd_client_connection_count_limit=0',
    '    -o smtpd_client_connection_rate_limit=0',
    '    -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks,no_milters',
    '    -o local_header_rewrite_clients=',
  ].join('\n');
}
