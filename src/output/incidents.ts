/** Troubles of the whole system as text. */
import type { ZoneOffset } from '../core/clock.js';
import { type Incident, MAX_COUNTED } from '../core/problem/incidents.js';
import { narrowed } from './narrow.js';
import { printable } from './printable.js';
import { dateTime } from './times.js';
import { indent } from './wrap.js';

/** More than these are counted only; the latest are shown. */
const SHOWN = 20;

export function incidentsText(incidents: readonly Incident[], zone: ZoneOffset, columns: number): string {
  const earlier = incidents.length - SHOWN;
  const lines = incidents.slice(-SHOWN).map((incident) => incidentLine(incident, zone));
  if (earlier > 0) lines.unshift(`(${earlier} earlier)`);
  return narrowed(['Troubles of the system', ...lines.map(indent)], columns).join('\n');
}

function incidentLine({ code, host, begin, end, messages, summary }: Incident, zone: ZoneOffset): string {
  const until = end === null ? 'not over' : `to ${dateTime(end, zone)}`;
  const more = messages < MAX_COUNTED ? '' : ' or more';
  const touched = messages === 0 ? '' : `, ${messages}${more} ${messages === 1 ? 'message' : 'messages'}`;
  return printable(`${dateTime(begin, zone)} ${until}  ${code} on ${host}${touched}: ${summary}`);
}
