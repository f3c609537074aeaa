import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../src/core/problem/catalogue.js';
import { searchCatalogue } from '../../src/core/problem/search.js';
import { explainText } from '../../src/output/explain.js';
import { catalogue, codesOf, diagnosed, eventsOf } from './helpers.js';
import { usualMail } from './lines.js';

/** Every code that users can meet: this list is a contract, entries may be added. */
const CODES =
  `filter-refused filter-suspended filter-connect-timeout filter-wrong-port filter-ipv6-first filter-saturated
  filter-lost-connection filter-acl filter-timeout duplicate-delivery filter-shutdown transport-missing transport-crash
  filter-name loops-to-myself feed-tls feed-smtputf8 feed-size-advertised filter-size filter-rcpt-limit
  still-being-delivered feed-lost-eod amavis-tempfail-generic amavis-assert-452 amavis-tempdir amavis-disk
  amavis-stale-file amavis-bdb amavis-config amavis-bind av-socket av-all-down unchecked amavis-child-timeout
  sql-quarantine dsn-failed notify-failed mail-bomb open-relay-policy evidence ldap sql-lookup reinject-refused
  reinject-rejected reinject-nospace reinject-relay-denied reinject-user-unknown reinject-partial
  reinject-bailout-esmtp reinject-qfile-write reinject-too-big reinject-lost reinject-closed reinject-busy reinject-tls xforward-denied
  xforward-off filter-loop filter-loop-amavis-limit reinject-bind reinject-crash reinject-limit discarded-as-sent
  bounced-as-sent reject-after-queue quarantined-unseen dup-address-mapping dup-always-bcc unfiltered filter-action
  requeued held deleted queue-cleared queue-held expired double-bounce proxy-refused proxy-timeout proxy-lost proxy-reject milter-down log-gaps
  next-hop-refused next-hop-rejected next-hop-deferred delivery-bounced filter-silent filter-slow`.split(
    /\s+/,
  );

const parse = (line: string) => eventsOf([line])[0];

describe('the catalogue', () => {
  it('has every code', () => {
    expect(CODES.filter((code) => !catalogue.definitions.has(code))).toEqual([]);
  });

  for (const definition of catalogue.definitions.values()) {
    const lines = definition.samples.filter((sample) => typeof sample === 'string');
    const groups = definition.samples.filter((sample) => typeof sample !== 'string');

    it.each(lines)(`knows ${definition.code} by: %s`, (line) => {
      expect(eventsOf([line])).toHaveLength(1);
      expect(searchCatalogue(catalogue, line, parse).map((found) => found.definition.code)).toEqual([
        definition.code,
      ]);
    });

    it.each(groups.map((group) => [group.length, group] as const))(
      `knows ${definition.code} by a message of %i lines`,
      (_, group) => {
        const { traces, incidents } = diagnosed(group, { before: usualMail(250), minutesLater: 10 });
        const codes =
          definition.scope === 'system' ? incidents.list().map(({ code }) => code) : codesOf(traces);
        expect(codes).toContain(definition.code);
      },
    );

    it(`explains ${definition.code} without a gap in its texts`, () => {
      const text = explainText({ definition, values: {} });
      expect(text).not.toMatch(/\{\w+(?:\|[^{}]*)?\}|undefined/);
      expect(text).not.toMatch(/QUARANTINE-ID.*QUARANTINE-ID/);
    });
  }
});

const ENTRY = {
  code: 'disk-full',
  severity: 'error',
  stage: 'queue',
  match: [{ event: 'queue.note', line: 'No space left' }],
  summary: 'The disk is full',
  cause: 'Too much mail',
  fix: ['df -h'],
  reference: 'postconf(5)',
  samples: ['Nov 23 00:27:02 mail postfix/smtpd[1]: warning: 1CE88162637: No space left on device'],
};

describe('a bad problem file is refused, saying which file, which entry and why', () => {
  const load = (change: object) => () =>
    new Catalogue([{ file: 'problems-site.json', content: { problems: [{ ...ENTRY, ...change }] } }]);

  it.each([
    ['an unknown key', { sumary: 'x' }, '"sumary" is not known'],
    ['an unknown severity', { severity: 'bad' }, '"severity" must be one of error, warning, info'],
    ['no samples', { samples: [] }, 'needs at least one of "samples"'],
    ['no alternative', { match: [] }, 'needs at least one alternative in "match"'],
    ['an event that does not exist', { match: [{ event: 'qmgr.activ' }] }, 'there is no event "qmgr.activ"'],
    [
      'a condition that does not exist',
      { match: [{ condition: 'full-moon' }] },
      'there is no condition "full-moon"',
    ],
    [
      'an invalid expression',
      { match: [{ event: 'queue.note', line: '(' }] },
      'the expression of "line" is not valid',
    ],
    [
      'an expression that may backtrack without bound',
      { match: [{ event: 'queue.note', line: '(a+)+b' }] },
      'the expression of "line": a repetition inside a repetition is not allowed',
    ],
    [
      'a delivery matched by its whole line',
      { match: [{ event: 'delivery', fields: { status: 'sent' }, line: 'x' }] },
      'a delivery is matched by its fields',
    ],
    ['a placeholder that may stay empty', { summary: 'at {place}' }, '"summary": {place} needs a text'],
    [
      'an explanation of nothing',
      { explains: ['nothing-such'] },
      '"explains" names "nothing-such", which is no code',
    ],
    ['an explanation of itself', { explains: ['disk-full'] }, 'explains itself'],
  ])('%s', (_, change, reason) => {
    expect(load(change)).toThrow(`problems-site.json: problem "disk-full": ${reason}`);
  });

  it('no list of problems', () => {
    expect(() => new Catalogue([{ file: 'problems-site.json', content: {} }])).toThrow(
      'problems-site.json: needs a list "problems"',
    );
  });

  it('while a good one replaces an entry of an earlier file', () => {
    const later = { ...ENTRY, summary: 'The disk of this site is full' };
    const site = new Catalogue([
      { file: 'problems-a.json', content: { problems: [ENTRY] } },
      { file: 'problems-b.json', content: { problems: [later] } },
    ]);
    expect(site.definitions.get('disk-full')?.summary).toBe('The disk of this site is full');
  });
});
