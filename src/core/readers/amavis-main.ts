/**
 * The end of amavis' main line: the recipients and the `, key: value` fields after them.
 *
 * The order is that of `$log_templ` (Amavis.pm, after `__DATA__`), which sites change and versions vary, so fields are
 * found by their labels. Three of them hold what a stranger wrote (Message-ID, Subject, HELO): text in there that looks
 * like a field must not be taken for one. amavis never leaves a `>` inside a Message-ID nor a `"` inside a Subject, so
 * those two are stepped over whole; behind the others nothing is believed that identifies a message.
 */

/** A line without its closing `N ms` may have been cut by syslog if it is as long as this. */
const CUT_FROM = 600;

interface Field {
  /** What stands between the comma and the value. */
  readonly label: string;
  /** The event's field; '' for what only ends the value before it. */
  readonly key: string;
  readonly read: (text: string) => unknown;
  /** The value's last character where its first is a bracket or a quote. */
  readonly close: '' | '>' | '"' | ']';
  /** The value is a stranger's text without an end of its own. */
  readonly foreign: boolean;
}

const asIs = (text: string): string => text;
const count = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);

function field(label: string, key: string, read: Field['read'] = asIs, close: Field['close'] = ''): Field {
  return { label, key, read, close, foreign: false };
}

const FIELDS: readonly Field[] = [
  field('quarantine: ', 'quarantine'),
  field('quarantine ', 'quarantine'), // 2003
  field('Queue-ID: ', 'queueId'),
  field('queue-id: ', 'queuedAs', splitReplies), // until 2006 or so the id that the next hop had given
  field('Message-ID: ', 'messageId', unwrapped, '>'),
  field('Resent-Message-ID: ', 'resentMessageId', unwrapped, '>'),
  field('mail_id: ', 'mailId'),
  field('Hits: ', 'hits', hits),
  field('size: ', 'size', count),
  field('Size: ', 'size', count),
  field('queued_as: ', 'queuedAs', splitReplies),
  field('Subject: ', 'subject', unwrapped, '"'),
  field('Tests: ', 'tests', tests, ']'),
  ...[
    'pt: ',
    'b: ',
    'tls: ',
    'secret_id: ',
    'SA: ',
    'rules: ',
    'b.key=',
    'shortcircuit=',
    'autolearn=',
    'languages=',
  ]
    .concat(['autolearnscore=', 'relaycountry=', 'asn=', 'dcc=', 'dcc_rep=', 'signer_avg=', 'rss='])
    .concat(['dkim_i=', 'dkim_d=', 'dkim_sd=', 'dkim_new=', 'dkim_id=']) // dkim_id: 2.6
    .map((label) => field(label, '')),
  ...['From: ', 'User-Agent: ', 'X-Mailer: ', 'helo=', 'b.com=', 'b.rhs=', 'b.parts='].map((label) => ({
    ...field(label, ''),
    foreign: true,
  })),
];

const OPENING = { '>': '<', '"': '"', ']': '[' } as const;

const DURATION = field('', 'durationMs', Number);

/** The fields by the first character of their labels. */
const BY_FIRST: readonly (readonly Field[])[] = Array.from({ length: 128 }, (_, code) =>
  FIELDS.filter(({ label }) => label.charCodeAt(0) === code),
);

export function readAmavisMain(tail: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const at = readRecipients(tail, fields);
  readFields(tail, at, fields);
  return fields;
}

/**
 * `<a>,<"b, c"@d>,<e>`, up to the first thing that is no address; gives where that stands. A copy of a log that lost its
 * brackets has `a,e, Queue-ID: …`; where its Message-ID ends can't be told, so nothing behind that is believed.
 */
function readRecipients(tail: string, fields: Record<string, unknown>): number {
  if (!tail.startsWith('<')) {
    const comma = tail.indexOf(', ');
    const end = comma < 0 ? tail.length : comma;
    fields.recipients = tail.slice(0, end).split(',');
    return end;
  }
  const address = /<((?:"(?:[^"\\]|\\.)*"[^>]*|[^>]*))>/y;
  const recipients: string[] = [];
  fields.recipients = recipients;
  let end = 0;
  for (;;) {
    address.lastIndex = recipients.length === 0 ? 0 : end + 1;
    const found = address.exec(tail);
    if (found?.[1] === undefined) return end;
    recipients.push(found[1]);
    end = address.lastIndex;
    if (tail[end] !== ',' || tail[end + 1] !== '<') return end;
  }
}

