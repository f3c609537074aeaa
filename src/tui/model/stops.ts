/** How far a message has come: the four places of its path that every row shows. */
import type { Hop, Outcome, RecipientState, Trace } from '../../core/trace/trace.js';

type Place = 'receive' | 'filter' | 'reinject' | 'mailbox';

export interface Stop {
  readonly place: Place;
  /** The port, or what there is instead of one: `pickup`, `mailbox`, `relay`. */
  readonly label: string;
  /** null: not reached. */
  readonly outcome: Outcome | null;
}

const PLACES: readonly Place[] = ['receive', 'filter', 'reinject', 'mailbox'];

const UNREACHED: Readonly<Record<Place, string>> = {
  receive: '25', filter: '10024', reinject: '10025', mailbox: 'mailbox',
}; // biome-ignore format: a table

/** Recipients in these states have stopped, or wait, at the place where that happened. */
const HALTED: Partial<Readonly<Record<RecipientState, Outcome>>> = {
  deferred: 'deferred', bounced: 'failed', expired: 'failed', rejected: 'failed', blocked: 'blocked',
}; // biome-ignore format: a table

const WORST: readonly Outcome[] = ['failed', 'deferred', 'pending', 'blocked', 'ok'];

interface Visit {
  readonly place: Place;
  readonly outcome: Outcome;
  readonly hop: Hop;
}

export function stopsOf(trace: Trace): readonly Stop[] {
  const visits = trace.hops.flatMap(visitsOf);
  const halts = haltsOf(trace, visits);
  return PLACES.map((place) => {
    const here = visits.filter((visit) => visit.place === place);
    return { place, label: labelOf(place, here), outcome: outcomeOf(halts.get(place), here) };
  });
}

/** amavis took the message but could not give it back: it is the way back that failed. */
export function failedBehind({ stage, outcome, detail }: Hop): boolean {
  if (stage !== 'filter' || (outcome !== 'deferred' && outcome !== 'failed')) return false;
  return /from MTA\b|on relaying|MTA-BLOCKED/i.test(detail ?? '');
}

function visitsOf(hop: Hop): Visit[] {
  const { stage, outcome } = hop;
  if (stage === 'queue') return [];
  if (failedBehind(hop)) {
    // The way back has a port of its own, which this hop does not know.
    return [
      { place: 'filter', outcome: 'ok', hop },
      { place: 'reinject', outcome, hop: { ...hop, service: null, port: null } },
    ];
  }
  return [{ place: stage === 'deliver' ? 'mailbox' : stage, outcome, hop }];
}

/** Where recipients have stopped now; what was overcome since is not among it. */
function haltsOf(trace: Trace, visits: readonly Visit[]): ReadonlyMap<Place, Outcome> {
  const halts = new Map<Place, Outcome>();
  for (const { state, queueId } of trace.recipients) {
    if (state === 'filtering') note(halts, 'filter', 'pending');
    const outcome = state === null ? undefined : HALTED[state];
    if (outcome === undefined) continue;
    const alike = visits.filter((visit) => visit.outcome === outcome);
    const visit = alike.findLast(({ hop }) => hop.queueId === queueId) ?? alike.at(-1);
    if (visit !== undefined) note(halts, visit.place, outcome);
  }
  return halts;
}

function note(halts: Map<Place, Outcome>, place: Place, outcome: Outcome): void {
  const before = halts.get(place);
  if (before === undefined || WORST.indexOf(outcome) < WORST.indexOf(before)) halts.set(place, outcome);
}

function outcomeOf(halt: Outcome | undefined, visits: readonly Visit[]): Outcome | null {
  if (halt !== undefined) return halt;
  const last = visits.at(-1);
  if (last === undefined) return null;
  return visits.some(({ outcome }) => outcome === 'ok') ? 'ok' : last.outcome;
}

function labelOf(place: Place, visits: readonly Visit[]): string {
  const hop = (place === 'receive' ? visits[0] : visits.at(-1))?.hop;
  if (hop === undefined) return UNREACHED[place];
  const { service, port } = hop;
  if (place === 'mailbox') return service === 'smtp' || service === 'relay' ? 'relay' : 'mailbox';
  return port === null ? (service ?? UNREACHED[place]) : String(port);
}
