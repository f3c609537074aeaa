/** Troubles of the whole system as text. */
import type { ZoneOffset } from '../core/clock.js';
import type { Incident } from '../core/problem/incidents.js';
import { printable } from './printable.js';
import { dateTime } from './times.js';
import { indent } from './wrap.js';

export function incidentsText(incidents: readonly Incident[], zone: ZoneOffset): string {
  return [
    'Troubles of the system',
    ...incidents.map((incident) => indent(incidentLine(incident, zone))),
  ].join('\n');
}

function incidentLine({ code, host, begin, end, messages, summary }: Incident, zone: ZoneOffset): string {
  const until = end === null ? 'not over' : `to ${dateTime(end, zone)}`;
  const touched = messages === 0 ? '' : `, ${messages} ${messages === 1 ? 'message' : 'messages'}`;
  return printable(`${dateTime(begin, zone)} ${until}  ${code} on ${host}${touched}: ${summary}`);
}
