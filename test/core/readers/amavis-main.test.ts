import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAmavisMain } from '../../../src/core/readers/amavis-main.js';

describe("the tail of amavis' main line", () => {
  it('gives every field of a passed message', () => {
    expect(
      readAmavisMain(
        '<alice@example.com>, Queue-ID: 1E0BC162638, Message-ID: <T0027055688@outside.example>, mail_id: vum_r4K0r1VW, Hits: -1, size: 389, queued_as: 650AD162622, 356 ms',
      ),
    ).toEqual({
      recipients: ['alice@example.com'],
      queueId: '1E0BC162638',
      messageId: 'T0027055688@outside.example',
      mailId: 'vum_r4K0r1VW',
      hits: -1,
      size: 389,
      queuedAs: ['650AD162622'],
      durationMs: 356,
    });
  });

  it('gives the quarantine of a blocked one, and no score where there was no spam check', () => {
    expect(
      readAmavisMain(
        '<alice@example.com>,<bob@example.com>, quarantine: 8/virus-8EL-a6e9mCdJ, mail_id: 8EL-a6e9mCdJ, Hits: -, size: 798, 93 ms',
      ),
    ).toEqual({
      recipients: ['alice@example.com', 'bob@example.com'],
      quarantine: '8/virus-8EL-a6e9mCdJ',
      mailId: '8EL-a6e9mCdJ',
      size: 798,
      durationMs: 93,
    });
  });

  it("reads 2006's queue-id as the id that the next hop gave", () => {
    expect(
      readAmavisMain(
        '<postmaster>, quarantine: badh-le5gjszowBk, mail_id: le5gjszowBk, Hits: -1.76, queue-id: 079474CE44',
      ),
    ).toEqual({
      recipients: ['postmaster'],
      quarantine: 'badh-le5gjszowBk',
      mailId: 'le5gjszowBk',
      hits: -1.76,
      queuedAs: ['079474CE44'],
    });
  });

  it("takes no field of a site's own template for a part of queued_as", () => {
    expect(
      readAmavisMain(
        '<sales@example.com>, queued_as: 8D257A009E/9D257A009F, dkim_ids=@example.org,x, 9518 ms',
      ),
    ).toEqual({
      recipients: ['sales@example.com'],
      queuedAs: ['8D257A009E', '9D257A009F'],
      durationMs: 9518,
    });
  });

  it('believes nothing behind a Message-ID that does not end but what is no id', () => {
    expect(
      readAmavisMain(
        '<bob@example.com>, Message-ID: <99564dd4@,example.org, mail_id: 7Vg0b3luDu2U, Hits: 2, 181 ms',
      ),
    ).toEqual({ recipients: ['bob@example.com'], messageId: '99564dd4@,example.org', durationMs: 181 });
  });

  it('does not depend on the order of the fields', () => {
    expect(
      readAmavisMain(
        '<alice@example.com>, Hits: 2.5, queued_as: 650AD162622, Message-ID: <a@b.example>, Queue-ID: 1E0BC162638, 12 ms',
      ),
    ).toMatchObject({
      hits: 2.5,
      queuedAs: ['650AD162622'],
      messageId: 'a@b.example',
      queueId: '1E0BC162638',
    });
  });

  it.each([
    ['3.2+5', 8.2],
    ['-2.541-3', -5.541],
    ['-1.5..7.25', 7.25],
    ['.5', 0.5],
  ])('reads the score %s as %d', (text, hits) => {
    expect(readAmavisMain(`<a@b.example>, Hits: ${text}, size: 1, 2 ms`)).toMatchObject({ hits });
  });

  it('takes the fields of the verbose template', () => {
    expect(
      readAmavisMain(
        '<bob@example.com>, (ESMTP://192.0.2.7 < ), tls: x, Queue-ID: 1E0BC162638, mail_id: vum_r4K0r1VW, b: AbCdEfGhI, Hits: 4.2, size: 10, queued_as: 650AD162622, Subject: "Hello, world", From: <a@outside.example>, helo=mx.outside.example, Tests: [BAYES_50=0.8,DKIM_VALID=-0.1], autolearn=no, dkim_sd=s1:outside.example, 77 ms',
      ),
    ).toEqual({
      recipients: ['bob@example.com'],
      queueId: '1E0BC162638',
      mailId: 'vum_r4K0r1VW',
      hits: 4.2,
      size: 10,
      queuedAs: ['650AD162622'],
      subject: 'Hello, world',
      tests: ['BAYES_50=0.8', 'DKIM_VALID=-0.1'],
      durationMs: 77,
    });
  });

  it("keeps a next hop's whole reply, slashes and all", () => {
    expect(
      readAmavisMain(
        '<a@b.example>, size: 1, queued_as: SINK0444B/450 4.2.0 <bob>: greylisted, see https://example.com/grey, Subject: "x", 206 ms',
      ).queuedAs,
    ).toEqual(['SINK0444B', '450 4.2.0 <bob>: greylisted, see https://example.com/grey']);
  });
});

