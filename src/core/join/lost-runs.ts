/**
 * Runs of amavis that ended without a word: killed or stopped while they worked. At log level 1 they have said what
 * they took, by sender, recipients and size, and nothing of whom they had it from; the feed's line breaks off at the
 * same time.
 */
import { addressKey } from '../address-key.js';
import { envelopeKey } from '../keys.js';
import type { MailPath } from '../path.js';
import { isLoopback } from '../response.js';
import { gatherFacts } from '../trace/facts.js';
import { type Handover, handoversOf } from './ends.js';
import { type LikelyJoin, NEAR } from './likely.js';
import type { Case } from './node.js';
import { RUN_TIME } from './runs.js';

/** A message with more lines that broke off is not looked for: each is a key of its own. */
const MAX_RECIPIENTS = 100;

interface LostRun {
  readonly case: Case;
  readonly amavisId: string;
  readonly host: string;
  readonly time: number;
  /** Addresses as they compare. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly size: number | undefined;
}

/** A message of which the feed doesn't know whether the filter has it. */
interface Source {
  readonly case: Case;
  readonly queueId: string;
  readonly host: string;
  readonly sender: string;
  readonly size: number;
  readonly handovers: readonly Handover[];
}

/** Whether it is a run of amavis that nobody is known to have fed, and that has not said what came of it. */
export function isLostRun({ lives, runs, events }: Case): boolean {
  if (lives.length > 0 || runs.length !== 1) return false;
  return !events.some(({ kind }) => kind === 'amavis.verdict' || kind === 'amavis.release');
}

/** The keys under which the lost run and its message find each other. */
export function envelopeKeysOf(which: Case, path: MailPath): Set<string> {
  const keys = new Set<string>();
  const run = lostRunOf(which);
  // One of its recipients is enough, since the message must have them all.
  const recipient = run?.recipients.toSorted()[0];
  if (run !== undefined && recipient !== undefined)
    keys.add(envelopeKey(run.sender, recipient, bucketOf(run.time)));
  for (const { sender, handovers } of sourcesOf(which, path)) {
    if (handovers.length > MAX_RECIPIENTS) continue;
    for (const { recipient, from, to } of handovers) {
      for (let bucket = bucketOf(from - NEAR); bucket <= bucketOf(to + NEAR); bucket++)
        keys.add(envelopeKey(sender, recipient, bucket));
    }
  }
  return keys;
}

/** What is likely among cases that share such a key: one run and one message whose line broke off meanwhile. */
export function likelyRuns(cases: readonly Case[], path: MailPath): LikelyJoin[] {
  const runs = cases.flatMap((which) => lostRunOf(which) ?? []);
  const sources = runs.length === 0 ? [] : cases.flatMap((which) => sourcesOf(which, path));
  const fits = runs.map((run) => ({ run, own: sources.filter((source) => isOf(run, source)) }));
  const found: LikelyJoin[] = [];
  for (const { run, own } of fits) {
    const [source, ...others] = own;
    if (source === undefined || others.length > 0) continue;
    if (fits.some((other) => other.run !== run && other.own.includes(source))) continue;
    const { queueId: from } = source;
    const link = { from, to: run.amavisId, via: ['envelope', 'lost-reply'], confidence: 'likely' } as const;
    found.push({ one: source.case, other: run.case, link });
  }
  return found;
}

function lostRunOf(which: Case): LostRun | undefined {
  if (!isLostRun(which)) return undefined;
  const [run] = gatherFacts(which.events).runs.values();
  const told = run?.received ?? run?.checking;
  if (run === undefined || told?.sender === undefined || told.recipients === undefined) return undefined;
  if (run.queueId !== null || run.forwards.length > 0) return undefined;
  return {
    case: which,
    amavisId: run.amavisId,
    host: told.at.host,
    time: told.at.time,
    sender: addressKey(told.sender),
    recipients: told.recipients.map(addressKey),
    size: run.received?.size,
  };
}

function sourcesOf(which: Case, path: MailPath): Source[] {
  if (!which.asks) return [];
  const facts = gatherFacts(which.events);
  return [...facts.lives.values()].flatMap(({ queueId, active, deliveries }) => {
    if (active === undefined) return [];
    const handovers = handoversOf(deliveries, facts, path).filter(({ way }) => way === 'lost-reply');
    const { sender, size, at } = active;
    return { case: which, queueId, host: at.host, sender: addressKey(sender), size, handovers };
  });
}

function isOf(run: LostRun, source: Source): boolean {
  if (run.sender !== source.sender || (run.size ?? source.size) !== source.size) return false;
  return run.recipients.every((address) =>
    source.handovers.some(
      ({ recipient, address: filter = '', from, to }) =>
        recipient === address &&
        run.time >= from - NEAR &&
        run.time <= to + NEAR &&
        (run.host === source.host || !isLoopback(filter)),
    ),
  );
}

function bucketOf(time: number): number {
  return Math.floor(time / RUN_TIME);
}
