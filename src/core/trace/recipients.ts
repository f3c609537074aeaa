/**
 * What became of each recipient: followed from the queue id where the message came in, through the filter, aliases
 * and .forward, to where it rests now.
 */
import { addressKey } from '../address-key.js';
import { append } from '../append.js';
import type { MailPath } from '../path.js';
import { isQueueId } from '../queue-id.js';
import {
  amavisIdIn,
  blockedByFilter,
  blockedInPart,
  isLoopback,
  parseEndpoint,
  replyOf,
} from '../response.js';
import { type DeliveryEvent, type Facts, isFailedRelease, type LifeFacts, type RunFacts } from './facts.js';
import { type Chain, isFilterDelivery } from './links.js';
import type { RecipientState } from './trace.js';

export interface RecipientFacts {
  readonly address: string;
  readonly originalTo: string | null;
  readonly state: RecipientState | null;
  readonly queueId: string | null;
  /** The line that tells; undefined when the state follows from other lines. */
  readonly delivery: DeliveryEvent | undefined;
  readonly attempts: number;
}

/** The delivery lines of one recipient in one life, in order. */
interface Entry {
  readonly address: string;
  readonly originalTo: string | undefined;
  readonly deliveries: DeliveryEvent[];
  /** Whether it has been followed. */
  visited: boolean;
}

/** A life's recipients, in order, and each under every address that it may be asked for by. */
interface Entries {
  readonly all: readonly Entry[];
  readonly byAddress: ReadonlyMap<string, readonly Entry[]>;
  /** Those whose extension the filter may have given them, by their address without it. */
  readonly byBase: ReadonlyMap<string, readonly Entry[]>;
}

const NONE: readonly Entry[] = [];
const NO_ENTRIES: Entries = { all: NONE, byAddress: new Map(), byBase: new Map() };

const OPEN: readonly (RecipientState | null)[] = ['deferred', 'held', 'filtering', 'queued'];
/** Of two copies for one recipient the one that got furthest speaks. */
const STRENGTH: readonly (RecipientState | null)[] = [
  'delivered', 'relayed', 'deferred', 'held', 'filtering', 'queued', 'blocked', 'bounced', 'expired', 'rejected', 'deleted', null,
]; // biome-ignore format: a ranking

export function isOpen(state: RecipientState | null): boolean {
  return OPEN.includes(state);
}

export function recipientsOf(facts: Facts, chain: Chain, path: MailPath): readonly RecipientFacts[] {
  return new Follower(facts, chain, path).all();
}

interface OfLife {
  readonly life: LifeFacts;
  readonly entry: Entry;
}

class Follower {
  readonly #facts: Facts;
  readonly #chain: Chain;
  readonly #path: MailPath;
  readonly #entries = new Map<string, Entries>();
  readonly #runsOf = new Map<string, RunFacts[]>();
  readonly #found = new Map<string, RecipientFacts>();
  /** Addresses and original addresses of those found. */
  readonly #known = new Set<string>();
  /** Runs and requeued lives that a recipient was followed through: lines may say that they lead in a ring. */
  readonly #passed = new Set<string>();
  /** Lists of recipients as sets: a message may have ten thousands. */
  readonly #keys = new Map<readonly string[], ReadonlySet<string>>();
  readonly #recipients = new Map<RunFacts, readonly string[]>();
  /** What went into lives, by the lives' ids. */
  readonly #fed = new Map<string, ReadonlySet<string>>();
  /** What went into lives and did not come out under its own address, by the lives' ids. */
  readonly #lost = new Map<string, ReadonlySet<string>>();
  /** Recipients that were refused, known once they are asked for. */
  #refused: ReadonlySet<string> | undefined;

