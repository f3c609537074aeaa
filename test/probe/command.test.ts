import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Trace, TraceState } from '../../src/core/trace/trace.js';
import type { LogWatch, MessageIds } from '../../src/probe/log-watch.js';
import type { MailLog } from '../../src/probe/mail-log.js';
import { type ProbeContext, type ProbeOptions, probe as runProbe } from '../../src/probe/probe.js';
import type { Process } from '../../src/probe/process.js';
import type { System } from '../../src/probe/system.js';
import { UserError } from '../../src/user-error.js';
import { amavis, closedPort, type Listener, NO_XFORWARD, real, scripted } from './servers.js';

const PASSED = '250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BE6C0162610';
const open: { close: () => Promise<void> }[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
const keep = (listener: Listener): Listener => {
  open.push(listener);
  return listener;
};
const at = ({ target }: Pick<Listener, 'target'>): string => `127.0.0.1:${target.port}`;

function trace(state: TraceState, verdict = 'CLEAN'): Trace {
  const time = '2026-11-23T00:19:14.000Z';
  return {
    id: 't',
    host: 'mail',
    messageId: null,
    sender: '',
    size: null,
    client: null,
    origin: 'amavis',
    firstSeen: time,
    lastSeen: time,
    state,
    complete: true,
    stuck: false,
    stuckSince: null,
    queueIds: [],
    filter: [
      {
        amavisId: '1-1',
        mailId: null,
        action: null,
        verdict,
        detail: null,
        actions: [],
        hits: null,
        tests: [],
        quarantine: null,
        queueId: null,
        queuedAs: [],
        recipients: [],
        durationMs: null,
        time,
      },
    ],
    hops: [],
    recipients: [],
    links: [],
    parent: null,
    children: [],
    problems: [],
  };
}

/** A log in which these traces appear one after the other; then nothing more until it is closed. */
function watched(...traces: readonly Trace[]): LogWatch & { readonly asked: MessageIds[]; closed: boolean } {
  const watch = {
    asked: [] as MessageIds[],
    closed: false,
    async *find(ids: MessageIds, signal: AbortSignal) {
      watch.asked.push(ids);
      yield* traces;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    close: async () => {
      watch.closed = true;
    },
  };
  return watch;
}

function mailLog(watch: LogWatch): MailLog {
  return {
    watch: async () => watch,
    lastSaid: async (program) =>
      program === 'amavis'
        ? { text: 'amavis[1]: (!!)TROUBLE in pre_loop_hook: x\x1b[0m', complains: true }
        : null,
  };
}

function log(...traces: readonly Trace[]): MailLog {
  return mailLog(watched(...traces));
}

const MASTER: Process = { pid: 812, name: 'master', daemon: 'master' };

/** A machine on which only Postfix runs, and only loopback reaches the ports of the test. */
function machine(address = '127.0.0.1', ...listeners: readonly Listener[]): System {
  return {
    listening: () => listeners.map(({ target }) => ({ address, port: target.port, holders: [MASTER] })),
    processes: () => [MASTER],
  };
}

/** The folder of a configuration that agrees with the ports of the test. */
function configuration(filter: Listener['target'], reinject: Listener['target'], more = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'amavtrace-probe-'));
  folders.push(folder);
  writeFileSync(join(folder, 'main.cf'), `content_filter = amavisfeed:[127.0.0.1]:${filter.port}\n`);
  writeFileSync(
    join(folder, 'master.cf'),
    `amavisfeed unix - - n - 2 lmtp\n127.0.0.1:${reinject.port} inet n - n - - smtpd\n  -o content_filter=\n${more}`,
  );
  writeFileSync(
    join(folder, 'amavisd.conf'),
    `$inet_socket_port = ${filter.port};\n$forward_method = 'smtp:[127.0.0.1]:${reinject.port}';\n$final_spam_destiny = D_PASS;\n`,
  );
  return folder;
}

async function probe(options: ProbeOptions, context: Partial<ProbeContext> = {}, columns = 200) {
  let stdout = '';
  let stderr = '';
  const output = {
    out: (text: string) => {
      stdout += text;
    },
    note: (text: string) => {
      stderr += text;
    },
    color: false,
    columns,
  };
  const status = await runProbe(options, output, {
    log: log(trace('delivered')),
    showTrace: ({ state }) => `<trace: ${state}>`,
    system: machine(),
    limits: { hello: 1000, send: 1000, follow: 200 },
    ...context,
  });
  const steps =
    options.json === true
      ? stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [];
  return { status, stdout, stderr, steps };
}

