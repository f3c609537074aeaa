/** Parents and children: bounces, amavis' notices, releases from quarantine. They are messages of their own. */
import type { Event } from '../event.js';
import { amavisKey, mailKey, noticeKey, queueKey } from '../keys.js';
import { addChild, type Cases } from './cases.js';
import { LinkedMap } from './linked-map.js';
import type { Lives } from './lives.js';
import { LooseEnds } from './loose-ends.js';
import { type Case, type ChildRef, current, type Life, type Run } from './node.js';
import { noticeParent, releaseRun } from './notice.js';
import { RUN_TIME, type Runs } from './runs.js';

const HOUR = 3600 * 1_000_000;

/** Takes back what the archive has under the key; whether that was anything new. */
type Recall = (key: string, time: number, within?: number) => boolean;

export class Family {
  readonly #cases: Cases;
  readonly #lives: Lives;
  readonly #runs: Runs;
  readonly #recall: Recall;
  /** Runs by mail_id: unique in itself, but a copy of a log under another host name must not mix. */
  readonly #mails = new LinkedMap<Run[]>();
  readonly #notices = new LooseEnds<Life[]>();
  readonly #releases = new LooseEnds<Life>();

  constructor(cases: Cases, lives: Lives, runs: Runs, recall: Recall) {
    this.#cases = cases;
    this.#lives = lives;
    this.#runs = runs;
    this.#recall = recall;
  }

  /** A release that began, when what it sent has come by already: they are one. */
  begun(run: Run): void {
    const sent = this.#releases.get(`${run.amavisId}|${run.host}`);
    if (sent !== undefined) this.#cases.join(run.case, sent.case);
  }

  /** The run has this mail_id. */
  knows(run: Run, mailId: string, time: number): void {
    if (this.#mails.get(mailId)?.includes(run) === true) return;
    this.#mails.set(mailId, [...(this.#mails.get(mailId) ?? []), run]);
    this.#noticesOf(run, mailId, time);
  }

  /**
   * A message that this one gave rise to: a bounce, a notice. Another message, with a trace of its own. `parentId` is
   * null where no line so far tells an id of this one.
   */
  child(
    parent: Case,
    parentId: string | null,
    queueId: string,
    kind: ChildRef['kind'],
    event: Event,
    home: Case | null,
  ): void {
    addChild(parent, { queueId, kind });
    const { host, time } = event.at;
    const mention = { queueId, host, instance: null, from: time - HOUR, to: time, mark: null };
    let life = this.#lives.mentioned(mention);
    if (home === null && !life?.seen && this.#recall(queueKey(queueId), time))
      life = this.#lives.mentioned(mention);
    life ??= this.#lives.expect(mention, time, this.#cases.create(host, time));
    if (life.case === parent || parentId === null) return;
    this.setParent(life.case, parentId, kind);
  }

  /** amavis' own notices carry the mail_id of the message that caused them in their Message-ID. */
  notice(life: Life, messageId: string, time: number): void {
    const mailId = noticeParent(messageId);
    if (mailId !== undefined) this.#claim(life, mailId, time);
  }

  /** The life came of the message with this mail_id: its child, once that is known. */
  #claim(life: Life, mailId: string, time: number): void {
    let run = this.#mailOn(mailId, life.host);
    if (run === undefined && this.#recall(mailKey(mailId), time)) run = this.#mailOn(mailId, life.host);
    if (run !== undefined) this.#adopt(run, mailId, life);
    else this.#notices.set(mailId, [...(this.#notices.get(mailId) ?? []), life], life.host, time);
  }

  /** Whether a run with the mail_id is in memory, or a notice that waits for it. */
  has(mailId: string): boolean {
    return this.#mails.get(mailId) !== undefined || this.#notices.get(mailId) !== undefined;
  }

  /** The run with the mail_id, on this host if there is one. */
  #mailOn(mailId: string, host: string): Run | undefined {
    const runs = this.#mails.get(mailId);
    return (
      runs?.find((run) => run.host === host) ??
      (this.#lives.runsPostfix(runs?.[0]?.host ?? '') ? undefined : runs?.[0])
    );
  }

  #noticesOf(run: Run, mailId: string, time: number): void {
    // One of them may be at rest while another waits.
    this.#recall(noticeKey(mailId), time);
    const waiting = this.#notices.get(mailId) ?? [];
    const own = this.#lives.runsPostfix(run.host) ? waiting.filter(({ host }) => host === run.host) : waiting;
    for (const life of own) this.#adopt(run, mailId, life);
    if (own.length === waiting.length) this.#notices.delete(mailId);
  }

  #adopt(run: Run, mailId: string, life: Life): void {
    const child = life.case;
    if (run.case === child) return;
    if (child.parent === null) this.setParent(child, mailId, 'notification');
    else if (child.parent.id !== mailId) return;
    addChild(run.case, { queueId: life.queueId, kind: child.parent?.kind ?? 'notification' });
    this.#cases.touch(run.case, life.first);
  }

  /** The message that a release from quarantine sent: known by its Resent-Message-ID. */
  releasedAs(life: Life, resentMessageId: string, time: number, home: Case | null): void {
    const amavisId = releaseRun(resentMessageId);
    if (amavisId === undefined) return;
    if (life.case.runs.some((run) => run.amavisId === amavisId)) {
      this.released(life.case, time);
      return;
    }
    const find = (): Run | undefined => this.#runs.mentioned(amavisId, life.host, time);
    const known = home === null ? find() : undefined;
    const run =
      known ?? (home === null && this.#recall(amavisKey(amavisId), time, RUN_TIME) ? find() : undefined);
    if (run === undefined) {
      this.#releases.set(`${amavisId}|${life.host}`, life, life.host, time);
      return;
    }
    this.#cases.join(run.case, life.case);
    this.released(current(life.case), time);
  }

  /** Tells the message that was in quarantine of what its release sent. */
  released(child: Case, time: number): void {
    const { parent } = child;
    const life = child.lives[0];
    if (parent?.kind !== 'release' || life === undefined) return;
    this.#claim(life, parent.id, time);
  }

  setParent(child: Case, id: string, kind: ChildRef['kind']): void {
    if (child.parent !== null) return;
    child.parent = { id, kind };
    child.dirty = true;
  }

  /** The case leaves memory. */
  release(which: Case): void {
    for (const life of which.lives) {
      const notified = life.messageId === null ? undefined : noticeParent(life.messageId);
      if (notified !== undefined) this.#forgetNotice(notified, life);
    }
    for (const run of which.runs) if (run.mailId !== null) this.#forgetMail(run.mailId, run);
  }

  clear(): void {
    this.#notices.clear();
    this.#releases.clear();
  }

  #forgetNotice(mailId: string, life: Life): void {
    const waiting = this.#notices.get(mailId) ?? [];
    const at = waiting.indexOf(life);
    if (at !== -1) waiting.splice(at, 1);
    if (waiting.length === 0) this.#notices.delete(mailId);
  }

  #forgetMail(mailId: string, run: Run): void {
    const rest = this.#mails.get(mailId)?.filter((one) => one !== run) ?? [];
    if (rest.length === 0) this.#mails.delete(mailId);
    else this.#mails.set(mailId, rest);
  }
}
