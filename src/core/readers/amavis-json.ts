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

export function readAmavisJson(tail: string): Record<string, unknown> {
  const report = parse(tail);
  const fields: Record<string, unknown> = {
    action: strings(report.action).includes('PASS') ? 'Passed' : 'Blocked',
    verdict: verdict(report.content_type),
    sender: address(report.mail_from) ?? '',
    recipients: strings(report.rcpt_to).map((text) => address(text) ?? text),
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

function parse(tail: string): Record<string, unknown> {
  try {
    const report: unknown = JSON.parse(tail);
    return isObject(report) ? report : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function verdict(category: unknown): string {
  const name = text(category) ?? '';
  return VERDICTS.find(([start]) => name.startsWith(start))?.[1] ?? 'OTHER';
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