async function chain(endReply = PASSED) {
  const filter = keep(await amavis(endReply));
  const reinject = keep(await real({ banner: 'Postfix', useXForward: true }));
  const options = { configDir: configuration(filter.target, reinject.target) };
  return { filter, reinject, options, system: machine('127.0.0.1', filter, reinject) };
}

describe('a chain that works', () => {
  test('passes all three tests, in the order of the guide, and says beforehand what it does', async () => {
    const { filter, reinject, options, system } = await chain();
    const { status, stdout } = await probe(options, { system });
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => /^\d\./.test(line))).toEqual([
      `1. amavis' port: connecting to 127.0.0.1:${filter.target.port}, at most 1 s`,
      `2. the way back: connecting to 127.0.0.1:${reinject.target.port}, at most 1 s`,
      `3. the chain: sending a harmless test message from <> to <postmaster> by 127.0.0.1:${filter.target.port}, at most 1 s, then following the log for at most 0.2 s`,
    ]);
    expect(stdout).toContain('takes XFORWARD NAME ADDR PROTO HELO');
    expect(stdout).toContain('only loopback reaches it: bound to 127.0.0.1');
    expect(stdout).toContain(`took the message: ${PASSED}`);
    expect(stdout).toContain('the message was delivered');
    expect(stdout).toContain('<trace: delivered>');
  });

  test('opens the log before it sends, asks for the ids of the reply, and closes it', async () => {
    const { filter, options, system } = await chain();
    const watch = watched(trace('queued'), trace('delivered'));
    let sentBefore = true;
    const opened: MailLog = {
      ...mailLog(watch),
      watch: async () => {
        sentBefore = filter.heard.includes('DATA');
        return watch;
      },
    };
    const { status, steps } = await probe({ ...options, json: true }, { system, log: opened });
    expect(status).toBe(0);
    expect(sentBefore).toBe(false);
    expect(watch.asked).toEqual([{ messageId: steps[2].messageId, queueId: 'BE6C0162610', amavisId: null }]);
    expect(watch.closed).toBe(true);
    expect(filter.heard).toContain(`Message-ID: <${steps[2].messageId}>`);
  });

  test("is followed until amavis' own line is there, which may come after the delivery", async () => {
    const { options, system } = await chain();
    const early: Trace = { ...trace('delivered'), filter: [] };
    const { steps } = await probe(
      { ...options, json: true },
      { system, log: log(early, trace('delivered')) },
    );
    expect(steps[2].trace.filter).toHaveLength(1);
  });

  test('--from and --to name the envelope', async () => {
    const { filter, options, system } = await chain();
    await probe({ ...options, from: 'a@example.com', to: 'b@example.com' }, { system });
    expect(filter.heard).toEqual(
      expect.arrayContaining(['MAIL FROM:<a@example.com>', 'RCPT TO:<b@example.com>']),
    );
  });

  test('--via 25 sends by the front door', async () => {
    const { filter, reinject, system } = await chain();
    const front = keep(await amavis('250 2.0.0 Ok: queued as 8BE9416260E'));
    const folder = configuration(
      filter.target,
      reinject.target,
      `127.0.0.1:${front.target.port} inet n - n - - smtpd\n`,
    );
    const { status, steps } = await probe({ configDir: folder, via: '25', json: true }, { system });
    expect(status).toBe(0);
    expect(steps[2]).toMatchObject({ target: at(front), queueId: '8BE9416260E', status: 'ok' });
  });

  test('the lines fit the terminal', async () => {
    const { options, system } = await chain();
    const { stdout } = await probe(options, { system }, 80);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/^3\. the chain: .*\n {3}\S/m);
  });

  test('an LMTP filter is spoken to in LMTP', async () => {
    const filter = keep(
      await real({
        lmtp: true,
        useXForward: true,
        onData: (stream, _, done) => {
          stream.resume();
          stream.on('end', () => done(null, 'Ok: queued as BE6C0162610'));
        },
      }),
    );
    const reinject = keep(await real({}));
    const { status, steps } = await probe(
      { filter: at(filter), reinject: at(reinject), json: true },
      { system: machine('127.0.0.1', filter, reinject) },
    );
    expect(steps.map(({ step, status: outcome, protocol }) => [step, outcome, protocol])).toEqual([
      ['filter', 'ok', 'LMTP'],
      ['reinject', 'ok', 'SMTP'],
      ['chain', 'ok', 'LMTP'],
    ]);
    expect(status).toBe(0);
  });

  test('with --json the announcements go to stderr', async () => {
    const { options, system } = await chain();
    const { stderr, steps } = await probe({ ...options, json: true }, { system });
    expect(steps).toHaveLength(3);
    expect(stderr).toMatch(/^1\. amavis' port: .*\n2\. the way back: .*\n3\. the chain: .*\n$/);
  });
});

