import { createServer, type Server, type Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { InetEndpoint } from '../../src/check/endpoint.js';

/** Something that listens on a port of 127.0.0.1 until it is closed. */
export interface Listener {
  readonly target: InetEndpoint;
  /** What clients sent, line by line; only of scripted servers. */
  readonly heard: readonly string[];
  readonly close: () => Promise<void>;
}

function targetOf(server: Server): InetEndpoint {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not bound to a port');
  return { kind: 'inet', host: '127.0.0.1', bracketed: false, port: address.port };
}

/** A server that does what `serve` says with each connection. */
export async function scripted(serve: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  const heard: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (data) =>
      heard.push(
        ...data
          .toString()
          .split('\r\n')
          .filter((line) => line !== ''),
      ),
    );
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { target: targetOf(server), heard, close };
}

/** amavisd's side of a conversation, word for word, with a reply of the test's own to the message's end. */
export function amavis(endReply: string, ehlo = AMAVIS_EHLO): Promise<Listener> {
  return scripted((socket) => {
    let inData = false;
    let rest = '';
    socket.write('220 [127.0.0.1] ESMTP amavisd-new service ready\r\n');
    socket.on('data', (data) => {
      const lines = (rest + data.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (inData && line !== '.') continue;
        const verb = line.slice(0, 4).toUpperCase();
        if (inData) socket.write(`${endReply}\r\n`);
        else if (verb === 'EHLO' || verb === 'LHLO') socket.write(ehlo);
        else if (verb === 'DATA') socket.write('354 End data with <CR><LF>.<CR><LF>\r\n');
        else if (verb === 'QUIT')
          socket.end('221 2.0.0 [127.0.0.1] amavisd-new closing transmission channel\r\n');
        else socket.write('250 2.1.0 Ok\r\n');
        inData = verb === 'DATA' && !inData;
      }
    });
  });
}

/** As the guide shows it. */
const AMAVIS_EHLO = [
  '250-[127.0.0.1]',
  '250-VRFY',
  '250-PIPELINING',
  '250-SIZE',
  '250-ENHANCEDSTATUSCODES',
  '250-8BITMIME',
  '250-DSN',
  '250 XFORWARD NAME ADDR PROTO HELO',
  '',
].join('\r\n');

/** The same without its last capability. */
export const NO_XFORWARD = '250-[127.0.0.1]\r\n250-PIPELINING\r\n250 8BITMIME\r\n';

/** A real SMTP or LMTP server. */
export async function real(options: SMTPServerOptions): Promise<Listener> {
  const server = new SMTPServer({ disabledCommands: ['STARTTLS', 'AUTH'], authOptional: true, ...options });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    target: targetOf(server.server),
    heard: [],
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A port of 127.0.0.1 where nothing listens. */
export async function closedPort(): Promise<InetEndpoint> {
  const listener = await scripted(() => {});
  await listener.close();
  return listener.target;
}
