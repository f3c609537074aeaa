/** Next hops: SMTP servers that take what Postfix relays, keep it as evidence, and answer as their domain's name says. */
import { SMTPServer } from 'smtp-server';

/** Where each outside domain is served. Nobody listens for down.example.net. */
export const sinkPorts = {
  'outside.example': 2601,
  'relay.example.net': 2602,
  'reject.example.net': 2603,
  'temp.example.net': 2604,
  'down.example.net': 2605,
} as const;

type Domain = keyof typeof sinkPorts;

/** What a next hop has taken. */
export interface Taken {
  readonly domain: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly message: string;
}

export class Sinks {
  #servers: SMTPServer[] = [];
  #taken: Taken[] = [];

  async start(): Promise<void> {
    const listening: readonly Domain[] = [
      'outside.example',
      'relay.example.net',
      'reject.example.net',
      'temp.example.net',
    ];
    for (const domain of listening) {
      const server = serve(domain, (taken) => this.#taken.push(taken));
      await new Promise<void>((resolve, reject) => {
        server.on('error', reject);
        server.listen(sinkPorts[domain], '127.0.0.1', resolve);
      });
      // From here on a connection that Postfix drops is no fault of the lab's.
      server.removeAllListeners('error');
      server.on('error', () => {});
      this.#servers.push(server);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(resolve))));
    this.#servers = [];
  }

  /** All that was taken since the last call. */
  collect(): Taken[] {
    const taken = this.#taken;
    this.#taken = [];
    return taken;
  }
}

function serve(domain: Domain, take: (taken: Taken) => void): SMTPServer {
  let count = 0;
  return new SMTPServer({
    name: `mx.${domain}`,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 500,
    onRcptTo({ address }, _session, answer) {
      if (domain === 'reject.example.net') answer(reply(550, `5.1.1 <${address}>: user unknown here`));
      else if (domain === 'temp.example.net') answer(reply(450, `4.2.0 <${address}>: greylisted`));
      else answer();
    },
    onData(stream, session, answer) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        take({
          domain,
          sender: mailFrom ? mailFrom.address : '',
          recipients: rcptTo.map(({ address }) => address),
          message: Buffer.concat(parts).toString('latin1'),
        });
        count += 1;
        answer(null, `2.0.0 Ok: queued as SINK${count.toString(16).toUpperCase().padStart(6, '0')}`);
      });
    },
  });
}

function reply(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}