describe("a port that fails is asked the guide's questions", () => {
  test("amavis' closed port", async () => {
    const target = await closedPort();
    const reinject = keep(await real({}));
    const { status, stdout } = await probe(
      { configDir: configuration({ ...target, port: 10_024 }, reinject.target), filter: at({ target }) },
      { system: machine('127.0.0.1', reinject) },
    );
    expect(status).toBe(1);
    expect(stdout).toContain('failed     connection refused');
    expect(stdout).toContain(
      'Is the amavisd-new daemon running?\n      no: start it with "systemctl start amavis"',
    );
    expect(stdout).toContain(
      `Does something listen there?\n      no, nothing listens on port ${target.port}`,
    );
    expect(stdout).toContain(
      'What did amavis last log?\n      amavis[1]: (!!)TROUBLE in pre_loop_hook: x\\x1b[0m',
    );
    expect(stdout).toMatch(
      /Do the address and port match the configuration\?\n {6}no, tested was 127\.0\.0\.1:\d+: amavis listens on 127\.0\.0\.1:10024, \[::1\]:10024 \(.*amavisd\.conf:1\); Postfix sends to amavisfeed:\[127\.0\.0\.1\]:10024 \(.*main\.cf:1\)/,
    );
    expect(stdout).toContain('Does a firewall intercept connections?\n      hardly:');
    expect(stdout).toContain(`3. the chain: not tested, ${at({ target })} takes no mail`);
  });

  test('a way back that the configuration lacks too', async () => {
    const filter = keep(await amavis(PASSED));
    const target = await closedPort();
    const folder = configuration(filter.target, target);
    writeFileSync(join(folder, 'master.cf'), 'amavisfeed unix - - n - 2 lmtp\n');
    const { steps } = await probe(
      { configDir: folder, json: true },
      { system: machine('127.0.0.1', filter) },
    );
    expect(steps[1].answers[3].answer).toMatch(
      /^no: \$forward_method is 'smtp:\[127\.0\.0\.1\]:\d+' \(.*\); no service of master\.cf listens there$/,
    );
  });

  test('a way back that turns this machine away', async () => {
    const filter = keep(await amavis(PASSED));
    const reinject = keep(
      await scripted((socket) => {
        socket.end('554 5.7.1 <localhost[127.0.0.1]>: Client host rejected: Access denied\r\n');
      }),
    );
    const { stdout } = await probe(
      { configDir: configuration(filter.target, reinject.target) },
      { system: machine('127.0.0.1', filter, reinject) },
    );
    expect(stdout).toContain('amavtrace explain reinject-rejected');
  });

  test('a silent way back', async () => {
    const filter = keep(await amavis(PASSED));
    const reinject = keep(await scripted(() => {}));
    const { status, steps } = await probe(
      { configDir: configuration(filter.target, reinject.target), json: true },
      { system: machine('127.0.0.1', filter, reinject), limits: { hello: 150, send: 500, follow: 100 } },
    );
    expect(status).toBe(1);
    expect(steps[1]).toMatchObject({
      status: 'failed',
      facts: [{ is: 'failed', text: 'no answer within 0.15 s, before the greeting' }],
    });
    expect(steps[1].answers.map(({ answer }: { answer: string }) => answer)).toEqual([
      `yes: master (process 812) listens on port ${reinject.target.port}`,
      `yes: port ${reinject.target.port} is bound to 127.0.0.1 by master (process 812)`,
      'unknown: no line of it in a mail log that can be read',
      expect.stringMatching(/^yes: /),
      'maybe: there was no answer at all; so does a daemon whose children are all busy',
    ]);
    expect(steps[2].status).toBe('skipped');
  });

  test('a filter without XFORWARD fails, and the chain is tested all the same', async () => {
    const filter = keep(await amavis(PASSED, NO_XFORWARD));
    const reinject = keep(await real({}));
    const { status, steps } = await probe(
      { configDir: configuration(filter.target, reinject.target), json: true },
      { system: machine('127.0.0.1', filter, reinject) },
    );
    expect(status).toBe(1);
    expect(steps.map(({ status: outcome }) => outcome)).toEqual(['failed', 'ok', 'ok']);
    expect(steps[1].facts).toContainEqual({
      is: 'info',
      text: 'does not offer XFORWARD to us; "-o smtpd_authorized_xforward_hosts=127.0.0.0/8" makes traces surer',
    });
  });

  test('a way back that is open to strangers fails', async () => {
    const { filter, reinject, options } = await chain();
    const { status, stdout } = await probe(options, { system: machine('0.0.0.0', filter, reinject) });
    expect(status).toBe(1);
    expect(stdout).toContain('bound to all addresses: whoever reaches it hands in mail that is not filtered');
  });
});