describe('text of strangers', () => {
  it('in a Message-ID is no field', () => {
    const fields = readAmavisMain(
      '<a@b.example>, Message-ID: <x, queued_as: EVIL1, mail_id: EVIL2, 1 ms, @y.example>, mail_id: vum_r4K0r1VW, Hits: -, 9 ms',
    );
    expect(fields).toEqual({
      recipients: ['a@b.example'],
      messageId: 'x, queued_as: EVIL1, mail_id: EVIL2, 1 ms, @y.example',
      mailId: 'vum_r4K0r1VW',
      durationMs: 9,
    });
  });

  it('in a Subject is no field, whatever its quotes and backslashes', () => {
    for (const subject of [
      'x, queued_as: EVIL1, mail_id: EVIL2',
      'x\\", queued_as: EVIL1, Queue-ID: EVIL2',
      'ends in a backslash\\',
      'say \\"hi\\", then',
    ]) {
      const fields = readAmavisMain(`<a@b.example>, Hits: 1, size: 5, Subject: "${subject}", 9 ms`);
      expect(fields).toMatchObject({ hits: 1, size: 5, subject });
      expect(fields).not.toHaveProperty('queuedAs');
      expect(fields).not.toHaveProperty('queueId');
      expect(fields).not.toHaveProperty('mailId');
    }
  });

  it('in a HELO name or behind it identifies nothing', () => {
    expect(
      readAmavisMain(
        '<a@b.example>, mail_id: vum_r4K0r1VW, Hits: 1, helo=x, queued_as: EVIL1, Queue-ID: EVIL2, 9 ms',
      ),
    ).toEqual({ recipients: ['a@b.example'], mailId: 'vum_r4K0r1VW', hits: 1, durationMs: 9 });
  });

  it('in a quoted recipient ends no list', () => {
    expect(readAmavisMain('<"a>, queued_as: EVIL1, <b"@c.example>,<"x,y"@c.example>, Hits: 1, 9 ms')).toEqual(
      {
        recipients: ['"a>, queued_as: EVIL1, <b"@c.example', '"x,y"@c.example'],
        hits: 1,
        durationMs: 9,
      },
    );
  });

  it('comes second to a field that was there before', () => {
    expect(
      readAmavisMain('<a@b.example>, queued_as: 650AD162622, size: 3, queued_as: EVIL1, 9 ms').queuedAs,
    ).toEqual(['650AD162622']);
  });
});

describe('a line that was cut', () => {
  it('gives up the field that the cut went through', () => {
    expect(readAmavisMain('<a@b.example>, Hits: 1, size: 389, queued_as: 650AD1...')).toEqual({
      recipients: ['a@b.example'],
      hits: 1,
      size: 389,
    });
  });

  it('leaves an open Message-ID, Subject or list of tests out', () => {
    const long = 'x'.repeat(700);
    expect(readAmavisMain(`<a@b.example>, Hits: 1, Message-ID: <${long}`)).not.toHaveProperty('messageId');
    expect(readAmavisMain(`<a@b.example>, Hits: 1, Subject: "${long}`)).not.toHaveProperty('subject');
    expect(readAmavisMain(`<a@b.example>, Hits: 1, Tests: [${long}`)).not.toHaveProperty('tests');
  });

  it('in the middle of the recipients keeps the whole ones', () => {
    expect(readAmavisMain('<a@b.example>,<c@d.ex').recipients).toEqual(['a@b.example']);
  });
});

it('never throws and always names the recipients', () => {
  const piece = fc.constantFrom(
    '<a@b>', '<', '>', '"', '\\', ',', ', ', 'queued_as: ', 'Message-ID: ', 'Subject: ', 'Tests: [', ']', '/',
    'Hits: ', '3.2+5', ' ms', '12 ms', 'helo=', 'size: ', '450 x', 'ABCDEF', '\u{1F4E7}', '...',
  ); // biome-ignore format: a list
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      expect(readAmavisMain(pieces.join('')).recipients).toBeInstanceOf(Array);
    }),
  );
});
