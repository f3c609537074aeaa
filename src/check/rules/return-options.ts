import { type OptionRule, optionRules } from '../option-rule.js';
import { findService, listOf, type Parameter, parameter } from '../postfix/instance.js';
import type { Rule } from '../rule.js';
import type { Listener, Mode, Setup } from '../setup.js';
import { smtpds } from './return.js';

const AFTER: readonly Mode[] = ['after-queue', 'ready'];
const BOTH: readonly Mode[] = ['after-queue', 'before-queue', 'ready'];
/** The guide's receive_override_options of the way back. */
export const OVERRIDES = ['no_header_body_checks', 'no_unknown_recipient_checks', 'no_milters'];
const CHECKS = ['header_checks', 'mime_header_checks', 'nested_header_checks', 'body_checks'];
/** Levels of smtpd_tls_security_level that refuse mail in the clear. */
const DEMANDING = new Set(['encrypt', 'dane-only', 'fingerprint', 'verify', 'secure']);

const ONCE = 'The front has applied them already, to the true client; now the client is amavis.';

const OPTIONS: readonly OptionRule[] = [
  {
    code: 'reinject-client',
    problem: 'reinject-rejected',
    severity: 'warning',
    modes: BOTH,
    parameter: 'smtpd_client_restrictions',
    value: 'permit_mynetworks,reject',
    why: `Checks of the client have to let amavis in. ${ONCE}`,
    fits: (value) => value === '' || beginsWithMynetworks(value),
  },
  {
    code: 'reinject-recipient',
    problem: 'reinject-relay-denied',
    severity: 'error',
    modes: BOTH,
    parameter: 'smtpd_recipient_restrictions',
    value: 'permit_mynetworks,reject',
    why: 'A recipient that is refused here is bounced although the front has accepted it; others have no business here.',
    fits: beginsWithMynetworks,
    // Nothing set: smtpd_relay_restrictions decides, and lets mynetworks pass unless it was changed.
    weigh: (value, way, setup) =>
      (value === '' || listOf(value).includes('permit_mynetworks')) && !holdsFilter(value, way, setup)
        ? 'warning'
        : 'error',
  },
  {
    code: 'reinject-relay',
    problem: 'reinject-relay-denied',
    severity: 'error',
    modes: BOTH,
    parameter: 'smtpd_relay_restrictions',
    value: 'permit_mynetworks,reject',
    why: 'Mail for other domains must be let out again: otherwise "Relay access denied", and it is bounced.',
    fits: (value) => value === '' || listOf(value)[0] === 'permit_mynetworks',
    weigh: (value) => (listOf(value).includes('permit_mynetworks') ? 'warning' : 'error'),
  },
  ...['helo', 'sender', 'end_of_data'].map(
    (stage): OptionRule => ({
      code: `reinject-${stage.replaceAll('_', '-')}`,
      severity: 'warning',
      modes: BOTH,
      parameter: `smtpd_${stage}_restrictions`,
      value: '',
      why: `These checks may refuse what was accepted, and a FILTER in them makes the mail loop. ${ONCE}`,
      weigh: (value, way, setup) => (holdsFilter(value, way, setup) ? 'error' : 'warning'),
      fits: (value) => value === '' || value === 'permit' || listOf(value)[0] === 'permit_mynetworks',
    }),
  ),
  {
    code: 'reinject-data',
    severity: 'warning',
    modes: BOTH,
    parameter: 'smtpd_data_restrictions',
    value: 'reject_unauth_pipelining',
    why: `These checks may refuse what was accepted, and a FILTER in them makes the mail loop. ${ONCE}`,
    weigh: (value, way, setup) => (holdsFilter(value, way, setup) ? 'error' : 'warning'),
    fits: (value) =>
      listOf(value).every((word) => word === 'reject_unauth_pipelining' || word === 'permit_mynetworks'),
  },
  {
    code: 'reinject-classes',
    severity: 'info',
    modes: BOTH,
    parameter: 'smtpd_restriction_classes',
    value: '',
    why: 'No restriction of the way back uses a class.',
  },
  {
    code: 'reinject-delay-reject',
    severity: 'info',
    modes: BOTH,
    parameter: 'smtpd_delay_reject',
    value: 'no',
    why: 'A stranger is refused as soon as it connects, and amavis has no use for the delay.',
  },
  {
    code: 'reinject-error-sleep',
    severity: 'info',
    modes: BOTH,
    parameter: 'smtpd_error_sleep_time',
    value: '0',
    why: 'amavis need not be slowed down for a recipient that is refused.',
    fits: (value) => /^0[smhdw]?$/.test(value),
  },
  {
    code: 'reinject-soft-limit',
    severity: 'info',
    modes: BOTH,
    parameter: 'smtpd_soft_error_limit',
    value: '1001',
    why: 'One session of amavis carries many messages: their errors add up, and Postfix slows it down.',
    fits: (value) => Number(value) >= 1000,
  },
  {
    code: 'reinject-hard-limit',
    severity: 'info',
    modes: BOTH,
    parameter: 'smtpd_hard_error_limit',
    value: '1000',
    why: 'One session of amavis carries many messages: their errors add up, and Postfix hangs up.',
    fits: (value) => Number(value) >= 1000,
  },
  {
    code: 'reinject-connections',
    severity: 'info',
    modes: BOTH,
    parameter: 'smtpd_client_connection_count_limit',
    value: '0',
    why: 'All connections come from one client, amavis.',
  },
  {
    code: 'reinject-rate',
    severity: 'warning',
    modes: BOTH,
    parameter: 'smtpd_client_connection_rate_limit',
    value: '0',
    why: 'All connections come from one client, amavis: a limit meant for strangers stops the mail.',
  },
  {
    code: 'reinject-unknown-recipients',
    problem: 'reinject-user-unknown',
    severity: 'warning',
    modes: BOTH,
    parameter: 'receive_override_options',
    value: 'no_unknown_recipient_checks',
    write: overrides,
    why: 'A recipient that the front let in and that is refused here is bounced to a sender who may be forged.',
    fits: (value, way) => listOf(value).includes('no_unknown_recipient_checks') || hasNoRecipientMaps(way),
  },
  {
    code: 'reinject-header-checks',
    severity: 'warning',
    modes: AFTER,
    parameter: 'receive_override_options',
    value: 'no_header_body_checks',
    write: overrides,
    why: 'header_checks and body_checks have been made before the filter; a FILTER or REJECT in them would work twice.',
    fits: (value) => listOf(value).includes('no_header_body_checks'),
    weigh: (_, way, setup) => {
      if (!cleanupHas(way, CHECKS)) return 'info';
      const checks = CHECKS.map((name) => cleanupValue(way, name)).join(' ');
      return holdsFilter(checks, way, setup) ? 'error' : 'warning';
    },
  },
  {
    code: 'reinject-milters',
    severity: 'warning',
    modes: AFTER,
    parameter: 'receive_override_options',
    value: 'no_milters',
    write: overrides,
    why: 'Milters have seen the mail before the filter; now they would judge amavis as its client.',
    fits: (value, { instance, service }) =>
      listOf(value).includes('no_milters') ||
      service.options.get('smtpd_milters')?.value === '' ||
      (service.options.has('smtpd_milters') && parameter(instance, 'smtpd_milters', service).value !== ''),
    weigh: (_, { instance, service }) =>
      parameter(instance, 'smtpd_milters', service).value === '' ? 'info' : 'warning',
  },
  {
    code: 'reinject-rewrite',
    severity: 'info',
    modes: BOTH,
    parameter: 'local_header_rewrite_clients',
    value: '',
    why: 'Header addresses were completed when the mail came in; mail from strangers must not get the local domain.',
  },
  {
    code: 'reinject-xforward',
    problem: 'xforward-off',
    severity: 'info',
    modes: BOTH,
    parameter: 'smtpd_authorized_xforward_hosts',
    value: '127.0.0.0/8',
    why: 'With it Postfix logs orig_queue_id= and the true client after the filter, which makes traces surer.',
    fits: (value) => value !== '',
  },
  {
    code: 'reinject-tls',
    problem: 'reinject-tls',
    severity: 'error',
    modes: BOTH,
    parameter: 'smtpd_tls_security_level',
    value: 'none',
    why: 'amavis talks in the clear: "530 Must issue a STARTTLS command first", and mail is bounced.',
    fits: (value, { instance, service }, { amavis }) => {
      if (amavis?.tlsOut.known === true && amavis.tlsOut.value !== null) return true;
      const enforced = value === '' && parameter(instance, 'smtpd_enforce_tls', service).value === 'yes';
      return !DEMANDING.has(value) && !enforced;
    },
  },
  {
    code: 'reinject-tls-wrapper',
    severity: 'error',
    modes: BOTH,
    parameter: 'smtpd_tls_wrappermode',
    value: 'no',
    why: 'amavis talks in the clear and waits for a greeting that never comes.',
  },
];

