/**
 * What one log line says, once a pattern has read it.
 *
 * Field names are Postfix' and amavis' own. A pattern of `patterns/*.json` names the event it makes and its
 * expression's groups name the fields, so a field added here can be filled without touching any other code.
 * Absent means that the line did not say it; nothing is ever guessed here.
 */

import type { Reply } from './response.js';

/** Where and when a line was written: what its syslog head says. Every event carries it. */
export interface Origin {
  /** Microseconds since 1970 UTC; whole seconds when the log has no more. */
  readonly time: number;
  readonly host: string;
  /** Postfix' syslog_name without its service part: `postfix`, `postfix-out`; the program's own name for others. */
  readonly instance: string;
  /** The part between instance and daemon: `submission`, `amavisfeed`, `127.0.0.1:10025`; '' when there is none. */
  readonly service: string;
  /** The daemon: `smtpd`, `lmtp`, `qmgr`, `amavis`, `dovecot`; '' where an RFC 5424 head lost it. */
  readonly daemon: string;
  readonly pid: number;
  /** The text after the head. */
  readonly message: string;
  /** The line as it was read, without its end. */
  readonly raw: string;
  /** The lines that amavis split it over, when there are several; `raw` then holds them all. */
  readonly pieces?: readonly string[];
}

/** The client fields of smtpd's `client=` line (smtpd.c, smtpd_mail_from / log_client). */
interface ClientFields {
  readonly clientName: string;
  readonly clientAddress: string;
  readonly clientPort?: number;
  readonly saslUsername?: string;
  readonly saslMethod?: string;
  readonly saslSender?: string;
  /** From XFORWARD: the queue id before the filter. */
  readonly origQueueId?: string;
  readonly origClient?: string;
}

/** `Q: client=…` (smtpd.c): the message has got a queue id. */
interface SmtpdClient extends ClientFields {
  readonly kind: 'smtpd.client';
  readonly queueId: string;
}

/** `NOQUEUE: client=…`: before-queue filtering; the client of what `smtpd.proxy` will tell of. */
interface SmtpdSession extends ClientFields {
  readonly kind: 'smtpd.session';
}

/** `[Q|NOQUEUE]: reject: RCPT from …` (smtpd_check.c), also postscreen's. */
interface SmtpdReject {
  readonly kind: 'smtpd.reject';
  readonly queueId?: string;
  /** CONNECT, HELO, EHLO, MAIL, RCPT, DATA, END-OF-MESSAGE … */
  readonly stage: string;
  readonly clientName?: string;
  readonly clientAddress?: string;
  readonly clientPort?: number;
  /** The SMTP reply that was given: `554 5.7.1 <…>: Relay access denied`. */
  readonly response: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly helo?: string;
}

/** `[Q|NOQUEUE]: filter: RCPT from …: … triggers FILTER transport:destination` and the other smtpd_check.c actions
 * that let the message go on (`warn`, `hold`, `redirect`, `discard`, `prepend`, `info`, `bcc`). */
interface SmtpdAction {
  readonly kind: 'smtpd.action';
  readonly queueId?: string;
  readonly action: string;
  readonly stage: string;
  readonly clientName?: string;
  readonly clientAddress?: string;
  readonly text: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly helo?: string;
}

/** `lost connection after DATA (1234 bytes) from …` and its like (smtpd.c, smtpd_proto): the message that this process was
 * receiving, if it had an id already, came to nothing. Later versions begin the line with the id: `cleanup.aborted`. */
interface SmtpdLost {
  readonly kind: 'smtpd.lost';
  /** RCPT, DATA or BDAT. */
  readonly stage: string;
  /** Whether the client was sending the message itself. */
  readonly sending?: boolean;
  readonly text: string;
  readonly clientName: string;
  readonly clientAddress: string;
}

/**
 * `disconnect from host[addr] ehlo=1 mail=2 rcpt=1/2 …` (smtpd.c, 3.0 and later) of a session with refusals:
 * what its process refuses from now on is another session's.
 */
interface SmtpdDisconnect {
  readonly kind: 'smtpd.disconnect';
}

