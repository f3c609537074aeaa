import { tzOffset } from '@date-fns/tz';
import type { ZoneOffset } from '../core/clock.js';
import { UserError } from '../user-error.js';

/** A time zone by its name (`Europe/Berlin`, `UTC`, `+02:00`), else the machine's. Throws UserError when there is none. */
export function zoneOffset(name: string | undefined): ZoneOffset {
  if (name === undefined) return (instant) => -new Date(instant).getTimezoneOffset();
  if (Number.isNaN(tzOffset(name, new Date(0)))) {
    throw new UserError(
      `--tz: there is no time zone "${name}"`,
      'Name one as in Europe/Berlin, UTC or +02:00.',
    );
  }
  return (instant) => tzOffset(name, new Date(instant));
}
