/**
 * The end of amavis' main line: the recipients and the `, key: value` fields after them.
 *
 * The order is that of `$log_templ` (Amavis.pm, after `__DATA__`), which sites change and versions vary, so fields are
 * found by their names. Three of them hold what a stranger wrote (Message-ID, Subject, HELO): text in there that looks
 * like a field must not be taken for one. amavis never leaves a `>` inside a Message-ID nor a `"` inside a Subject, so
 * those two are stepped over whole; behind the others nothing is believed that identifies a message.
 */

/** A line without its closing `N ms` may have been cut by syslog if it is as long as this. */
const CUT_FROM = 600;

const FIELD =
  /, (?:(?:(quarantine)(?:: | (?=\S+,))|([Qq]ueue-(?:ID|id)|(?:Resent-)?Message-ID|mail_id|Hits|[Ss]ize|queued_as|Subject|From|Tests|pt|b|tls|secret_id|SA|rules|User-Agent|X-Mailer): |(helo|b\.key|b\.com|b\.rhs|b\.parts|shortcircuit|autolearn|autolearnscore|languages|relaycountry|asn|dcc|dcc_rep|signer_avg|dkim_i|dkim_d|dkim_sd|dkim_new|rss)=)|(\d+) ms(?=,|$))/g;

const FREE_TEXT: ReadonlySet<string> = new Set([
  'From',
  'User-Agent',
  'X-Mailer',
  'helo',
  'b.com',
  'b.rhs',
  'b.parts',
]);

export function readAmavisMain(tail: string): Record<string, unknown> {
  const { recipients, end } = readRecipients(tail);
  return { recipients, ...readFields(tail.slice(end)) };
}

/** `<a>,<"b, c"@d>,<e>`, up to the first thing that is no address. */
function readRecipients(tail: string): { recipients: string[]; end: number } {
  const address = /<((?:"(?:[^"\\]|\\.)*"[^>]*|[^>]*))>/y;
  const recipients: string[] = [];
  let end = 0;
  for (;;) {
    address.lastIndex = recipients.length === 0 ? 0 : end + 1;
    const found = address.exec(tail);
    if (found?.[1] === undefined) return { recipients, end };
    recipients.push(found[1]);
    end = address.lastIndex;
    if (tail[end] !== ',' || tail[end + 1] !== '<') return { recipients, end };
  }
}

function readFields(text: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  let believed = true;
  const field = new RegExp(FIELD);
  for (let found = field.exec(text); found !== null; found = field.exec(text)) {
    const start = field.lastIndex;
    if (found[4] !== undefined) {
      fields.durationMs = Number(found[4]);
      continue;
    }
    const name = found[1] ?? found[2] ?? found[3] ?? '';
    const end = valueEnd(name, text, start, field);
    if (end < text.length || isWhole(text)) {
      const value = fieldValue(name, text.slice(start, end));
      if (value && (believed || value.key === 'tests') && !(value.key in fields))
        fields[value.key] = value.value;
    }
    if (FREE_TEXT.has(name)) believed = false;
    field.lastIndex = end;
  }
  return fields;
}

/** Where the value that begins at `start` ends: text in brackets and quotes is stepped over. */
function valueEnd(name: string, text: string, start: number, field: RegExp): number {
  const close = closing(name, text[start]);
  if (close !== undefined) {
    const end = name === 'Subject' ? subjectEnd(text, start) : text.indexOf(close, start + 1) + 1;
    return end === 0 ? text.length : end;
  }
  field.lastIndex = start;
  // The first comma of the next field; an empty value is followed by it directly.
  const next = field.exec(text);
  return next === null ? text.length : next.index;
}

function closing(name: string, first: string | undefined): string | undefined {
  if (name.endsWith('Message-ID') && first === '<') return '>';
  if (name === 'Subject' && first === '"') return '"';
  if (name === 'Tests' && first === '[') return ']';
  return undefined;
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

function isWhole(text: string): boolean {
  return !text.endsWith('...') && text.length < CUT_FROM;
}

function fieldValue(name: string, text: string): { key: string; value: unknown } | undefined {
  switch (name) {
    case 'quarantine':
      return { key: 'quarantine', value: text };
    case 'Queue-ID':
      return { key: 'queueId', value: text };
    case 'Message-ID':
      return { key: 'messageId', value: withoutBrackets(text) };
    case 'Resent-Message-ID':
      return { key: 'resentMessageId', value: withoutBrackets(text) };
    case 'mail_id':
      return { key: 'mailId', value: text };
    case 'Hits':
      return numberField('hits', hits(text));
    case 'size':
    case 'Size':
      return numberField('size', /^\d+$/.test(text) ? Number(text) : undefined);
    case 'queue-id': // until 2006 or so this was the id that the next hop had given
    case 'queued_as':
      return { key: 'queuedAs', value: splitReplies(text) };
    case 'Subject':
      return { key: 'subject', value: withoutQuotes(text) };
    case 'Tests':
      return { key: 'tests', value: tests(text) };
    default:
      return undefined;
  }
}

function numberField(key: string, value: number | undefined): { key: string; value: number } | undefined {
  return value === undefined ? undefined : { key, value };
}

/** `-1.76`; `3.2+5` is a score and what a list added to it; `1..7` those of several recipients, the highest counts. */
function hits(text: string): number | undefined {
  const found = /^([+-]?\d*\.?\d+)(?:([+-]\d*\.?\d+)|\.\.([+-]?\d*\.?\d+))?$/.exec(text);
  if (!found) return undefined;
  if (found[3] !== undefined) return Number(found[3]);
  // Both have at most three decimals; their sum should not show more.
  return Math.round((Number(found[1]) + Number(found[2] ?? 0)) * 1000) / 1000;
}

/** Queue ids and whole replies, joined by a slash, which a reply may hold too. */
function splitReplies(text: string): string[] {
  return text.split(/\/(?=[2-5]\d\d[ -]|[0-9A-Za-z]{5,}(?:\/|$))/);
}

function tests(text: string): string[] {
  const list = text.replace(/^\[|\]$/g, '');
  return list === '' ? [] : list.split(',');
}

function withoutBrackets(text: string): string {
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
}

function withoutQuotes(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