/** `proxy-accept: END-OF-MESSAGE: 250 …; from=<> to=<> proto= helo=<>` and `proxy-reject:` (smtpd_proxy.c). */
interface SmtpdProxy {
  readonly kind: 'smtpd.proxy';
  readonly outcome: 'accept' | 'reject';
  readonly stage: string;
  readonly response: string;
  /** From `queued as Q2` in the reply. */
  readonly queuedAs?: string;
  /** From `id=AMID` in the reply. */
  readonly amavisId?: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly helo?: string;
}

/** `Q: uid=102 from=<root>[ orig_id=OLD]` (pickup.c); orig_id when postsuper -r made it. */
interface Pickup {
  readonly kind: 'pickup';
  readonly queueId: string;
  readonly uid: number;
  readonly sender: string;
  readonly origQueueId?: string;
}

/** `Q: message-id=<…>` and `Q: resent-message-id=<…>` (cleanup_message.c). */
interface CleanupMessageId {
  readonly kind: 'cleanup.message-id';
  readonly queueId: string;
  /** Without its angle brackets; '' when the header is empty. */
  readonly messageId: string;
  readonly resent?: boolean;
}

/** `Q: reject: header …`, `Q: hold: …`, `Q: milter-reject: …` and the like (cleanup_message.c, cleanup_milter.c). */
interface CleanupAction {
  readonly kind: 'cleanup.action';
  readonly queueId: string;
  /** reject, hold, warning, discard, filter, redirect, bcc, replace, prepend, strip, info, milter-reject, milter-hold, milter-discard, … */
  readonly action: string;
  readonly text: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly helo?: string;
}

/** `warning: Q: message rejected: hopcount exceeded`, `warning: Q: queue file size limit exceeded` … (cleanup_extracted.c,
 * cleanup_out.c): the message ends here, its id gets no `removed`. */
interface CleanupAborted {
  readonly kind: 'cleanup.aborted';
  readonly queueId: string;
  readonly text: string;
}

/** `Q: from=<…>, size=389, nrcpt=1 (queue active)` (qmgr_active.c). */
interface QmgrActive {
  readonly kind: 'qmgr.active';
  readonly queueId: string;
  readonly sender: string;
  readonly size: number;
  readonly nrcpt: number;
}

/** `Q: removed` by qmgr (delivered or bounced) or by postsuper (deleted): the daemon tells which. */
interface Removed {
  readonly kind: 'removed';
  readonly queueId: string;
}

/** `Q: from=<…>, status=expired, returned to sender` (qmgr_active.c), also force-expired. */
interface QmgrExpired {
  readonly kind: 'qmgr.expired';
  readonly queueId: string;
  readonly sender: string;
  readonly status: string;
}

/** `Q: skipped, still being delivered` (qmgr_message.c). */
interface QmgrSkipped {
  readonly kind: 'qmgr.skipped';
  readonly queueId: string;
  readonly text: string;
}

/** A delivery agent's line, one a recipient (log_adhoc.c): lmtp, smtp, relay, local, virtual, pipe, error, retry, discard. */
interface Delivery {
  readonly kind: 'delivery';
  readonly queueId: string;
  readonly recipient: string;
  readonly originalTo?: string;
  /** `127.0.0.1[127.0.0.1]:10024`, `local`, `none` … as logged. */
  readonly relay: string;
  readonly connUse?: number;
  /** Seconds since the message arrived. */
  readonly delay: number;
  /** `a/b/c/d`: before qmgr, in qmgr, connection set-up, transmission; seconds. Postfix 2.3 and later. */
  readonly delays?: readonly number[];
  readonly dsn?: string;
  /** sent, deferred, bounced, expired, undeliverable, deliverable … */
  readonly status: string;
  /** What stands in the parentheses. */
  readonly response: string;
  /** What relay and response say, once `replyOf` has read them. */
  reply?: Reply;
}

/** `Q: sender non-delivery notification: CHILD` (bounce_notify_service.c and its siblings). */
interface Bounce {
  readonly kind: 'bounce';
  readonly queueId: string;
  readonly childQueueId: string;
  /** `sender non-delivery`, `sender delay`, `sender delivery status`, `postmaster non-delivery` … */
  readonly notification: string;
}