function readFields(text: string, from: number, fields: Record<string, unknown>): void {
  const whole = !text.endsWith('...') && text.length < CUT_FROM;
  let believed = true;
  for (let found = findField(text, from); found !== undefined; ) {
    const { field, start } = found;
    const closed = closedEnd(field, text, start);
    found = findField(text, closed ?? start);
    const end = closed ?? found?.comma ?? text.length;
    const { key } = field;
    if (field === DURATION) {
      fields[key] = Number.parseInt(text.slice(start, end), 10);
    } else if (
      key !== '' &&
      (end < text.length || whole) &&
      (believed || key === 'tests') &&
      !(key in fields)
    ) {
      const value = field.read(text.slice(start, end));
      if (value !== undefined) fields[key] = value;
    }
    if (field.foreign || (field.close === '>' && closed === undefined)) believed = false;
  }
}

interface Found {
  readonly field: Field;
  /** Where the comma before it stands. */
  readonly comma: number;
  /** Where its value begins. */
  readonly start: number;
}

function findField(text: string, from: number): Found | undefined {
  for (let comma = text.indexOf(', ', from); comma >= 0; comma = text.indexOf(', ', comma + 1)) {
    const at = comma + 2;
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) {
      if (isDuration(text, at)) return { field: DURATION, comma, start: at };
      continue;
    }
    for (const field of BY_FIRST[code] ?? []) {
      if (text.startsWith(field.label, at)) return { field, comma, start: at + field.label.length };
    }
  }
  return undefined;
}

/** `356 ms` before a comma or the end. */
function isDuration(text: string, at: number): boolean {
  const duration = /\d+ ms(?=,|$)/y;
  duration.lastIndex = at;
  return duration.test(text);
}

/** Where a value in brackets or quotes ends; undefined for one that goes on to the next field. */
function closedEnd({ close }: Field, text: string, start: number): number | undefined {
  if (close === '' || text[start] !== OPENING[close]) return undefined;
  if (close === '"') return subjectEnd(text, start) || text.length;
  const end = text.indexOf(close, start + 1) + 1;
  if (end > 0) return end;
  return close === '>' ? undefined : text.length;
}

/** The quote that ends a Subject: one before a comma or the end, and not escaped while another such one follows. */
function subjectEnd(text: string, start: number): number {
  const quote = /(\\*)"(?=, |$)/g;
  quote.lastIndex = start + 1;
  let end = 0;
  for (let found = quote.exec(text); found !== null; found = quote.exec(text)) {
    end = quote.lastIndex;
    if ((found[1] ?? '').length % 2 === 0) return end;
  }
  return end;
}

/** `-1.76`; `3.2+5` is a score and what a list added to it; `1..7` those of several recipients, the highest counts. */
function hits(text: string): number | undefined {
  if (text === '-') return undefined;
  const found = /^([+-]?\d*\.?\d+)(?:([+-]\d*\.?\d+)|\.\.([+-]?\d*\.?\d+))?$/.exec(text);
  if (!found) return undefined;
  if (found[3] !== undefined) return Number(found[3]);
  // Both have at most three decimals; their sum should not show more.
  return found[2] === undefined
    ? Number(found[1])
    : Math.round((Number(found[1]) + Number(found[2])) * 1000) / 1000;
}

/**
 * Queue ids and whole replies, joined by a slash, which a reply may hold too. Behind an id that a comma follows
 * stands a field of a template of the site's own.
 */
function splitReplies(text: string): string[] {
  const replies = text.includes('/') ? text.split(/\/(?=[2-5]\d\d[ -]|[0-9A-Za-z]{5,}(?:\/|,|$))/) : [text];
  return replies.map((reply) => reply.replace(/^([0-9A-Za-z]{4,24}), .*$/, '$1'));
}

function tests(text: string): string[] {
  const list = text.replace(/^\[|\]$/g, '');
  return list === '' ? [] : list.split(',');
}

/** Without its angle brackets or quotes, of which the closing one may be missing. */
function unwrapped(text: string): string {
  const close = text[0] === '<' ? '>' : text[0] === '"' ? '"' : undefined;
  if (close === undefined) return text;
  return text.slice(1, text.length > 1 && text.endsWith(close) ? -1 : undefined);
}
