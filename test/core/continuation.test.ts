/** Long texts of amavis, one after another, each split over lines. */
import { describe, expect, it } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import { casesOf } from '../support/core.js';

// Of 20 recipients the way back put one off: the reply is cut, and the next text begins at once.
const lines = [
  'Nov 24 00:06:19 mail amavis[1654]: (01654-03-2) (!)6Inat55Q2Qt1 FWD from <sender@outside.example> -> <r070longlonglonglong@relay.example.net>,<r071longlonglonglong@relay.example.net>,<r072longlonglonglong@relay.example.net>,<r073longlonglonglong@relay.example.net>,<r074longlonglonglong@relay.example.net>,<r075longlonglonglong@relay.example.net>,<r076longlonglonglong@relay.example.net>,<r077longlonglonglong@relay.example.net>,<r078longlonglonglong@relay.example.net>,<r079longlonglonglong@relay.example.net>,<r080longlonglonglong@relay.example.net>,<r081longlonglonglong@relay.example.net>,<r082longlonglonglong@relay.example.net>,<r083longlonglonglong@relay.example.net>,<r084longlonglonglong@relay.example.net>,<r085longlonglonglong@relay.example.net>,<r086longlonglonglong@relay.example.net>,<r087longlonglonglong@relay.example.net>,<r088longlonglonglong@relay.example.net>,<r089longlonglonglong@relay.example.net>, BODY=7BIT 450 4.2.1 from MTA(smtp:[127.0.0.1]:10025): 450 4.2.1 <r077longlonglonglong@rela...',
  'Nov 24 00:06:19 mail amavis[1654]: (01654-03-2) (!)...y.example.net>: Recipient address rejected: later',
  'Nov 24 00:06:19 mail amavis[1654]: (01654-03-2) Passed MTA-BLOCKED {RelayedOpenRelay,TempFailedOpenRelay}, [127.0.0.2]:39787 <sender@outside.example> -> <r070longlonglonglong@relay.example.net>,<r071longlonglonglong@relay.example.net>,<r072longlonglonglong@relay.example.net>,<r073longlonglonglong@relay.example.net>,<r074longlonglonglong@relay.example.net>,<r075longlonglonglong@relay.example.net>,<r076longlonglonglong@relay.example.net>,<r078longlonglonglong@relay.example.net>,<r079longlonglonglong@relay.example.net>,<r080longlonglonglong@relay.example.net>,<r081longlonglonglong@relay.example.net>,<r082longlonglonglong@relay.example.net>,<r083longlonglonglong@relay.example.net>,<r084longlonglonglong@relay.example.net>,<r085longlonglonglong@relay.example.net>,<r086longlonglonglong@relay.example.net>,<r087longlonglonglong@relay.example.net>,<r088longlonglonglong@relay.example.net>,<r089longlonglonglong@relay.example.net>, Queue-ID: C1234228822, Message-ID: <TMWTXPG9T00053@outside.example>, mail_id: 6...',
  'Nov 24 00:06:19 mail amavis[1654]: (01654-03-2) ...Inat55Q2Qt1, Hits: 0, size: 568, queued_as: 498A2228878/450 4.2.1 <r077longlonglonglong@relay.example.net>: Recipient address rejected: later, 85 ms',
  'Nov 24 00:06:19 mail amavis[1654]: (01654-03-2) Blocked MTA-BLOCKED {RelayedOpenRelay,TempFailedOpenRelay}, [127.0.0.2]:39787 <sender@outside.example> -> <r077longlonglonglong@relay.example.net>, Queue-ID: C1234228822, Message-ID: <TMWTXPG9T00053@outside.example>, mail_id: 6Inat55Q2Qt1, Hits: 0, size: 568, 85 ms',
];

const eventsOf = (log: readonly string[]) => casesOf(log, new MailPath()).flatMap(({ events }) => events);

describe('a text whose end has nothing of what such ends are known by', () => {
  const events = eventsOf(lines);

  it('has it all the same', () => {
    const forward = events.find(({ kind }) => kind === 'amavis.forward');
    expect(forward).toMatchObject({
      mailId: '6Inat55Q2Qt1',
      response:
        '450 4.2.1 from MTA(smtp:[127.0.0.1]:10025): 450 4.2.1 <r077longlonglonglong@relay.example.net>: Recipient address rejected: later',
    });
  });

  it('leaves the next text its own end', () => {
    const passed = events.find((event) => event.kind === 'amavis.verdict' && event.action === 'Passed');
    expect(passed).toMatchObject({ mailId: '6Inat55Q2Qt1', size: 568, durationMs: 85 });
    expect(passed).toMatchObject({ queuedAs: expect.arrayContaining(['498A2228878']) });
  });

  it('does not end a text without its alert mark', () => {
    const lost = eventsOf([...lines.slice(1, 3), ...lines.slice(4)]);
    const passed = lost.find((event) => event.kind === 'amavis.verdict' && event.action === 'Passed');
    expect(passed?.at.raw).not.toContain('(!)');
  });
});