/** postsuper's lines: `placed on hold`, `released from hold`, `requeued`, `expired`. (`removed` is the event `removed`.) */
interface Postsuper {
  readonly kind: 'postsuper';
  readonly queueId: string;
  readonly action: 'hold' | 'release' | 'requeue' | 'expire';
}

/** `connect to HOST[ADDR]:PORT: Connection refused` by smtp/lmtp (smtp_connect.c): no queue id. */
interface ConnectFailed {
  readonly kind: 'connect.failed';
  /** `127.0.0.1[127.0.0.1]:10024` or a socket's path. */
  readonly endpoint: string;
  readonly reason: string;
}

/** A line that concerns the message in no other way than being about it: `warning: Q: …`, `Q: enabling PIX workarounds`,
 * `Q: host H said: 4xx …` (which is followed by a delivery line), `Q: lost connection with …`. */
interface QueueNote {
  readonly kind: 'queue.note';
  readonly queueId: string;
  readonly severity: 'info' | 'warning' | 'error' | 'fatal' | 'panic';
  readonly text: string;
}

/** A line about the system, not one message: qmgr and master warnings, milter and proxy trouble, lost log lines. */
interface SystemNote {
  readonly kind: 'system.note';
  readonly severity: 'info' | 'warning' | 'error' | 'fatal' | 'panic';
  readonly text: string;
  /** An endpoint or transport that the line names, where it names one. */
  readonly endpoint?: string;
  readonly transport?: string;
}

/** amavis' main line, by its $log_templ (Amavis/Conf.pm): what it made of a message. */
interface AmavisVerdict {
  readonly kind: 'amavis.verdict';
  readonly amavisId: string;
  readonly action: 'Passed' | 'Blocked';
  /** The bare word: CLEAN, SPAM, BAD-HEADER, UNCHECKED … */
  readonly verdict: string;
  /** What follows it: `7`, `ENCRYPTED`, a virus or file type. */
  readonly detail?: string;
  /** `RelayedInbound`, `Quarantined` … */
  readonly actions?: readonly string[];
  readonly policy?: string;
  readonly clientAddress?: string;
  readonly clientPort?: number;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly quarantine?: string;
  /** The id before the filter (XFORWARD IDENT): the origin's, which a requeue doesn't change. */
  readonly queueId?: string;
  readonly messageId?: string;
  readonly resentMessageId?: string;
  readonly mailId?: string;
  readonly hits?: number;
  readonly size?: number;
  /** Every part of `queued_as:`, whether queue id or a next hop's whole reply. */
  readonly queuedAs?: readonly string[];
  readonly subject?: string;
  readonly tests?: readonly string[];
  readonly durationMs?: number;
}

/** The per-recipient line that looks like a second verdict (log level 1 and above). */
interface AmavisRecipient {
  readonly kind: 'amavis.recipient';
  readonly amavisId: string;
  readonly action: 'Passed' | 'Blocked';
  readonly verdict: string;
  readonly detail?: string;
  readonly sender: string;
  readonly recipient: string;
  readonly hits?: number;
  readonly queuedAs?: readonly string[];
}

/** `MAIL_ID FWD from <s> -> <r>,… 250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as Q2`; `SEND` is
 * amavis' own notice (`MAIL_ID(PARENT_MAIL_ID) SEND from …`). Failed ones (`(!)… FWD from …, 451 4.5.0 …`) too. */
interface AmavisForward {
  readonly kind: 'amavis.forward';
  readonly amavisId: string;
  /** amavis before 2.4 writes none. */
  readonly mailId?: string;
  readonly parentMailId?: string;
  readonly direction: 'FWD' | 'SEND';
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly response: string;
  readonly queuedAs?: string;
}

/** `ESMTP [127.0.0.1]:10024 /var/…: <s> -> <r>,<r> SIZE=… Received: …`: a hand-over seen by amavis. */
interface AmavisReceived {
  readonly kind: 'amavis.received';
  readonly amavisId: string;
  readonly protocol: string;
  /** `[127.0.0.1]:10024` */
  readonly endpoint: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly size?: number;
}

