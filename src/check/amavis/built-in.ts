import { type PerlValue, scalar } from './value.js';

const REINJECTION = 'smtp:[127.0.0.1]:10025';
const LOOPBACK = ['127.0.0.1', '[::1]'];

/** The values of Amavis/Conf.pm (amavisd 2.4 to 2.13) that count, and can be built upon, where nothing is assigned. */
export const BUILT_IN: ReadonlyMap<string, PerlValue> = new Map<string, PerlValue>([
  ['$MYHOME', scalar('/var/amavis')],
  ['$child_timeout', scalar('480')],
  ['$forward_method', scalar(REINJECTION)],
  ['$inet_socket_bind', list(LOOPBACK)],
  ['$log_level', scalar('0')],
  ['$max_servers', scalar('2')],
  ['$notify_method', scalar(REINJECTION)],
  ['@inet_acl', list(LOOPBACK)],
]);

function list(texts: readonly string[]): PerlValue {
  return { kind: 'list', items: texts.map(scalar) };
}
