import { describe, expect, it } from 'vitest';
import { readAmavisJson } from '../../../src/core/readers/amavis-json.js';

describe("amavis' JSON report", () => {
  it('gives what the main line would say', () => {
    expect(
      readAmavisJson(
        JSON.stringify({
          type: 'amavis',
          log_id: '82329-04',
          mail_id: 'Jnk7NzYB8pvl',
          queue_id: '1E0BC162638',
          client_ip: '192.0.2.7',
          client_port: 50112,
          mail_from: '<sender@outside.example>',
          rcpt_to: ['<alice@example.com>', '<bob@example.com>'],
          message_id: '<T0027055688@outside.example>',
          subject: 'Hello',
          policy_banks: ['ORIGINATING', 'MYNETS'],
          size: 389,
          content_type: 'Clean',
          quarantine: 'clean-Jnk7NzYB8pvl.gz',
          spam_score: -1,
          actions_performed: 'RelayedInbound Quarantined',
          tests: ['ALL_TRUSTED'],
          queued_as: ['650AD162622'],
          action: ['PASS'],
          elapsed: { Total: 0.356, SpamCheck: 0.2 },
        }),
      ),
    ).toEqual({
      action: 'Passed',
      verdict: 'CLEAN',
      sender: 'sender@outside.example',
      recipients: ['alice@example.com', 'bob@example.com'],
      mailId: 'Jnk7NzYB8pvl',
      queueId: '1E0BC162638',
      messageId: 'T0027055688@outside.example',
      quarantine: 'clean-Jnk7NzYB8pvl.gz',
      clientAddress: '192.0.2.7',
      clientPort: 50112,
      policy: 'ORIGINATING/MYNETS',
      actions: ['RelayedInbound', 'Quarantined'],
      hits: -1,
      size: 389,
      queuedAs: ['650AD162622'],
      subject: 'Hello',
      tests: ['ALL_TRUSTED'],
      durationMs: 356,
    });
  });

  it.each([
    [{ content_type: 'Virus', virusnames: ['Lab.Test.Sig', 'Other'] }, 'Lab.Test.Sig, Other'],
    [
      {
        content_type: 'Banned',
        recipients: [
          {
            action: 'BOUNCE',
            banning_reason: 'application/octet-stream,setup.exe',
            ccat_blocking: 'Banned',
            rcpt_to: 'carol@example.com',
          },
        ],
      },
      'application/octet-stream,setup.exe',
    ],
    [{ content_type: 'UncheckedEncrypted' }, 'ENCRYPTED'],
    [{ content_type: 'Spam', virusnames: [] }, undefined],
  ])('tells more of the verdict: %o', (report, detail) => {
    expect(readAmavisJson(JSON.stringify({ type: 'amavis', ...report }))?.detail).toBe(detail);
  });

  it.each([
    ['BadHdrDupl', 'BAD-HEADER'],
    ['MtaTempFailed', 'MTA-BLOCKED'],
    ['Spammy3', 'SPAMMY'],
    ['Spam', 'SPAM'],
    ['UncheckedEncrypted', 'UNCHECKED'],
    ['CleanTag', 'CLEAN'],
    ['CatchAll', 'OTHER'],
  ])('calls %s %s', (category, verdict) => {
    expect(readAmavisJson(`{"content_type":"${category}"}`)).toMatchObject({ verdict });
  });

  it('counts a message that passed for one recipient as passed', () => {
    expect(readAmavisJson('{"action":["REJECT","PASS"]}')).toMatchObject({ action: 'Passed' });
    expect(readAmavisJson('{"action":["TEMPFAIL"]}')).toMatchObject({ action: 'Blocked' });
  });

  it('says nothing of what is not there or is of another kind', () => {
    expect(readAmavisJson('{"size":"big","queued_as":[1],"elapsed":7}')).toEqual({
      action: 'Blocked',
      verdict: 'OTHER',
      sender: '',
      recipients: [],
      queuedAs: [],
    });
  });

  it('names of a message with several fates those for whom it passed', () => {
    const report = {
      action: ['DISCARD', 'PASS'],
      rcpt_to: ['bob@example.com', 'frank@example.com'],
      recipients: [
        { action: 'DISCARD', rcpt_to: 'bob@example.com' },
        { action: 'PASS', rcpt_to: 'frank@example.com' },
      ],
    };
    expect(readAmavisJson(JSON.stringify(report))).toMatchObject({ recipients: ['frank@example.com'] });
  });

  it('is not read in part', () => {
    expect(readAmavisJson('{"action":["PASS"')).toBeNull();
    expect(readAmavisJson('["PASS"]')).toBeNull();
  });
});