/** `Checking: MAIL_ID [policy ][ip] <s> -> <r>[ queue_id=Q]`. */
interface AmavisChecking {
  readonly kind: 'amavis.checking';
  readonly amavisId: string;
  readonly mailId: string;
  readonly clientAddress?: string;
  readonly sender?: string;
  readonly recipients?: readonly string[];
  readonly queueId?: string;
}

/** `(rel-OWN) Quarantined message release: MAIL_ID <s> -> <r>` (amavisd-release): what comes of it has the
 * Resent-Message-ID `<MAIL_ID-OWN@…>`. */
interface AmavisRelease {
  readonly kind: 'amavis.release';
  readonly amavisId: string;
  readonly releasedMailId: string;
  readonly text: string;
}

/** A `(!)` (warning) or `(!!)` (error) line of amavis, or one that matters as much. */
interface AmavisNote {
  readonly kind: 'amavis.note';
  readonly amavisId?: string;
  readonly severity: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly mailId?: string;
}

/** `TIMING [total 173 ms] - SMTP greeting: 2.1 (1%)1, …`. */
interface AmavisTiming {
  readonly kind: 'amavis.timing';
  readonly amavisId: string;
  readonly totalMs: number;
  readonly text: string;
}

/** Dovecot's lmtp or lda: `msgid=<…>: saved mail to INBOX`, `… stored mail into mailbox 'INBOX'`. */
interface DovecotSaved {
  readonly kind: 'dovecot.saved';
  readonly user: string;
  /** The LMTP session, which Postfix' delivery line repeats: `<alice@example.com> SESSION Saved`. */
  readonly session?: string;
  readonly messageId?: string;
  readonly mailbox?: string;
}

/** Dovecot's lmtp or lda: `save failed to INBOX: …`, `failed to store into mailbox …`. */
interface DovecotFailed {
  readonly kind: 'dovecot.failed';
  readonly user: string;
  readonly session?: string;
  readonly messageId?: string;
  readonly mailbox?: string;
  readonly reason: string;
}

/** rsyslog or journald says that it dropped lines. */
interface LogLost {
  readonly kind: 'log.lost';
  /** How many, where the line tells. */
  readonly count?: number;
  readonly text: string;
}

/** What a line says, without where it stood. */
export type Fact =
  | SmtpdClient
  | SmtpdSession
  | SmtpdReject
  | SmtpdAction
  | SmtpdLost
  | SmtpdDisconnect
  | SmtpdProxy
  | Pickup
  | CleanupMessageId
  | CleanupAction
  | CleanupAborted
  | QmgrActive
  | Removed
  | QmgrExpired
  | QmgrSkipped
  | Delivery
  | Bounce
  | Postsuper
  | ConnectFailed
  | QueueNote
  | SystemNote
  | AmavisVerdict
  | AmavisRecipient
  | AmavisForward
  | AmavisReceived
  | AmavisChecking
  | AmavisNote
  | AmavisRelease
  | AmavisTiming
  | DovecotSaved
  | DovecotFailed
  | LogLost;

/** The compiler sees to it that none is missing. */
const KINDS: Readonly<Record<Fact['kind'], true>> = {
  'smtpd.client': true,
  'smtpd.session': true,
  'smtpd.reject': true,
  'smtpd.action': true,
  'smtpd.lost': true,
  'smtpd.disconnect': true,
  'smtpd.proxy': true,
  pickup: true,
  'cleanup.message-id': true,
  'cleanup.action': true,
  'cleanup.aborted': true,
  'qmgr.active': true,
  removed: true,
  'qmgr.expired': true,
  'qmgr.skipped': true,
  delivery: true,
  bounce: true,
  postsuper: true,
  'connect.failed': true,
  'queue.note': true,
  'system.note': true,
  'amavis.verdict': true,
  'amavis.recipient': true,
  'amavis.forward': true,
  'amavis.received': true,
  'amavis.checking': true,
  'amavis.release': true,
  'amavis.note': true,
  'amavis.timing': true,
  'dovecot.saved': true,
  'dovecot.failed': true,
  'log.lost': true,
};

export type EventKind = Fact['kind'];

export function isEventKind(kind: string): kind is EventKind {
  return Object.hasOwn(KINDS, kind);
}

export type Event = Fact & { readonly at: Origin };
