/**
 * How each station of the path does, judged by what messages met there in the last minutes.
 *
 * The stations of this machine (feed, filter, way back) fail or do not, so the newest visit decides. What comes in and
 * where mail goes depend on strangers: there it takes half of the last visits.
 */
import { append } from '../../core/append.js';
import type { Hop, Trace } from '../../core/trace/trace.js';
import { hopMillis } from '../../output/times.js';
import { percentile } from './percentile.js';
import { failedBehind } from './stops.js';

export type Condition = 'fine' | 'slow' | 'failing' | 'silent';
type StationName = 'receive' | 'feed' | 'filter' | 'reinject' | 'mailbox';

export interface Station {
  readonly name: StationName;
  /** The port or the name to show. */
  readonly label: string;
  readonly condition: Condition;
}

const MINUTE = 60_000;
const WINDOW = 5 * MINUTE;
/** What waits for longer has been given up, or its end was never logged; it says nothing of now. */
const FORGOTTEN = 60 * MINUTE;
/** So many of the last visits count. */
const LAST = 20;
/** Of so many finished messages, the newest, the visits are looked at; more come in five minutes on busy systems only. */
const FINISHED = 500;

interface Kind {
  readonly label: string;
  /** Milliseconds; half of the visits taking longer than this is slow. */
  readonly slow: number;
  readonly newestDecides: boolean;
}

const STATIONS: Readonly<Record<StationName, Kind>> = {
  // How long a client takes to send is the client's business.
  receive: { label: '25', slow: Number.POSITIVE_INFINITY, newestDecides: false },
  feed: { label: 'feed', slow: 10_000, newestDecides: true },
  filter: { label: '10024', slow: 5_000, newestDecides: true },
  reinject: { label: '10025', slow: 5_000, newestDecides: true },
  mailbox: { label: 'mailbox', slow: 10_000, newestDecides: false },
};
/** A message that a station has kept for so long without an answer makes it slow. */
const WAITS: Partial<Readonly<Record<StationName, number>>> = { feed: 10_000, filter: 30_000 };

interface Visit {
  readonly station: StationName;
  readonly time: string;
  /** null: not over yet. */
  readonly good: boolean | null;
  readonly hop: Hop;
}

/** The visits of each trace, newest first. Traces don't change, so this is worked out once. */
const VISITS = new WeakMap<Trace, readonly Visit[]>();

/** `traces` oldest first, `now` in milliseconds since 1970. */
export function healthOf(traces: readonly Trace[], now: number): readonly Station[] {
  const since = new Date(now - WINDOW).toISOString();
  const forgotten = new Date(now - FORGOTTEN).toISOString();
  const visits = new Map<StationName, Visit[]>();
  let finished = 0;
  for (let index = traces.length - 1; index >= 0; index--) {
    const trace = traces[index];
    if (trace === undefined || trace.lastSeen < (trace.complete ? since : forgotten)) continue;
    if (trace.complete && finished++ >= FINISHED) continue;
    for (const visit of visitsIn(trace)) {
      if (visit.time < since && visit.good !== null) continue;
      append(visits, visit.station, visit);
    }
  }
  return (Object.keys(STATIONS) as StationName[]).map((name) => station(name, visits.get(name) ?? [], now));
}

function visitsIn(trace: Trace): readonly Visit[] {
  let visits = VISITS.get(trace);
  if (visits === undefined) {
    visits = [...visitsOf(trace)].reverse();
    VISITS.set(trace, visits);
  }
  return visits;
}

function station(name: StationName, visits: readonly Visit[], now: number): Station {
  const { label, slow, newestDecides } = STATIONS[name];
  // They come newest first; those of the same second keep the order that they have in the log.
  const over = visits
    .filter(({ good }) => good !== null)
    .reverse()
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    .slice(-LAST);
  const newest = over.at(-1);
  const port = newest?.hop.port ?? null;
  const named = name === 'filter' || name === 'reinject';
  const shown = named && port !== null ? String(port) : label;
  const bad = over.filter(({ good }) => good === false).length;
  const failing = newestDecides ? newest?.good === false : over.length > 0 && bad * 2 >= over.length;
  if (failing) return { name, label: shown, condition: 'failing' };
  const patience = WAITS[name];
  const waits =
    patience !== undefined &&
    visits.some(({ good, hop }) => good === null && now - Date.parse(hop.from) >= patience);
  const taken = over.flatMap(({ hop }) => hopMillis(hop) ?? []);
  if (waits || (percentile(taken, 0.5) ?? 0) >= slow) return { name, label: shown, condition: 'slow' };
  return { name, label: shown, condition: newest === undefined ? 'silent' : 'fine' };
}

function* visitsOf(trace: Trace): Generator<Visit> {
  let handedOver = false;
  let fed = false;
  for (const hop of trace.hops) {
    const time = hop.to ?? hop.from;
    const good = hop.outcome === 'ok' || hop.outcome === 'blocked';
    switch (hop.stage) {
      case 'receive':
        yield { station: 'receive', time, good: good || !isOwnFault(hop), hop };
        break;
      case 'queue':
        // Only the wait for the filter is the feed's; what comes after it waits for the mailbox.
        if (!handedOver && !fed) {
          fed = true;
          if (trace.state === 'queued') yield { station: 'feed', time, good: null, hop };
          else if (trace.filter.length > 0) yield { station: 'feed', time, good: true, hop };
        }
        break;
      case 'filter':
        yield* filterVisits(hop, time, good);
        break;
      case 'reinject':
        handedOver = true;
        yield { station: 'reinject', time, good, hop };
        break;
      case 'deliver':
        yield { station: 'mailbox', time, good: good || isAnswer(hop), hop };
        break;
    }
  }
}

function* filterVisits(hop: Hop, time: string, good: boolean): Generator<Visit> {
  if (hop.outcome === 'pending') {
    yield { station: 'filter', time, good: null, hop };
  } else if (failedBehind(hop)) {
    yield { station: 'filter', time, good: true, hop };
    // The way back has a port of its own, which this hop does not know.
    yield { station: 'reinject', time, good: false, hop: { ...hop, port: null } };
  } else {
    yield { station: good || !failedBefore(hop) ? 'filter' : 'feed', time, good, hop };
  }
}

/** Postfix itself could not try: the transport is missing or broken. */
function failedBefore({ detail }: Hop): boolean {
  return /mail transport unavailable|unknown mail transport|mail system configuration/i.test(detail ?? '');
}

/** A refusal with 4xx 4.3.x says that this system is broken; others say what it thinks of the client. */
function isOwnFault({ detail }: Hop): boolean {
  return /\b4\d\d 4\.3\.\d/.test(detail ?? '');
}

/** No such user, or not allowed: the other side works and has answered. */
function isAnswer({ outcome, detail }: Hop): boolean {
  return outcome === 'failed' && /\b5\.[17]\.\d/.test(detail ?? '');
}
