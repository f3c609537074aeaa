/**
 * Program names in syslog heads.
 *
 * Postfix writes `syslog_name/daemon`; master.cf can give a service a syslog_name of its own (`postfix/amavisfeed`,
 * `postfix/127.0.0.1:10025`), and a second instance has another (`postfix-out`). amavis logs as whatever it was
 * started as.
 */

export interface Program {
  /** The key under which patterns are filed: `postfix/smtpd`, `postfix` (service lost), `amavis`, `dovecot` … */
  readonly key: string;
  readonly instance: string;
  readonly service: string;
  readonly daemon: string;
}

/** The key of what only passes on lines of others: a container's log driver, Zimbra's own logger. */
export const CARRIER = 'carrier';

const POSTFIX_DAEMONS = new Set(
  (
    'anvil bounce cleanup defer discard dnsblog error flush lmtp local master nbdb_reindexd nqmgr oqmgr pickup pipe postalias postcat ' +
    'postconf postdrop postfix postfix-script postfix-tlsmgr postkick postlock postlog postlogd postmap postmulti ' +
    'postqueue postscreen postsuper proxymap proxywrite qmgr qmqpd relay retry scache sendmail showq smtp smtpd spawn ' +
    'submission tlsmgr tlsproxy trace trivial-rewrite verify virtual'
  ).split(' '),
);

/** What others named after Postfix or amavis: policy services, rewriters, amavis' own helpers. */
const HELPER =
  /^(?:postfix-(?:policy|srsd|mta-sts|sqlgrey)|amavisd?-(?:agent|mc|milter|nanny|release|services|signer|snmp-subagent|status|submit)\b)/;

/** The parts of a program name as a syslog head has it (without `[pid]`). */
export function parseProgram(name: string): Program {
  if (/^(?:docker\/.+|[0-9a-f]{12}|zimbra)$/.test(name)) {
    return { key: CARRIER, instance: name, service: '', daemon: name };
  }
  // journalctl -o with-unit names the unit instead of the program: `postfix@-.service`, `amavis.service`.
  const unit = /^([\w-]+)(?:@([\w-]+))?\.service$/.exec(name);
  if (unit !== null)
    return parseProgram(unit[2] === undefined || unit[2] === '-' ? (unit[1] ?? '') : unit[2]);
  const parts = name.split('/');
  const last = parts.at(-1) ?? '';
  if (parts.length > 1 && name[0] !== '/' && POSTFIX_DAEMONS.has(last)) {
    const daemon = last === 'nqmgr' || last === 'oqmgr' ? 'qmgr' : last;
    return {
      key: `postfix/${daemon}`,
      instance: parts[0] ?? '',
      service: parts.slice(1, -1).join('/'),
      daemon,
    };
  }
  if (HELPER.test(last)) return { key: last, instance: last, service: '', daemon: last };
  if (last.startsWith('amavis')) return { key: 'amavis', instance: last, service: '', daemon: 'amavis' };
  // rsyslog's RFC 5424 output cuts the name at its first slash.
  if (last === 'postfix' || last.startsWith('postfix-')) {
    if (last !== 'postfix-script') return { key: 'postfix', instance: last, service: '', daemon: '' };
    return { key: 'postfix/postfix-script', instance: 'postfix', service: '', daemon: last };
  }
  return { key: last, instance: last, service: '', daemon: last };
}
