/** The conditions that an entry of the catalogue can name. */
import { maybeDeleted, maybeHeld } from './bulk-action.js';
import type { Condition } from './condition.js';
import { dsnLost } from './dsn-lost.js';
import { duplicateDelivery } from './duplicate-delivery.js';
import { filterLoop } from './filter-loop.js';
import { filterName } from './filter-name.js';
import { filterSilent, filterSlow, slowConnect } from './filter-time.js';
import { loopedBehind } from './looped-behind.js';
import { quarantineLost } from './quarantine-lost.js';
import { quarantinedUnseen } from './quarantined-unseen.js';
import { deleted, filterAction, held, thrownAway } from './queue-actions.js';
import { addressMapping, alwaysBcc } from './twice-expanded.js';
import { unfiltered } from './unfiltered.js';
import { wrongPort } from './wrong-port.js';
import { xforwardOff } from './xforward-off.js';

export const conditions: ReadonlyMap<string, Condition> = new Map([
  ['address-mapping', addressMapping],
  ['always-bcc', alwaysBcc],
  ['deleted', deleted],
  ['dsn-lost', dsnLost],
  ['duplicate-delivery', duplicateDelivery],
  ['filter-action', filterAction],
  ['filter-loop', filterLoop],
  ['filter-name', filterName],
  ['filter-silent', filterSilent],
  ['filter-slow', filterSlow],
  ['held', held],
  ['looped-behind', loopedBehind],
  ['maybe-deleted', maybeDeleted],
  ['maybe-held', maybeHeld],
  ['quarantine-lost', quarantineLost],
  ['quarantined-unseen', quarantinedUnseen],
  ['slow-connect', slowConnect],
  ['thrown-away', thrownAway],
  ['unfiltered', unfiltered],
  ['wrong-port', wrongPort],
  ['xforward-off', xforwardOff],
]);
