import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { amavtrace, parseLines, temporaryFolder } from '../support/cli.js';

/** One message a client, sender and recipient, a minute apart. */
function store(
  ...messages: readonly (readonly [client: string, sender: string, recipient: string])[]
): string {
  const folder = temporaryFolder();
  const lines = messages.flatMap(([client, sender, recipient], index) => {
    const head = `2026-03-08T07:${String(index).padStart(2, '0')}:00+00:00 mail postfix`;
    const id = `8BE94162${String(index).padStart(3, '0')}`;
    return [
      `${head}/smtpd[1]: ${id}: client=${client}`,
      `${head}/qmgr[2]: ${id}: from=<${sender}>, size=1, nrcpt=1 (queue active)`,
      `${head}/local[3]: ${id}: to=<${recipient}>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)`,
      `${head}/qmgr[2]: ${id}: removed`,
    ];
  });
  writeFileSync(join(folder, 'mail.log'), `${lines.join('\n')}\n`);
  const db = join(folder, 'traces.db');
  amavtrace(['import', join(folder, 'mail.log'), '--db', db]);
  return db;
}

function search(db: string, ...args: readonly string[]) {
  const { stdout, stderr, status } = amavtrace(['search', '--db', db, '--json', ...args]);
  return { traces: parseLines(stdout), stderr, status };
}

const sendersOf = (db: string, ...args: readonly string[]) =>
  search(db, ...args).traces.map(({ sender }) => sender);

describe('search --client', () => {
  const clients = (wanted: string): readonly (string | null | undefined)[] => {
    const db = store(
      ['mx.outside.example[192.0.2.1]', 'a@b.example', 'c@d.example'],
      ['unknown[192.0.2.10]', 'a@b.example', 'c@d.example'],
      ['outside.example[2001:db8::1]', 'a@b.example', 'c@d.example'],
    );
    return search(db, '--client', wanted).traces.map(({ client }) => client?.address);
  };

  it.each([
    ['an address, and none that begins with it', '192.0.2.1', ['192.0.2.1']],
    ['an address as logs have it', 'unknown[192.0.2.10]', ['192.0.2.10']],
    ['an IPv6 address', '2001:DB8::1', ['2001:db8::1']],
    ['a name', 'mx.outside.example', ['192.0.2.1']],
    ['a domain: its own name and those under it', 'Outside.example', ['2001:db8::1', '192.0.2.1']],
    ['a glob', '192.0.2.*', ['192.0.2.10', '192.0.2.1']],
  ])('finds %s', (_what, wanted, found) => {
    expect(clients(wanted)).toEqual(found);
  });
});

describe('search --sender and --recipient', () => {
  it('takes characters beyond ASCII in either case', () => {
    const db = store(['x[192.0.2.1]', 'Ünal@b.example', 'c@d.example']);
    expect(sendersOf(db, '--sender', 'ünal@b.example')).toEqual(['Ünal@b.example']);
    expect(sendersOf(db, '--sender', 'önal@b.example')).toEqual([]);
  });

  it('takes a domain with its @, and a name without a domain', () => {
    const db = store(['x[192.0.2.1]', 'root', 'c@d.example'], ['x[192.0.2.1]', 'a@b.example', 'root@root']);
    expect(sendersOf(db, '--sender', '@b.example')).toEqual(['a@b.example']);
    expect(sendersOf(db, '--sender', 'root')).toEqual(['root']);
    expect(sendersOf(db, '--recipient', 'root')).toEqual(['a@b.example']);
  });

  it('takes brackets as they are', () => {
    const db = store(
      ['x[192.0.2.1]', 'a@[192.0.2.7]', 'c@d.example'],
      ['x[192.0.2.1]', 'a@1', 'c@d.example'],
    );
    expect(sendersOf(db, '--sender', 'a@[192.0.2.7]')).toEqual(['a@[192.0.2.7]']);
    expect(sendersOf(db, '--sender', '*@[192*')).toEqual(['a@[192.0.2.7]']);
  });
});

describe('search --verdict and --problem', () => {
  it('take no part of a word, and no wildcard', () => {
    const db = store(['x[192.0.2.1]', 'a@b.example', 'c@d.example']);
    expect(sendersOf(db, '--verdict', '%')).toEqual([]);
    expect(sendersOf(db, '--problem', '%')).toEqual([]);
  });

  it('say that a code is not known', () => {
    const db = store(['x[192.0.2.1]', 'a@b.example', 'c@d.example']);
    expect(search(db, '--problem', 'filter-refuse').stderr).toContain('there is no problem "filter-refuse"');
    expect(search(db, '--problem', 'filter-refused').stderr).not.toContain('there is no problem');
  });
});

describe('search --since', () => {
  // The clocks of New York go from 2:00 EST to 3:00 EDT at 07:00 UTC on that day.
  it.each([
    ['2026-03-08T03:01', 'America/New_York', 1],
    ['2026-03-08 03:01', 'America/New_York', 1],
    ['2026-03-08T07:01', 'UTC', 1],
    ['2026-03-08T09:01+02', 'America/New_York', 1],
    ['2026-03-08T01:59', 'America/New_York', 2],
    ['20260308', 'UTC', 2],
  ])('%s in %s', (since, zone, found) => {
    const db = store(
      ['x[192.0.2.1]', 'a@b.example', 'c@d.example'],
      ['x[192.0.2.1]', 'e@b.example', 'c@d.example'],
    );
    expect(search(db, '--since', since, '--tz', zone).traces).toHaveLength(found);
  });
});

describe('search --limit', () => {
  const db = () =>
    store(['x[192.0.2.1]', 'a@b.example', 'c@d.example'], ['x[192.0.2.1]', 'e@b.example', 'c@d.example']);

  it('says when there are more, also beside JSON', () => {
    const { traces, stderr } = search(db(), '--limit', '1');
    expect(traces.map(({ sender }) => sender)).toEqual(['e@b.example']);
    expect(stderr).toContain('--limit 0 shows all');
  });

  it('says nothing when these are all', () => {
    expect(search(db(), '--limit', '2').stderr).toBe('');
    expect(search(db(), '--limit', '0').stderr).toBe('');
  });

  it.each(['-1', '1.5', 'many', ''])('refuses %j', (limit) => {
    expect(search(db(), '--limit', limit)).toMatchObject({ status: 2, traces: [] });
  });
});
