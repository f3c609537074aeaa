import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { widthOf } from '../../src/tui/text.js';
import { deferred, FakeFeed, hop, message, NOW, recipient } from './fake-feed.js';
import { KEYS, open } from './screen.js';

const at = (before: number): string => new Date(NOW - before).toISOString();
/** `count` messages a second apart, M1 the oldest. */
const row = (count: number): Trace[] =>
  Array.from({ length: count }, (_, index) =>
    message(`M${index + 1}`, { firstSeen: at((count - index) * 1000) }),
  );

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe('the first screen', () => {
  it('opens filled, with the newest message last and chosen', async () => {
    const screen = await open(new FakeFeed([...row(3), deferred('D1', { firstSeen: at(500) })]));
    expect(screen.rows()).toMatchInlineSnapshot(`
      [
        " amavtrace  /var/log/mail.log                                 stored  0 lines/s",
        " ✓ 25 ─▸ ✓ feed ─▸ ✓ 10024 ─▸ ✓ 10025 ─▸ ✓ mailbox",
        " 0/min  0 in filter  filter time p50 - p95 -  0 deferred  0 stuck",
        " messages ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█ 4/min     time in filter                  █ 0.18s",
        "    TIME     FROM → TO                       VERDICT    PATH",
        "  ✓ 11:59:57 sender@outsid… → a…@example.com CLEAN       25▸10024▸10025▸mbox✓",
        "  ✓ 11:59:58 sender@outsid… → a…@example.com CLEAN       25▸10024▸10025▸mbox✓",
        "  ✓ 11:59:59 sender@outsid… → a…@example.com CLEAN       25▸10024▸10025▸mbox✓",
        "› ! 11:59:59 sender@outsid… → a…@example.com ×3 <1m      25▸10024!··········",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        " 4 messages",
        " ↑↓ move  Enter open  / filter  f failed  s waiting  p pause  ? help  q quit",
      ]
    `);
  });

  it('shows ids, time in the filter, waiting and problems where there is room', async () => {
    const screen = await open(
      new FakeFeed([...row(2), deferred('D1', { firstSeen: at(7_500_000) })]),
      160,
      20,
    );
    expect(screen.rows().slice(4, 9)).toMatchInlineSnapshot(`
      [
        "    TIME     ID              FROM → TO                                   VERDICT       FILTER WAITING    PATH                            PROBLEM",
        "  ✓ 11:59:58 M1              sender@outside.example → alice@example.com  CLEAN          0.18s             25 ▸ 10024 ▸ 10025 ▸ mailbox ✓",
        "  ✓ 11:59:59 M2              sender@outside.example → alice@example.com  CLEAN          0.18s             25 ▸ 10024 ▸ 10025 ▸ mailbox ✓",
        "› ! 09:55:00 D1              sender@outside.example → alice@example.com                       ×3 2h05m    25 ▸ 10024 ! ····· · ·······   filter-refused",
        "",
      ]
    `);
  });

  it('fills the screen to its last row and no row is wider than it', async () => {
    for (const [columns, rows] of [
      [80, 24],
      [100, 30],
      [160, 50],
      [61, 13],
    ] as const) {
      const screen = await open(new FakeFeed([deferred('S1', { stuck: true }), ...row(100)]), columns, rows);
      expect(screen.rows()).toHaveLength(rows);
      expect(Math.max(...screen.rows().map(widthOf))).toBeLessThan(columns);
      cleanup();
    }
  });

  it('says so when there is no message yet', async () => {
    expect((await open(new FakeFeed([]))).text()).toContain('No message yet.');
  });

  it('says so when the terminal is too small', async () => {
    expect((await open(new FakeFeed(row(1)), 40, 10)).text()).toBe('40x10 is too small: 60x12 at least, q q');
  });

  it('is drawn in ASCII where the terminal has no more', async () => {
    const screen = await open(new FakeFeed([deferred('S1', { stuck: true }), ...row(3)]), 80, 24, false);
    expect(screen.text()).toMatch(/^[\x20-\x7e\n]*$/);
    await screen.press(KEYS.enter);
    expect(screen.text()).toMatch(/^[\x20-\x7e\n]*$/);
    await screen.press('?');
    expect(screen.text()).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('counts what is in the filter, deferred and stuck', async () => {
    const feed = new FakeFeed(row(1));
    feed.busy = { messagesPerMinute: 42, inFilter: 3, deferred: 4, stuck: 1, filterTimes: [100, 200, 4000] };
    expect((await open(feed)).rows()[2]).toBe(
      ' 42/min  3 in filter  filter time p50 0.2s p95 4s  4 deferred  1 stuck !',
    );
  });

  it('tells that there are more of them than it has at hand', async () => {
    const feed = new FakeFeed(row(1));
    feed.busy = { deferred: 2000, stuck: 1990, more: true };
    expect((await open(feed)).rows()[2]).toContain('  2000+ deferred  1990+ stuck !');
  });

  it('says how much is still to be read while the logs are caught up with', async () => {
    const feed = new FakeFeed(row(1));
    feed.busy = { left: 12_600_000 };
    expect((await open(feed)).rows()[22]).toBe(' 1 message · catching up, 13 MB to read');
  });

  it('names what fails on the path', async () => {
    const screen = await open(new FakeFeed([deferred('D1', { firstSeen: at(9000), lastSeen: at(1000) })]));
    expect(screen.rows()[1]).toBe(
      ' ✓ 25 ─▸ · feed silent ─▸ ✗ 10024 failing ─▸ · 10025 silent ─▸ · mailbox silent',
    );
  });

  it('says when nothing is stored and what the follower has to say', async () => {
    const feed = new FakeFeed(row(1));
    feed.said = ['another follow stores to this database'];
    expect((await open(feed)).text()).toContain('another follow stores to this database');
  });
});

describe('moving in the list', () => {
  it('goes with the arrows and with j and k, also when keys come in one chunk', async () => {
    const screen = await open(new FakeFeed(row(9)), 160);
    await screen.press('kkk', KEYS.up);
    expect(screen.chosen()).toContain('M5');
    await screen.press('j', KEYS.down);
    expect(screen.chosen()).toContain('M7');
  });

  it('goes by pages and to both ends', async () => {
    const screen = await open(new FakeFeed(row(100)), 160);
    await screen.press(KEYS.pageUp);
    expect(screen.chosen()).toContain('M83');
    await screen.press('g');
    expect(screen.chosen()).toContain('M1 ');
    await screen.press(KEYS.pageDown);
    expect(screen.chosen()).toContain('M18');
    await screen.press('G');
    expect(screen.chosen()).toContain('M100');
  });

  it('stays on the newest as messages come in, and on any other once that is chosen', async () => {
    const feed = new FakeFeed(row(30));
    const screen = await open(feed, 160);
    feed.tell(message('N1', { firstSeen: at(0) }));
    await screen.wait(200);
    expect(screen.chosen()).toContain('N1');
    await screen.press('k');
    const before = screen.rows().findIndex((line) => line.startsWith('›'));
    feed.tell(message('N2', { firstSeen: at(-1) }), message('N3', { firstSeen: at(-2) }));
    await screen.wait(200);
    expect(screen.chosen()).toContain('M30');
    expect(screen.rows().findIndex((line) => line.startsWith('›'))).toBe(before);
  });

  it('keeps the chosen message when it is named anew', async () => {
    const feed = new FakeFeed(row(3));
    const screen = await open(feed, 160);
    await screen.press('k');
    feed.rename(feed.find('M2') as Trace, 'mail/M2/other');
    await screen.wait(200);
    expect(screen.chosen()).toContain('M2');
  });

  it('pins stuck ones on top; Tab goes there and back', async () => {
    const screen = await open(
      new FakeFeed([deferred('S1', { stuck: true, firstSeen: at(7_500_000) }), ...row(40)]),
      160,
    );
    expect(screen.rows()[5]).toContain('S1');
    await screen.press(KEYS.tab);
    expect(screen.chosen()).toContain('S1');
    expect(screen.chosen()).toContain('×3 2h05m');
    await screen.press(KEYS.down);
    expect(screen.chosen()).toContain('M26');
    await screen.press(KEYS.tab, KEYS.tab);
    expect(screen.chosen()).toContain('M40');
  });
});

describe('showing less', () => {
  const traces = [
    ...row(3),
    deferred('D1'),
    message('B1', {
      state: 'bounced',
      recipients: [recipient({ state: 'bounced', address: 'x@gone.example' })],
    }),
  ];

  it('shows failures only with f, and all again with f', async () => {
    const screen = await open(new FakeFeed(traces), 160);
    await screen.press('f');
    expect(screen.text()).toContain('failures only · 2 of 5 messages');
    expect(screen.text()).not.toContain('M1');
    await screen.press('f');
    expect(screen.text()).toContain('M1');
  });

  it('shows stuck and deferred ones with s', async () => {
    const screen = await open(new FakeFeed(traces), 160);
    await screen.press('s');
    expect(screen.text()).toContain('stuck and deferred only · 1 of 5 messages');
    expect(screen.chosen()).toContain('D1');
    await screen.press(KEYS.escape);
    expect(screen.text()).toContain('5 messages');
  });

  it('filters while the filter is typed; Enter keeps it, Esc shows all again', async () => {
    const screen = await open(new FakeFeed(traces), 160);
    await screen.press('/', 'gone.exampleX', KEYS.backspace);
    expect(screen.rows().at(-2)).toBe(' filter gone.example█');
    expect(screen.text()).toContain('B1');
    expect(screen.text()).not.toContain('M1');
    await screen.press(KEYS.enter);
    expect(screen.text()).toContain('filter gone.example · 1 of 5 messages');
    await screen.press(KEYS.escape);
    expect(screen.text()).toContain('M1');
  });

  it('takes letters as text while a filter is typed', async () => {
    const screen = await open(new FakeFeed(traces));
    await screen.press('/', 'qfsp?');
    expect(screen.quits()).toBe(0);
    expect(screen.text()).toContain('filter qfsp?█');
    expect(screen.text()).toContain('No message fits.');
    await screen.press(KEYS.escape);
    expect(screen.text()).toContain('5 messages');
  });

  it('opens a message of the store by an id that the list does not have', async () => {
    const feed = new FakeFeed(traces);
    feed.stored = [message('0LD')];
    const screen = await open(feed);
    await screen.press('/', '0LD', KEYS.enter);
    expect(screen.rows()[1]).toContain('0LD  delivered');
  });

  it('pauses with p: new ones are counted, and there when it goes on', async () => {
    const feed = new FakeFeed(traces);
    const screen = await open(feed, 160);
    await screen.press('p');
    feed.tell(message('N1', { firstSeen: at(0) }));
    feed.tell(message('N2', { firstSeen: at(0) }));
    await screen.wait(1200);
    expect(screen.text()).toContain('paused, 2 new');
    expect(screen.text()).not.toContain('N1');
    await screen.press('p');
    expect(screen.text()).toContain('N1');
    expect(screen.text()).toContain('N2');
  });
});

describe('a message', () => {
  const parent = message('P1', { children: [{ queueId: 'C1', kind: 'bounce' }] });
  const child = message('C1', { parent: { id: parent.id, queueId: 'P1', kind: 'bounce' }, sender: '' });
  const evidence = new Map([
    [
      parent.id,
      Array.from({ length: 40 }, (_, index) => `Nov 23 11:59:00 mail postfix/smtpd[1]: line ${index}`),
    ],
  ]);

  it('is shown from its problem to its log lines', async () => {
    const stuck = deferred('S1', {
      stuck: true,
      links: [{ from: 'S1', to: '20694-02', via: ['Queue-ID'], confidence: 'certain' }],
    });
    const screen = await open(
      new FakeFeed([stuck], new Map([[stuck.id, ['Nov 23 11:50:00 mail postfix/smtpd[1]: S1: client=x']]])),
      80,
      50,
    );
    await screen.press(KEYS.enter);
    expect(screen.rows()).toMatchInlineSnapshot(`
      [
        " amavtrace  /var/log/mail.log                                 stored  0 lines/s",
        " · 25 ─▸ · feed ─▸ ✗ 10024 failing ─▸ · 10025 ─▸ · mailbox",
        " 0/min  0 in filter  filter time p50 - p95 -  0 deferred  0 stuck",
        " messages ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ 0/min     time in filter",
        " ! S1  deferred, stuck  for 10m                             2026-11-23 11:50:00",
        " sender@outside.example → alice@example.com",
        " <S1@outside.example>  400 bytes  from unknown[192.0.2.1]  host mail",
        "",
        "› PROBLEM",
        "  ✗ filter-refused  ×3",
        "    The filter at 127.0.0.1:10024 refuses connections, so mail waits in the",
        "    queue.",
        "    cause  amavisd does not run, or listens elsewhere.",
        "    fix    Start it (systemctl start amavisd) and look at why it ended; then",
        "           postqueue -f.",
        "    see    README.postfix, "amavisd-new setup"",
        "",
        "  PATH",
        "  ✓ receive  smtpd:25      S1              11:50:00      0s",
        "  ✓ queue    qmgr          S1              11:50:00      0s",
        "  ! filter   lmtp:10024    S1              11:59:00   0s ×3  deferred",
        "      connect to 127.0.0.1[127.0.0.1]:10024: Connection refused",
        "",
        "  RECIPIENTS",
        "  ! alice@example.com  deferred  4.4.1  relay none  3 attempts",
        "      connect to 127.0.0.1[127.0.0.1]:10024: Connection refused",
        "",
        "  TIME",
        "    ░ before qmgr  ▒ in qmgr  ▓ connection setup  █ transmission  ▆ amavis",
        "    lmtp:10024 S1   9m50s  590/0.02/0/0          ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒",
        "",
        "  LINKS",
        "    S1 ▸ 20694-02                         certain  by Queue-ID",
        "",
        "  LOG LINES",
        "    Nov 23 11:50:00 mail postfix/smtpd[1]: S1: client=x",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        " 1 message",
        " ↑↓ move  Tab next part  y copy id  Esc back  ? help  q quit",
      ]
    `);
  });

  it('shows the commands of a fix one below the other', async () => {
    const trace = deferred('D1');
    const problems = trace.problems.map((problem) => ({
      ...problem,
      fix: 'postconf -M\nsystemctl start amavisd\n',
    }));
    const screen = await open(new FakeFeed([{ ...trace, problems }]), 80, 40);
    await screen.press(KEYS.enter);
    const from = screen.rows().findIndex((line) => line.includes('fix'));
    expect(screen.rows().slice(from, from + 2)).toEqual([
      '    fix    postconf -M',
      '           systemctl start amavisd',
    ]);
  });

  it('splits the time as Postfix and amavis tell it', async () => {
    const screen = await open(new FakeFeed([message('A1')]), 80, 40);
    await screen.press(KEYS.enter);
    const from = screen.rows().findIndex((line) => line.includes('TIME'));
    expect(screen.rows().slice(from, from + 4)).toMatchInlineSnapshot(`
      [
        "  TIME",
        "    ░ before qmgr  ▒ in qmgr  ▓ connection setup  █ transmission  ▆ amavis",
        "    lmtp:10024 A1   0.22s  0.02/0/0.01/0.19      ░░░▓██████████████████████████",
        "    amavis A1-01    0.18s  180 ms                ▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆",
      ]
    `);
  });

  it('gives every part that took time a column of its bar', async () => {
    const trace = message('A1', { hops: [hop('deliver', { delays: [10, 0.01, 0, 0.1] })] });
    const screen = await open(new FakeFeed([trace]), 80, 40);
    await screen.press(KEYS.enter);
    const bar = screen.rows().find((line) => line.includes('10/0.01/0/0.1')) ?? '';
    expect(bar).toMatch(/░+▒█$/);
    expect(widthOf(bar)).toBeLessThan(80);
  });

  it('goes to its bounce and back', async () => {
    const screen = await open(new FakeFeed([child, parent]), 80, 50);
    await screen.press(KEYS.enter);
    expect(screen.text()).toContain('P1  delivered');
    await screen.press(...Array.from({ length: 5 }, () => KEYS.tab), 'j');
    expect(screen.rows().at(-1)).toContain('Enter go to C1');
    await screen.press(KEYS.enter);
    expect(screen.text()).toContain('C1  delivered');
    expect(screen.text()).toContain('bounce of P1');
    await screen.press(KEYS.escape);
    expect(screen.text()).toContain('P1  delivered');
    await screen.press(KEYS.left);
    expect(screen.text()).toContain('2 messages');
  });

  it('scrolls its log lines, and Tab goes from part to part', async () => {
    const screen = await open(new FakeFeed([parent], evidence));
    await screen.press(KEYS.enter, 'G');
    expect(screen.text()).toContain('line 39');
    await screen.press('g');
    expect(screen.chosen()).toBe('› PATH');
    await screen.press(KEYS.tab);
    expect(screen.chosen()).toBe('› RECIPIENTS');
    await screen.press(KEYS.shiftTab, KEYS.shiftTab);
    expect(screen.chosen()).toBe('› LOG LINES');
    await screen.press(KEYS.pageDown);
    expect(screen.text()).toMatch(/\d+-\d+ of \d+/);
  });

  it('copies the id of the row, or of the message', async () => {
    const screen = await open(new FakeFeed([message('A1')]));
    await screen.press('y', KEYS.enter, 'jjj', 'y');
    expect(screen.copied).toEqual(['A1', 'A1-01']);
    expect(screen.text()).toContain('copied A1-01');
    await screen.press('k');
    expect(screen.text()).not.toContain('copied');
  });

  it('goes on while it is open, and reads its log lines only when it has changed', async () => {
    const feed = new FakeFeed([deferred('D1')], evidence);
    const screen = await open(feed, 80, 50);
    await screen.press(KEYS.enter);
    await screen.wait(5000);
    expect(feed.evidenceAsked).toBe(1);
    feed.tell({ ...message('D1'), id: deferred('D1').id });
    await screen.wait(200);
    expect(screen.text()).toContain('D1  delivered');
    expect(feed.evidenceAsked).toBe(2);
  });

  it('can neither move the cursor nor set a title by what it holds', async () => {
    const evil = '\x1b]0;pwned\x07\x1b[2J\u202e\r\n';
    const trace = deferred(`E${evil}`, {
      sender: `a${evil}@x.example`,
      messageId: evil,
      client: { name: evil, address: evil, port: null, helo: evil, saslUsername: evil },
      hops: [hop('filter', { outcome: 'deferred', detail: evil, service: evil, amavisId: evil })],
      recipients: [
        recipient({ address: evil, response: evil, relay: evil, state: 'deferred', originalTo: evil }),
      ],
      links: [{ from: evil, to: evil, via: [evil], confidence: 'likely' }],
      children: [{ queueId: evil, kind: 'bounce' }],
    });
    const screen = await open(new FakeFeed([trace], new Map([[trace.id, [evil]]])), 120, 60);
    await screen.press('y', KEYS.enter, '?', '?', KEYS.escape, '/', evil, KEYS.enter);
    for (const frame of screen.frames) expect(frame).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });
});

describe('help', () => {
  it('names every key on one screen of 80x24', async () => {
    const screen = await open(new FakeFeed(row(1)));
    await screen.press('?');
    expect(screen.rows()).toMatchInlineSnapshot(`
      [
        " ✓ 25 ─▸ ✓ feed ─▸ ✓ 10024 ─▸ ✓ 10025 ─▸ ✓ mailbox",
        "  Keys",
        "  ↑ k      up                           ⇧Tab     the part before",
        "  ↓ j      down                         /        filter",
        "  PgUp     a page up                    f        failures only",
        "  PgDn     a page down                  s        stuck and deferred only",
        "  g Home   to the top                   p        pause, and go on",
        "  G End    to the newest, to the end    y        copy the id",
        "  Enter →  open, or go where it says    ?        help",
        "  Esc ←    back, or show all again      Ctrl-L   draw the screen anew",
        "  Tab      other pane, next part        q        quit",
        "",
        "  Filter   any id or address; these too: state: verdict: problem: from: to:",
        "           for example  alice@example.com verdict:spam  or  state:deferred",
        "",
        "  Messages ✓ arrived  ✗ failed  ! deferred or partly  ⊘ blocked  … under way",
        "  Path     25 ▸ 10024 ▸ 10025 ▸ mailbox; dots where it has not come to",
        "  Stations ✓ fine  ~ slow  ✗ failing  · silent",
        "           judged by the last five minutes; silent: nothing met there",
        "",
        "",
        "",
        " 1 message",
        " Esc back  q quit",
      ]
    `);
    await screen.press('?');
    expect(screen.text()).toContain('1 message');
  });
});

describe('drawing', () => {
  it('leaves an idle screen alone', async () => {
    const screen = await open(new FakeFeed([message('M1', { firstSeen: at(7_200_000) })]));
    const before = screen.frames.length;
    await screen.wait(60_000);
    expect(screen.frames.length).toBe(before);
  });

  it('draws ten times a second at most, however much comes in', async () => {
    const feed = new FakeFeed(row(5));
    const screen = await open(feed);
    const before = screen.frames.length;
    for (let index = 0; index < 200; index++) {
      feed.tell(message(`N${index}`, { firstSeen: at(-index) }));
      await screen.wait(5);
    }
    expect(screen.frames.length - before).toBeLessThanOrEqual(11);
    expect(screen.frames.length - before).toBeGreaterThanOrEqual(8);
  });

  it('follows a resize', async () => {
    const screen = await open(new FakeFeed(row(60)));
    await screen.resize(160, 50);
    expect(screen.rows()).toHaveLength(50);
    expect(screen.rows()[4]).toContain('WAITING');
    await screen.resize(80, 24);
    expect(screen.rows()).toHaveLength(24);
  });

  it('quits with q, and with Ctrl-C also while a filter is typed', async () => {
    const screen = await open(new FakeFeed(row(1)));
    await screen.press('q');
    expect(screen.quits()).toBe(1);
    await screen.press('/', '\x03');
    expect(screen.quits()).toBe(2);
  });
});
