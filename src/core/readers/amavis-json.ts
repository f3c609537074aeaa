/**
 * amavis' structured report (`[:report_json]` in `$log_templ`; Amavis.pm, sub structured_report): one JSON object,
 * whose fields a site may choose.
 */

/** A content category's display name (Amavis/Conf.pm, %ccat_display_names) to the word of the main line. */
const VERDICTS: readonly (readonly [string, string])[] = [
  ['BadHdr', 'BAD-HEADER'],
  ['Mta', 'MTA-BLOCKED'],
  ['Spammy', 'SPAMMY'],
  ['Spam', 'SPAM'],
  ['Unchecked', 'UNCHECKED'],
  ['Banned', 'BANNED'],
  ['Virus', 'INFECTED'],
  ['Oversized', 'OVERSIZED'],
  ['Clean', 'CLEAN'],
];

/** Null for what is no such report as a whole: a piece of one, or cut by syslog. */
export function readAmavisJson(tail: string): Record<string, unknown> | null {
  const report = parse(tail);
  if (report === null) return null;
  const passed = strings(report.action).includes('PASS');
  const fields: Record<string, unknown> = {
    action: passed ? 'Passed' : 'Blocked',
    verdict: verdict(report.content_type),
    detail: detail(report),
    sender: address(report.mail_from) ?? '',
    recipients: recipients(report, passed),
    mailId: text(report.mail_id),
    queueId: text(report.queue_id),
    messageId: address(text(report.message_id)?.split(' ', 1)[0]),
    quarantine: text(report.quarantine),
    clientAddress: text(report.client_ip),
    clientPort: number(report.client_port),
    policy: report.policy_banks === undefined ? undefined : strings(report.policy_banks).join('/'),
    actions: text(report.actions_performed)?.split(' '),
    hits: number(report.spam_score),
    size: number(report.size),
    queuedAs: report.queued_as === undefined ? undefined : strings(report.queued_as),
    subject: text(report.subject),
    tests: report.tests === undefined ? undefined : strings(report.tests),
    durationMs: durationMs(report.elapsed),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Where it passed for some only, those: of the others there is no line of their own, as the main line has it. */
function recipients({ rcpt_to, recipients }: Record<string, unknown>, passed: boolean): string[] {
  const each = Array.isArray(recipients) ? recipients.filter(isObject) : [];
  const told = passed ? each.filter(({ action }) => action === 'PASS') : [];
  const named = told.length > 0 ? told.map((one) => one.rcpt_to) : rcpt_to;
  return strings(named).map((text) => address(text) ?? text);
}

function parse(tail: string): Record<string, unknown> | null {
  try {
    const report: unknown = JSON.parse(tail);
    return isObject(report) ? report : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function verdict(category: unknown): string {
  const name = text(category) ?? '';
  return VERDICTS.find(([start]) => name.startsWith(start))?.[1] ?? 'OTHER';
}

/** What the main line has behind the word: names of viruses, the banned part, `ENCRYPTED`. */
function detail({ content_type, virusnames, recipients }: Record<string, unknown>): string | undefined {
  switch (text(content_type)) {
    case 'Virus':
      return strings(virusnames).join(', ') || undefined;
    case 'Banned': {
      const each = Array.isArray(recipients) ? recipients.filter(isObject) : [];
      return each.map(({ banning_reason }) => text(banning_reason)).find((reason) => reason !== undefined);
    }
    case 'UncheckedEncrypted':
      return 'ENCRYPTED';
    default:
      return undefined;
  }
}

function durationMs(elapsed: unknown): number | undefined {
  const total = isObject(elapsed) ? number(elapsed.Total) : undefined;
  return total === undefined ? undefined : Math.round(total * 1000);
}

function address(value: unknown): string | undefined {
  return text(value)?.replace(/^<(.*)>$/, '$1');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