export const returnOptionRules: readonly Rule[] = optionRules('reinjection', smtpds, OPTIONS);

function beginsWithMynetworks(value: string): boolean {
  const words = listOf(value);
  return words[0] === 'permit_mynetworks' && words.slice(1).some((word) => /^(?:reject|defer)/.test(word));
}

/**
 * What is there and what the guide has. With filtering before the queue the way back is the first that looks at
 * headers, so only the check of recipients goes. What main.cf says is for the first pass: mapping switched off there
 * must be on here.
 */
function overrides({ value, origin }: Parameter, { mode }: Setup): string {
  const wanted = mode === 'before-queue' ? ['no_unknown_recipient_checks'] : OVERRIDES;
  const present = listOf(value ?? '').filter((word) => origin === 'option' || word !== 'no_address_mappings');
  return [...new Set([...present, ...wanted])].join(',');
}

/** The guide's older way to switch recipient checks off: no map to look a recipient up in. */
function hasNoRecipientMaps({ instance, service }: Listener): boolean {
  return ['local_recipient_maps', 'relay_recipient_maps', 'virtual_alias_maps', 'virtual_mailbox_maps'].every(
    (name) => parameter(instance, name, service).value === '',
  );
}

/** Whether a table that this value names sends mail to the filter. It would from here, too: round and round. */
function holdsFilter(value: string, { instance }: Listener, setup: Setup): boolean {
  const files = setup.configuration.instances.find((one) => one.instance === instance);
  return (files?.filterActions ?? []).some(
    (action) =>
      setup.routes.some((route) => route.value === action.value) &&
      value.includes(`${action.table.type}:${action.table.name}`),
  );
}

/** Whether the cleanup service behind this smtpd has any of these set. */
export function cleanupHas(way: Listener, names: readonly string[]): boolean {
  return names.some((name) => cleanupValue(way, name) !== '');
}

/** A parameter of the cleanup service behind this smtpd. */
function cleanupValue({ instance, service }: Listener, name: string): string | null {
  const cleanup = findService(
    instance,
    parameter(instance, 'cleanup_service_name', service).value ?? 'cleanup',
  );
  return parameter(instance, name, cleanup).value;
}
