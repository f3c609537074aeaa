import type { Incident } from '../core/problem/incidents.js';
import { prometheusText } from '../core/report/prometheus.js';
import { StatsBuilder } from '../core/report/stats.js';
import { incidentsText } from '../output/incidents.js';
import { printableJson } from '../output/printable.js';
import { statsText } from '../output/stats.js';
import type { Run } from './command.js';
import { flag, oneOf, period, text, zone } from './options.js';
import { openTraces } from './store-options.js';

export const run: Run = async (_args, options, io) => {
  oneOf(options, '--json', '--prometheus');
  const { since, until } = period(options);
  const host = text(options, 'host');
  const { traces, db } = openTraces(options, io);
  const builder = new StatsBuilder();
  for (const trace of traces.search({ since, until, host }, () => true)) {
    if (io.signal.aborted) break;
    builder.add(trace);
  }
  const incidents = traces
    .incidents()
    .filter((incident) => (host === undefined || incident.host === host) && within(incident, since, until));
  db.close();
  if (io.signal.aborted) return 2;
  const stats = builder.result();
  if (flag(options, 'prometheus')) {
    io.out(prometheusText(stats));
  } else if (flag(options, 'json')) {
    io.out(`${printableJson({ ...stats, incidents })}\n`);
  } else {
    io.out(`${statsText(stats, { ...io, zone: zone(options) })}\n`);
    if (incidents.length > 0) io.out(`\n${incidentsText(incidents, zone(options), io.columns)}\n`);
  }
  return 0;
};

/** Microseconds; an incident that is not over lasts. */
function within({ begin, end }: Incident, since: number | undefined, until: number | undefined): boolean {
  const starts = Date.parse(begin) * 1000;
  const stops = end === null ? Number.POSITIVE_INFINITY : Date.parse(end) * 1000;
  return (since === undefined || stops >= since) && (until === undefined || starts < until);
}
