import { describe, expect, it } from 'vitest';
import { searchCatalogue } from '../../src/core/problem/search.js';
import { catalogueText, explainJson, explainText } from '../../src/output/explain.js';
import { catalogue, eventsOf } from './helpers.js';

const parse = (line: string) => eventsOf([line])[0];
const search = (query: string) => searchCatalogue(catalogue, query, parse);
const codes = (query: string): string[] => search(query).map(({ definition }) => definition.code);

describe('a problem is found', () => {
  it('by its code', () => {
    expect(codes('filter-loop')).toEqual(['filter-loop']);
    expect(codes(' Filter-Loop ')).toEqual(['filter-loop']);
  });

  it.each([
    [
      'the end of a delivery line',
      'status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
      'filter-refused',
    ],
    [
      'a message without its head',
      'connect to 127.0.0.1[127.0.0.1]:10024: Connection refused',
      'filter-refused',
    ],
    [
      'only the reason',
      'delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:10024: Connection refused',
      'filter-suspended',
    ],
    ['a reply of amavis', '250 2.7.0 Ok, discarded, id=16957-01 - spam', 'discarded-as-sent'],
    [
      'an amavis line without its head',
      "(20694-02) (!)connect to [127.0.0.1]:10025 failed, attempt #1: Can't connect",
      'reinject-refused',
    ],
    [
      'a line from the middle',
      'warning: connect to proxy filter inet:[127.0.0.1]:10024: Connection refused',
      'proxy-refused',
    ],
    [
      'another server’s refusal',
      'status=deferred (connect to mx.example.com[192.0.2.1]:25: Connection refused)',
      'next-hop-refused',
    ],
    [
      'another server’s greylisting',
      'status=deferred (host mx.example.com[192.0.2.1] said: 451 4.7.1 greylisted)',
      'next-hop-deferred',
    ],
    ['a few words of it', 'too many hops', 'filter-loop'],
    [
      'a whole line',
      'Nov 23 00:27:07 vm postfix/error[19822]: 1E0BC162638: to=<alice@example.com>, relay=none, delay=5.1, delays=5.1/0.02/0/0, dsn=4.4.1, status=deferred (delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)',
      'filter-suspended',
    ],
  ])('by %s', (_, query, code) => {
    expect(codes(query)).toEqual([code]);
  });

  it('by words, those with the words in their name first', () => {
    expect(codes('loop')[0]).toContain('loop');
    expect(codes('message_size_limit')).toContain('feed-size-advertised');
  });

  it('not by what no entry knows', () => {
    expect(codes('the quick brown fox')).toEqual([]);
    expect(codes('')).toEqual([]);
  });

  it('not by a line that tells of success', () => {
    expect(
      codes('status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 650AD162622)'),
    ).toEqual([]);
  });

  it('fast, whatever is pasted', () => {
    expect(codes(`status=deferred (${'a'.repeat(100_000)})`).length).toBeGreaterThan(0);
    expect(codes('('.repeat(100_000))).toEqual([]);
  });
});

describe('the explanation', () => {
  const [found] = search('status=deferred (connect to 10.0.0.5[10.0.0.5]:10024: Connection refused)');
  if (found === undefined) throw new Error('nothing found');

  it('names problem, cause and fix, with what the line tells filled in', () => {
    const text = explainText(found);
    expect(text).toContain('filter-refused (error');
    expect(text).toContain('Nothing listens at 10.0.0.5:10024');
    expect(text).toContain('telnet 10.0.0.5 10024');
    expect(text).toContain('README.postfix 2.2');
  });

  it('is JSON for programs', () => {
    expect(JSON.parse(explainJson(found.definition, found.values))).toMatchObject({
      code: 'filter-refused',
      severity: 'error',
      stage: 'filter',
    });
  });

  it('of all lists every code', () => {
    const text = catalogueText(catalogue);
    for (const code of catalogue.definitions.keys()) expect(text).toContain(`  ${code} `);
  });
});