describe('a message that does not get through', () => {
  test('is reported with the reply that refused it', async () => {
    const reply = '451 4.5.0 id=20694-03 - Temporary MTA failure on relaying, From MTA() during fwd-connect';
    const { options, system } = await chain(reply);
    const { status, stdout } = await probe(options, { system });
    expect(status).toBe(1);
    expect(stdout).toContain(`failed     did not take the message: ${reply}`);
    expect(stdout).toContain('Does amavisd-new log errors?\n      amavis[1]: (!!)TROUBLE');
  });

  test.each<TraceState>(['deferred', 'bounced', 'blocked', 'rejected'])(
    'fails when it was %s',
    async (state) => {
      const { options, system } = await chain();
      const { status, stdout } = await probe(options, {
        system,
        log: log(trace('queued'), trace(state)),
      });
      expect(status).toBe(1);
      expect(stdout).toContain(`failed     the message was ${state}`);
    },
  );

  test('says what the log shows, in the words of the catalogue', async () => {
    const problem = {
      code: 'local-quota',
      severity: 'error',
      stage: 'deliver',
      queueId: null,
      resolved: false,
      count: 1,
      firstSeen: '2026-11-23T00:19:14.000Z',
      lastSeen: '2026-11-23T00:19:14.000Z',
      summary: 'The mailbox is full',
      cause: '',
      fix: 'one line\nanother',
      reference: '',
      explains: [],
      evidence: [],
    } as const;
    const { options, system } = await chain();
    const { stdout } = await probe(options, {
      system,
      log: log({ ...trace('deferred'), problems: [problem] }),
    });
    expect(stdout).toContain(
      'What does the log show?\n      The mailbox is full (amavtrace explain local-quota)\n',
    );
  });

  test('fails when it went in at 25 and came by no filter', async () => {
    const { filter, reinject, system } = await chain();
    const front = keep(await amavis('250 2.0.0 Ok: queued as 8BE9416260E'));
    const folder = configuration(
      filter.target,
      reinject.target,
      `127.0.0.1:${front.target.port} inet n - n - - smtpd\n`,
    );
    const unfiltered = log({ ...trace('delivered'), filter: [] });
    const { status, stdout } = await probe({ configDir: folder, via: '25' }, { system, log: unfiltered });
    expect(status).toBe(1);
    expect(stdout).toContain('failed     the message was delivered without a line that tells of the filter');
    expect(stdout).toMatch(
      /Does Postfix hand mail to the filter\?\n {6}it should: amavisfeed:\[127\.0\.0\.1\]:\d+ \(.*main\.cf:1\)/,
    );
  });

  test('is not said to fail when it is the log that can not be read', async () => {
    const { options, system } = await chain();
    const gone: MailLog = mailLog({
      // biome-ignore lint/correctness/useYield: it never comes to that
      async *find() {
        throw new UserError('journalctl ended: status 1');
      },
      close: async () => {},
    });
    const { status, stdout } = await probe(options, { system, log: gone });
    expect(status).toBe(2);
    expect(stdout).toContain("the mail log can't be followed: journalctl ended: status 1");
  });

  test('fails when the filter took it and dropped it', async () => {
    const { options, system } = await chain('250 2.7.0 Ok, discarded, id=16957-01 - spam');
    const { status, stdout } = await probe(options, { system });
    expect(status).toBe(1);
    expect(stdout).toContain('did not pass the message on: 250 2.7.0 Ok, discarded, id=16957-01 - spam');
  });

  test('fails when local threw it away for want of an alias', async () => {
    const discarded: Trace = {
      ...trace('delivered'),
      recipients: [
        {
          address: 'postmaster@example.com',
          originalTo: 'postmaster',
          state: 'delivered',
          queueId: null,
          relay: 'local',
          dsn: '2.0.0',
          status: 'sent',
          response: 'discarded',
          delays: null,
          attempts: 1,
          time: null,
        },
      ],
    };
    const { options, system } = await chain();
    const { status, stdout } = await probe(options, { system, log: log(discarded) });
    expect(status).toBe(1);
    expect(stdout).toContain('the message for postmaster was discarded by local: there is no such alias');
  });

  test('fails when its time is up', async () => {
    const { options, system } = await chain();
    const { status, stdout } = await probe(options, { system, log: log(trace('filtering')) });
    expect(status).toBe(1);
    expect(stdout).toContain('after 0.2 s it is still filtering');
  });

  test('fails when the log says nothing of it', async () => {
    const { options, system } = await chain();
    const { status, stdout } = await probe(options, { system, log: log() });
    expect(status).toBe(1);
    expect(stdout).toContain('the log said nothing of it within 0.2 s');
  });

  test('ends with status 2 when there is no log to follow', async () => {
    const { options, system } = await chain();
    const { status, stdout } = await probe(options, { system, log: null });
    expect(status).toBe(2);
    expect(stdout).toContain('there is no mail log to follow');
  });
});