  constructor(facts: Facts, chain: Chain, path: MailPath) {
    this.#facts = facts;
    this.#chain = chain;
    this.#path = path;
    for (const life of facts.lives.values()) this.#entries.set(life.queueId, entriesOf(life));
    for (const run of facts.runs.values()) {
      const feeder = chain.feeders.get(run.amavisId);
      if (feeder === undefined) continue;
      append(this.#runsOf, feeder, run);
    }
  }

  all(): readonly RecipientFacts[] {
    const { lives, runs, proxies, refusals } = this.#facts;
    const led = new Set(this.#chain.links.map(({ to }) => to));
    const roots = [...lives.values()].filter(({ queueId }) => !led.has(queueId));
    // In a ring each is led to by another.
    const first = roots.length > 0 ? undefined : lives.get(this.#chain.order[0] ?? '');
    for (const life of first === undefined ? roots : [first]) this.#fromLife(life);
    for (const run of runs.values()) if (!this.#isFed(run)) this.#fromRun(run);
    // What nothing led to: copies that an outage made, recipients that were added on the way (always_bcc).
    for (const life of lives.values()) {
      for (const entry of this.#entriesOf(life).all) {
        if (!entry.visited) this.#entry(life, entry, entry.originalTo ?? null);
      }
    }
    for (const proxy of proxies) {
      if (proxy.outcome !== 'reject' || proxy.recipient === undefined || this.#knows(proxy.recipient))
        continue;
      const byFilter = proxy.amavisId !== undefined || amavisIdIn(proxy.response) !== undefined;
      this.#add(proxy.recipient, null, byFilter ? 'blocked' : 'rejected', null);
    }
    for (const { recipient, queueId } of refusals) {
      if (recipient !== undefined && !this.#knows(recipient))
        this.#add(recipient, null, 'rejected', queueId ?? null);
    }
    return [...this.#found.values()];
  }

  #isFed(run: RunFacts): boolean {
    const feeder = this.#chain.feeders.get(run.amavisId);
    return feeder !== undefined && this.#facts.lives.has(feeder);
  }

  #fromLife(life: LifeFacts): void {
    for (const entry of this.#entriesOf(life).all) this.#entry(life, entry, entry.originalTo ?? null);
    // Whom a redirected message was for before is told by `orig_to` at most.
    const isReplaced = life.redirected && life.deliveries.length > 0;
    const named = new Set(isReplaced ? [] : life.named.filter((address) => !this.#isRefused(life, address)));
    for (const run of this.#runsOf.get(life.queueId) ?? [])
      for (const address of this.#recipientsOf(run)) named.add(address);
    for (const address of named) {
      if (!this.#hasEntry(life, address)) this.#without(life, address, null);
    }
  }

  /** Whether the recipient was refused while the others were not. */
  #isRefused({ aborted }: LifeFacts, address: string): boolean {
    if (aborted !== undefined) return false;
    this.#refused ??= new Set(
      this.#facts.refusals.flatMap(({ stage, recipient }) =>
        stage === 'RCPT' && recipient !== undefined ? [addressKey(recipient)] : [],
      ),
    );
    return this.#refused.has(addressKey(address));
  }

  #fromRun(run: RunFacts): void {
    for (const address of this.#recipientsOf(run)) this.#throughRun(run, address, null, null);
  }

  /** A recipient of a life of whose delivery there is no line (yet). */
  #without(life: LifeFacts, address: string, originalTo: string | null): void {
    for (const run of this.#runsOf.get(life.queueId) ?? []) {
      const passed = `${run.amavisId} ${addressKey(address)}`;
      if (this.#passed.has(passed) || !this.#isAmong(this.#recipientsOf(run), address)) continue;
      this.#passed.add(passed);
      this.#throughRun(run, address, originalTo, life);
      return;
    }
    const again = this.#requeuedAs(life);
    const requeued = `${life.queueId} ${addressKey(address)}`;
    if (again !== undefined && !this.#passed.has(requeued)) {
      this.#passed.add(requeued);
      this.#into([again], address, originalTo, 0);
      return;
    }
    this.#add(address, originalTo, stateWithout(life, isAccepted(life) || this.#isLedTo(life)), life.queueId);
  }

  #isLedTo({ queueId }: LifeFacts): boolean {
    return this.#chain.links.some(({ to }) => to === queueId);
  }

  /** What amavis' own line says, where no reply to Postfix does. */
  #throughRun(run: RunFacts, address: string, originalTo: string | null, feeder: LifeFacts | null): void {
    const verdict = run.verdicts.findLast(({ recipients }) => this.#isAmong(recipients, address));
    const queueId = feeder?.queueId ?? null;
    if (verdict?.action === 'Blocked') {
      const state = blockedState(verdict.verdict, verdict.actions ?? []);
      // Before the queue it is the client that is told to try again.
      const refused = state === 'deferred' && this.#isRefusedToClient(run);
      this.#add(address, originalTo, refused ? 'rejected' : state, queueId);
      return;
    }
    const ways = [...run.queuedAs].flatMap((id) => this.#facts.lives.get(id) ?? []);
    if (ways.length > 0) {
      this.#into(ways, address, originalTo, 0);
      return;
    }
    if (isFailedRelease(run)) {
      this.#add(address, originalTo, 'rejected', queueId);
      return;
    }
    // Passed to a program or to a server that gave no id: of that there are no further lines.
    const passed = [...run.queuedAs].some((id) => isQueueId(id)) ? 'queued' : null;
    this.#add(address, originalTo, verdict === undefined ? 'filtering' : passed, queueId);
  }

  #isRefusedToClient({ amavisId }: RunFacts): boolean {
    return this.#facts.proxies.some(
      ({ outcome, amavisId: named, response }) =>
        outcome === 'reject' && (named ?? amavisIdIn(response)) === amavisId,
    );
  }

  #entry(life: LifeFacts, entry: Entry, originalTo: string | null): void {
    if (entry.visited) return;
    entry.visited = true;
    for (const end of endsOf(entry, life)) {
      const kept = this.#keptBack(life, entry, end);
      const next = kept === undefined ? this.#next(life, entry, end) : undefined;
      if (next !== undefined) this.#into(next, entry.address, originalTo, blockedInPart(end.response));
      else this.#add(entry.address, originalTo, kept ?? this.#state(life, end), life.queueId, { entry, end });
    }
  }

  /**
   * By SMTP the filter has one reply for all recipients, which names what some of them were passed on as: for whom it
   * was not, only amavis' own line says. Undefined for those who were.
   */
  #keptBack(life: LifeFacts, { address }: Entry, last: DeliveryEvent): RecipientState | undefined {
    if (last.status !== 'sent') return undefined;
    const { queuedAs } = replyOf(last);
    if (queuedAs === undefined) return undefined;
    for (const run of this.#runsOf.get(life.queueId) ?? []) {
      if (!run.queuedAs.has(queuedAs) || this.#hasPassed(run, address)) continue;
      const verdict = run.verdicts.find(({ recipients }) => this.#isAmong(recipients, address));
      if (verdict !== undefined) return blockedState(verdict.verdict, verdict.actions ?? []);
    }
    return undefined;
  }

  /** The lives that carry the recipient on, when the line says that the message went on. */
  #next(life: LifeFacts, { address }: Entry, last: DeliveryEvent): LifeFacts[] | undefined {
    if (last.status === 'sent') {
      const { forwardedAs, queuedAs } = replyOf(last);
      const id = forwardedAs ?? queuedAs;
      const next = id === undefined ? undefined : this.#facts.lives.get(id);
      if (next !== undefined && next !== life) return [next];
      return this.#likelyNext(life, 'pipe', address);
    }
    // Who got a bounce is done with: a requeued message has only those who were put off.
    if (last.status !== 'deferred') return undefined;
    const again = this.#requeuedAs(life);
    if (again !== undefined) return [again];
    // The reply was lost or came too late, and the filter passed the message on all the same.
    const passed = (this.#runsOf.get(life.queueId) ?? []).find(
      (run) => run.queuedAs.size > 0 && this.#hasPassed(run, address),
    );
    const ways =
      passed === undefined ? [] : [...passed.queuedAs].flatMap((id) => this.#facts.lives.get(id) ?? []);
    return ways.length > 0 ? ways : this.#likelyNext(life, 'lost-reply', address);
  }

  /** The life that the message has after `postsuper -r`. */
  #requeuedAs({ queueId, requeued }: LifeFacts): LifeFacts | undefined {
    if (!requeued) return undefined;
    return [...this.#facts.lives.values()].find(({ pickup }) => pickup?.origQueueId === queueId);
  }

  /** Where the message likely went on, when the recipient is found there. */
  #likelyNext({ queueId }: LifeFacts, way: string, address: string): LifeFacts[] | undefined {
    for (const { from, to, via } of this.#chain.links) {
      if (from !== queueId || !via.includes(way)) continue;
      const next = this.#facts.lives.get(to);
      if (next !== undefined && this.#hasEntry(next, address)) return [next];
    }
    return undefined;
  }

  /** Goes on in the lives that the message went into; the filter says that it did not for `blocked` recipients. */
  #into(lives: readonly LifeFacts[], address: string, originalTo: string | null, blocked: number): void {
    const key = addressKey(address);
    const among = (entriesOf: (entries: Entries) => readonly Entry[]): OfLife[] =>
      lives.flatMap((life) => entriesOf(this.#entriesOf(life)).map((entry) => ({ life, entry })));
    let own = among(({ byAddress }) => byAddress.get(key) ?? NONE);
    if (own.length === 0) own = this.#otherWay(lives, address);
    if (own.length === 0) {
      const fed = this.#fedTo(lives);
      own = among(({ byBase }) => byBase.get(baseOf(key)) ?? NONE).filter(
        ({ entry }) => !isFedAs(entry, fed, key),
      );
    }
    if (own.length === 0) own = this.#rewritten(lives, key);
    for (const { life, entry } of own) {
      const before = same(entry.address, address) ? (entry.originalTo ?? null) : address;
      const original = originalTo ?? before;
      if (entry.visited) this.#shared(life, entry, original);
      else this.#entry(life, entry, original);
    }
    if (own.length > 0) return;
    const elsewhere = lives.find((life) => life.redirected && life.deliveries.length > 0);
    if (elsewhere !== undefined) {
      for (const entry of this.#entriesOf(elsewhere).all) {
        this.#shared(elsewhere, entry, originalTo ?? address);
      }
      return;
    }
    const life = lives.length === 1 ? lives[0] : undefined;
    const isEmpty = lives.every((one) => this.#entriesOf(one).all.length === 0);
    if (life !== undefined && isEmpty) {
      this.#without(life, address, originalTo);
      return;
    }
    // Others went on from here, of this one there is no line: not yet, or it took a way that no line links.
    const gone = !isEmpty && lives.every(({ removed }) => removed !== undefined);
    const isBlocked = gone && blocked > 0 && this.#lostIn(lives).size === blocked;
    const state = isBlocked ? 'blocked' : gone ? null : 'queued';
    this.#add(address, originalTo, state, lives[0]?.queueId ?? null);
  }

  /**
   * An address that others went on to as well: several aliases of one user, the same address that the filter gave to
   * several, or where all were redirected, of whom the queue manager logs one line.
   */
  #shared(life: LifeFacts, entry: Entry, original: string | null): void {
    const passed = `${life.queueId} ${addressKey(entry.address)} ${addressKey(original ?? '')}`;
    if (this.#passed.has(passed)) return;
    this.#passed.add(passed);
    entry.visited = true;
    this.#entry(life, { ...entry, visited: false }, original);
  }

  /** The reply of a feed by SMTP names one id for all, the filter's own line also the others that it gave them. */
  #otherWay(lives: readonly LifeFacts[], address: string): OfLife[] {
    const key = addressKey(address);
    const runs = [...this.#facts.runs.values()].filter(
      (run) => lives.some(({ queueId }) => run.queuedAs.has(queueId)) && this.#hasPassed(run, address),
    );
    return runs
      .flatMap(({ queuedAs }) => [...queuedAs].flatMap((id) => this.#facts.lives.get(id) ?? []))
      .flatMap((life) =>
        (this.#entriesOf(life).byAddress.get(key) ?? NONE).map((entry) => ({ life, entry })),
      );
  }

  /** The filter may rewrite an address: sure only when one recipient went in and what came out is nobody else's. */
  #rewritten(lives: readonly LifeFacts[], key: string): OfLife[] {
    const lost = this.#lostIn(lives);
    if (lost.size > 1 || (lost.size === 1 && !lost.has(key))) return [];
    const fed = this.#fedTo(lives);
    return lives.flatMap((life) =>
      this.#entriesOf(life)
        .all.filter((entry) => !isFedAs(entry, fed, key))
        .map((entry) => ({ life, entry })),
    );
  }

  /** Who went into the lives and isn't found there. */
  #lostIn(lives: readonly LifeFacts[]): ReadonlySet<string> {
    const ids = lives.map(({ queueId }) => queueId).join(' ');
    let lost = this.#lost.get(ids);
    if (lost === undefined) {
      const isThere = (key: string): boolean =>
        lives.some((life) => this.#entriesOf(life).byAddress.has(key));
      lost = new Set([...this.#fedTo(lives)].filter((key) => !isThere(key)));
      this.#lost.set(ids, lost);
    }
    return lost;
  }

  /** Who went into the lives, as addressKey has them. */
  #fedTo(lives: readonly LifeFacts[]): ReadonlySet<string> {
    const ids = new Set(lives.map(({ queueId }) => queueId));
    const name = [...ids].join(' ');
    const known = this.#fed.get(name);
    if (known !== undefined) return known;
    const fed = new Set<string>();
    this.#fed.set(name, fed);
    for (const life of this.#facts.lives.values()) {
      for (const entry of this.#entriesOf(life).all) {
        const isFed = entry.deliveries.some((delivery) => {
          const next = delivery.status === 'sent' ? replyOf(delivery).queuedAs : undefined;
          return next !== undefined && ids.has(next) && this.#keptBack(life, entry, delivery) === undefined;
        });
        if (isFed) fed.add(addressKey(entry.address));
      }
    }
    for (const run of this.#facts.runs.values()) {
      if (![...run.queuedAs].some((id) => ids.has(id))) continue;
      for (const address of this.#recipientsOf(run))
        if (run.verdicts.length === 0 || this.#hasPassed(run, address)) fed.add(addressKey(address));
    }
    return fed;
  }

  #state(life: LifeFacts, delivery: DeliveryEvent): RecipientState | null {
    const { status, response } = delivery;
    const filter = isFilterDelivery(delivery, this.#facts.lives, this.#path);
    switch (status) {
      case 'sent':
        return filter ? this.#afterFilter(delivery) : restingPlace(delivery);
      // A probe (reject_unverified_recipient, sendmail -bv): where mail would rest, or that it would be refused. The
      // filter takes any recipient, and nothing is sent through it.
      case 'deliverable':
        return filter ? null : restingPlace(delivery);
      case 'undeliverable':
        return 'rejected';
      case 'bounced':
        return filter && blockedByFilter(response) ? 'blocked' : 'bounced';
      case 'expired':
        return 'expired';
      default:
        return stateWithout(life) ?? 'deferred';
    }
  }

  /** The filter took it, and no queue id after it is known. */
  #afterFilter(delivery: DeliveryEvent): RecipientState | null {
    const { response } = delivery;
    if (blockedByFilter(response)) return 'blocked';
    const { fromMta: behind, queuedAs, amavisId } = replyOf(delivery);
    if (blockedInPart(response) > 0) return null;
    // amavis may be the last hop before the mailbox.
    if (behind?.startsWith('lmtp:') && queuedAs === undefined) return 'delivered';
    if (behind !== undefined) {
      // An MTA that gives no queue id is no Postfix: of what it took there are no lines here.
      if (queuedAs === undefined) return 'relayed';
      const back = parseEndpoint(behind);
      return back !== undefined && !isLoopback(back.address) && !this.#path.isReinjection(back)
        ? 'relayed'
        : 'queued';
    }
    if (queuedAs !== undefined) return 'queued';
    const run = amavisId === undefined ? undefined : this.#facts.runs.get(amavisId);
    const verdict = run?.verdicts.find(({ recipients }) => this.#isAmong(recipients, delivery.recipient));
    if (verdict?.action === 'Blocked') return blockedState(verdict.verdict, verdict.actions ?? []);
    // To a program, or to a server that gave no id.
    return verdict === undefined ? 'filtering' : null;
  }

  #hasEntry(life: LifeFacts, address: string): boolean {
    return this.#entriesOf(life).byAddress.has(addressKey(address));
  }

  #entriesOf({ queueId }: LifeFacts): Entries {
    return this.#entries.get(queueId) ?? NO_ENTRIES;
  }

  #recipientsOf(run: RunFacts): readonly string[] {
    let recipients = this.#recipients.get(run);
    if (recipients === undefined) {
      recipients = runRecipients(run);
      this.#recipients.set(run, recipients);
    }
    return recipients;
  }

  #isAmong(recipients: readonly string[], address: string): boolean {
    let keys = this.#keys.get(recipients);
    if (keys === undefined) {
      keys = new Set(recipients.map(addressKey));
      this.#keys.set(recipients, keys);
    }
    return keys.has(addressKey(address));
  }

  /** Whether amavis says that it passed the message on for this recipient. */
  #hasPassed({ verdicts, forwards }: RunFacts, address: string): boolean {
    const told = verdicts.length > 0 ? verdicts.filter(({ action }) => action === 'Passed') : forwards;
    return told.some(({ recipients }) => this.#isAmong(recipients, address));
  }

  #knows(address: string): boolean {
    return this.#known.has(addressKey(address));
  }

  #add(
    address: string,
    originalTo: string | null,
    state: RecipientState | null,
    queueId: string | null,
    told?: { readonly entry: Entry; readonly end: DeliveryEvent },
  ): void {
    const original = originalTo !== null && same(originalTo, address) ? null : originalTo;
    const key = `${addressKey(address)} ${addressKey(original ?? '')}`;
    const before = this.#found.get(key);
    if (before !== undefined && STRENGTH.indexOf(before.state) <= STRENGTH.indexOf(state)) return;
    this.#known.add(addressKey(address));
    if (original !== null) this.#known.add(addressKey(original));
    this.#found.set(key, {
      address,
      originalTo: original,
      state,
      queueId,
      delivery: told?.end,
      attempts: told?.entry.deliveries.length ?? 0,
    });
  }
}

function entryOf(delivery: DeliveryEvent): Entry {
  const { recipient: address, originalTo } = delivery;
  return { address, originalTo, deliveries: [delivery], visited: false };
}

function entriesOf(life: LifeFacts): Entries {
  const all = listOf(life);
  const byAddress = new Map<string, Entry[]>();
  const byBase = new Map<string, Entry[]>();
  for (const entry of all) {
    const key = addressKey(entry.address);
    const original = addressKey(entry.originalTo ?? '');
    append(byAddress, key, entry);
    if (original !== key) append(byAddress, original, entry);
    for (const name of original === key ? [key] : [key, original]) {
      const base = baseOf(name);
      if (base !== name) append(byBase, base, entry);
    }
  }
  return { all, byAddress, byBase };
}

function listOf(life: LifeFacts): readonly Entry[] {
  const [only] = life.deliveries;
  if (only === undefined) return NONE;
  if (life.deliveries.length === 1) return [entryOf(only)];
  const entries = new Map<string, Entry>();
  for (const delivery of life.deliveries) {
    const key = `${addressKey(delivery.recipient)} ${addressKey(delivery.originalTo ?? '')}`;
    const entry = entries.get(key);
    if (entry === undefined) entries.set(key, entryOf(delivery));
    else entry.deliveries.push(delivery);
  }
  return [...entries.values()];
}

/**
 * The lines that tell what became of the recipient, the newest first: those that are final, else the last. There are
 * several where local(8) logs parts of an alias or .forward under the one name: a command, and what it forwards.
 */
function endsOf({ deliveries }: Entry, { removed }: LifeFacts): readonly DeliveryEvent[] {
  const newest = deliveries.at(-1);
  if (newest === undefined || deliveries.length === 1) return deliveries;
  const final = deliveries.filter(({ status }) => status !== 'deferred').reverse();
  // A part of an alias that is to be tried again keeps the whole in the queue.
  if (final.length === 0 || (newest.status === 'deferred' && removed === undefined)) return [newest];
  return final;
}

/**
 * What a life's own lines say of a recipient without a final delivery line. `accepted` when other lines say that the
 * message is in the queue: `client=` alone doesn't, since many clients go away before they send anything.
 */
export function stateWithout(life: LifeFacts, accepted = isAccepted(life)): RecipientState | null {
  if (life.expired !== undefined) return 'expired';
  if (life.aborted !== undefined) return 'rejected';
  if (life.discarded) return 'deleted';
  if (isDeleted(life)) return 'deleted';
  if (life.requeued) return 'queued';
  if (life.removed !== undefined) return null;
  if (life.held) return 'held';
  if (life.deliveries.length > 0) return 'deferred';
  return accepted ? 'queued' : null;
}

/** Whether the queue has the message: qmgr took it up, or it came in by pickup. */
export function isAccepted({ active, pickup, deliveries, held, released }: LifeFacts): boolean {
  return active !== undefined || pickup !== undefined || deliveries.length > 0 || held || released;
}

/**
 * `removed` is postsuper's when its head says so. Where heads lost the daemon: when a recipient was still to be tried,
 * as the queue manager removes a message only when none is; without any try, when another process wrote it.
 */
function isDeleted({ removed, active, deliveries, held }: LifeFacts): boolean {
  if (removed === undefined) return false;
  if (removed.at.daemon !== '') return removed.at.daemon === 'postsuper';
  if (deliveries.length === 0) return held || (active !== undefined && active.at.pid !== removed.at.pid);
  const last = new Map(deliveries.map(({ recipient, status }) => [addressKey(recipient), status]));
  return [...last.values()].includes('deferred');
}

function runRecipients(run: RunFacts): readonly string[] {
  const found: string[] = [];
  for (const verdict of run.verdicts) found.push(...verdict.recipients);
  if (found.length === 0) for (const forward of run.forwards) found.push(...forward.recipients);
  if (found.length === 0) found.push(...(run.checking?.recipients ?? run.received?.recipients ?? []));
  return found;
}

/** Blocked by amavis' verdict, or because the way back was blocked. */
function blockedState(verdict: string, actions: readonly string[]): RecipientState {
  if (verdict !== 'MTA-BLOCKED' && verdict !== 'TEMPFAIL') return 'blocked';
  if (actions.some((action) => action.startsWith('Rejected'))) return 'rejected';
  return actions.some((action) => /^(?:No)?Bounce/.test(action)) ? 'bounced' : 'deferred';
}

/** A mailbox, another MTA, or nowhere. */
export function restingPlace(delivery: DeliveryEvent): RecipientState {
  if (isThrownAway(delivery)) return 'deleted';
  const { at, relay, response } = delivery;
  switch (at.daemon) {
    case 'smtp':
    case 'relay':
      return 'relayed';
    case '':
      // The head lost the daemon: a relay without an address is a mailbox, an LMTP server says what it did.
      return !relay.includes('[') || /\b(?:saved|delivered|stored)\b/i.test(response)
        ? 'delivered'
        : 'relayed';
    default:
      return 'delivered';
  }
}

/**
 * discard(8) is the only agent that logs `sent` without a relay; local(8) says `discarded` of mail for a postmaster that
 * no alias names (local/unknown.c).
 */
function isThrownAway({ relay, response }: DeliveryEvent): boolean {
  return relay === 'none' || (response === 'discarded' && !relay.includes('['));
}

/** `alice@example.com` of `alice+lists+spam@example.com`. */
function baseOf(key: string): string {
  const at = key.lastIndexOf('@');
  const plus = key.indexOf('+', 1);
  return plus > 0 && plus < at ? key.slice(0, plus) + key.slice(at) : key;
}

/** Whether another recipient than this one went in under the address that came out. */
function isFedAs({ address, originalTo = '' }: Entry, fed: ReadonlySet<string>, key: string): boolean {
  return [addressKey(address), addressKey(originalTo)].some((name) => name !== key && fed.has(name));
}

function same(a: string, b: string): boolean {
  return a === b || addressKey(a) === addressKey(b);
}
