import { afterEach, describe, expect, test } from 'vitest';
import { deliver, hello } from '../../src/probe/smtp.js';
import { amavis, closedPort, type Listener, NO_XFORWARD, real, scripted } from './servers.js';

const LIMIT = 2000;
const open: Listener[] = [];
const keep = (listener: Listener): Listener => {
  open.push(listener);
  return listener;
};
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
});

describe('hello', () => {
  test("reads amavis' greeting and capabilities", async () => {
    const { target } = keep(await amavis('250 2.0.0 Ok'));
    expect(await hello(target, LIMIT)).toEqual({
      ok: true,
      value: {
        protocol: 'SMTP',
        greeting: '[127.0.0.1] ESMTP amavisd-new service ready',
        capabilities: [
          'VRFY',
          'PIPELINING',
          'SIZE',
          'ENHANCEDSTATUSCODES',
          '8BITMIME',
          'DSN',
          'XFORWARD NAME ADDR PROTO HELO',
        ],
      },
    });
  });

  test('reads those of a server without XFORWARD', async () => {
    const { target } = keep(await amavis('250 2.0.0 Ok', NO_XFORWARD));
    expect(await hello(target, LIMIT)).toMatchObject({
      ok: true,
      value: { capabilities: ['PIPELINING', '8BITMIME'] },
    });
  });

  test('speaks with a real SMTP server', async () => {
    const { target } = keep(await real({ banner: 'Postfix', useXForward: true }));
    const outcome = await hello(target, LIMIT);
    expect(outcome).toMatchObject({ ok: true, value: { protocol: 'SMTP' } });
    expect(outcome.ok && outcome.value.capabilities.some((line) => line.startsWith('XFORWARD'))).toBe(true);
  });

  test('turns to LHLO where a server knows no EHLO', async () => {
    const { target } = keep(await real({ lmtp: true, useXForward: true }));
    const outcome = await hello(target, LIMIT);
    expect(outcome).toMatchObject({ ok: true, value: { protocol: 'LMTP' } });
    expect(outcome.ok && outcome.value.capabilities).not.toEqual([]);
  });

  test('says that a closed port refuses', async () => {
    expect(await hello(await closedPort(), LIMIT)).toEqual({
      ok: false,
      failure: { kind: 'refused', text: 'connection refused', reply: null },
    });
  });

  test('does not wait for a silent server longer than its limit', async () => {
    const { target } = keep(await scripted(() => {}));
    expect(await hello(target, 150)).toEqual({
      ok: false,
      failure: { kind: 'silent', text: 'no answer within 0.15 s, before the greeting', reply: null },
    });
  });

  test('nor for one that falls silent after its greeting', async () => {
    const { target } = keep(await scripted((socket) => socket.write('220 mail.example.com ESMTP\r\n')));
    expect(await hello(target, 150)).toMatchObject({
      ok: false,
      failure: { kind: 'silent', text: 'no answer within 0.15 s, after "220 mail.example.com ESMTP"' },
    });
  });

  test('nor for one that never ends its line', async () => {
    const { target } = keep(
      await scripted((socket) => {
        const timer = setInterval(() => socket.write('2'), 20);
        socket.on('close', () => clearInterval(timer));
      }),
    );
    expect(await hello(target, 200)).toMatchObject({ ok: false, failure: { kind: 'silent' } });
  });

  test('repeats what a server says that greets with 421', async () => {
    const { target } = keep(
      await scripted((socket) => socket.end('421 4.3.2 All server ports are busy\r\n')),
    );
    expect(await hello(target, LIMIT)).toMatchObject({
      ok: false,
      failure: { kind: 'rejected', text: 'greeted with 421 4.3.2 All server ports are busy' },
    });
  });

  test('tells a server that closes before it greets', async () => {
    const { target } = keep(await scripted((socket) => socket.end()));
    expect(await hello(target, LIMIT)).toMatchObject({
      ok: false,
      failure: { kind: 'closed', text: 'connection closed before the greeting' },
    });
  });

  test('tells a server that closes after its greeting', async () => {
    const { target } = keep(
      await scripted((socket) => {
        socket.write('220 mail.example.com ESMTP\r\n');
        socket.once('data', () => socket.destroy());
      }),
    );
    expect(await hello(target, LIMIT)).toMatchObject({ ok: false, failure: { kind: 'closed' } });
  });

  test('tells what is no mail server', async () => {
    const { target } = keep(await scripted((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')));
    expect(await hello(target, 300)).toMatchObject({ ok: false });
  });
});

describe('deliver', () => {
  const envelope = { from: '', to: 'postmaster' };
  const message = 'Subject: x\r\n\r\n.a line that begins with a dot\r\n';

  test("sends the guide's session and returns the reply to its end", async () => {
    const reply =
      '250 2.6.0 Ok, id=30897-02, from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 079474CE44';
    const server = keep(await amavis(reply));
    expect(await deliver(server.target, 'SMTP', envelope, message, LIMIT)).toEqual({
      ok: true,
      value: reply,
    });
    expect(server.heard).toEqual(
      expect.arrayContaining([
        'MAIL FROM:<>',
        'RCPT TO:<postmaster>',
        '..a line that begins with a dot',
        '.',
      ]),
    );
  });

  test('by LMTP too', async () => {
    const server = keep(
      await amavis('250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BE6C0162610'),
    );
    expect(await deliver(server.target, 'LMTP', envelope, message, LIMIT)).toMatchObject({ ok: true });
    expect(server.heard[0]).toBe('LHLO localhost');
  });

  test('returns the reply of a server that rejects', async () => {
    const reply = '554 5.7.0 Reject, id=17781-01 - spam';
    const { target } = keep(await amavis(reply));
    expect(await deliver(target, 'SMTP', envelope, message, LIMIT)).toMatchObject({
      ok: false,
      failure: { kind: 'rejected', reply },
    });
  });
});