describe('test patterns', () => {
  test('GTUBE that is discarded passes', async () => {
    const { filter, options, system } = await chain('250 2.7.0 Ok, discarded, id=16957-01 - spam');
    const { status, stdout } = await probe(
      { ...options, gtube: true },
      { system, log: log(trace('blocked', 'SPAM')) },
    );
    expect(status).toBe(0);
    expect(stdout).toContain('the test pattern was blocked');
    expect(filter.heard.some((line) => line.includes('GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL'))).toBe(true);
  });

  test('EICAR that is rejected passes, also without a log', async () => {
    const { options, system } = await chain('554 5.7.0 Reject, id=17781-01 - INFECTED: Eicar-Signature');
    const { status, stdout } = await probe({ ...options, eicar: true }, { system, log: null });
    expect(status).toBe(0);
    expect(stdout).toContain('rejected it: 554 5.7.0 Reject, id=17781-01');
  });

  test('GTUBE that is delivered fails, with what amavis is told to do', async () => {
    const { options, system } = await chain();
    const { status, stdout } = await probe(
      { ...options, gtube: true },
      { system, log: log(trace('delivered', 'SPAM')) },
    );
    expect(status).toBe(1);
    expect(stdout).toContain('the test pattern was delivered: amavis says SPAM');
    expect(stdout).toMatch(
      /What does amavis do with such mail\?\n {6}\$final_spam_destiny = D_PASS \(.*amavisd\.conf:3\)/,
    );
  });
});

describe('options that can not be used are refused before anything is done', () => {
  test.each([
    [{ filter: '192.0.2.1:10024' }, '192.0.2.1:10024 is no loopback address'],
    [{ filter: '10024' }, '--filter wants HOST:PORT, not "10024"'],
    [{ to: 'a>\r\nRCPT TO:<b' }, '--to wants an address'],
    [{ gtube: true, eicar: true }, '--gtube and --eicar are two tests'],
    [{ configDir: '/nonexistent' }, "can't read /nonexistent: no such folder"],
  ])('%j', async (options, message) => {
    const refusal = probe(options);
    await expect(refusal).rejects.toThrow(UserError);
    await expect(refusal).rejects.toThrow(message);
  });
});
