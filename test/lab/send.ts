/** Sends mail over SMTP, and keeps what the server replied: the first piece of evidence about a message. */
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { compose, type Mail, nextToken } from './mail.js';

/** A message that was offered, and what became of the offer. */
export interface Sent {
  readonly token: string;
  /** Without brackets; null when the message has none. */
  readonly messageId: string | null;
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Recipients that were refused, with the reply. */
  readonly refused: Readonly<Record<string, string>>;
  /** The reply to the message as a whole: `250 2.0.0 Ok: queued as …`, or the refusal. Null for sendmail(1). */
  readonly reply: string | null;
  /** From `queued as`. */
  readonly queueId: string | null;
}

export interface Route {
  /** 25 unless told. */
  readonly port?: number;
  /** The client's own address in the loopback range. */
  readonly from?: string;
}

/** What `Mail` and a reply make. */
export function record(
  mail: Mail,
  token: string,
  reply: string | null,
  refused: Record<string, string> = {},
): Sent {
  return {
    token,
    messageId: mail.messageId === undefined ? `${token}@outside.example` : mail.messageId,
    sender: mail.from ?? 'sender@outside.example',
    recipients: mail.to,
    refused,
    reply,
    queueId: /^2.*\bqueued as (?<id>[0-9A-Za-z]+)/.exec(reply ?? '')?.groups?.id ?? null,
  };
}

/** The queue id of a message that was taken. */
export function idOf(sent: Sent): string {
  if (sent.queueId === null) throw new Error(`no queue id in the reply ${sent.reply}`);
  return sent.queueId;
}

/** Sends messages one after another over one connection. */
export async function sendAll(mails: readonly Mail[], route: Route = {}): Promise<Sent[]> {
  const connection = new SMTPConnection({
    host: '127.0.0.1',
    port: route.port ?? 25,
    localAddress: route.from ?? '127.0.0.2',
    name: 'client.outside.example',
    ignoreTLS: true,
    socketTimeout: 60_000,
  });
  await new Promise<void>((resolve, reject) => {
    connection.on('error', reject);
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  const sent: Sent[] = [];
  for (const mail of mails) sent.push(await offer(connection, mail));
  const closed = new Promise<void>((resolve) => connection.once('end', resolve));
  connection.quit();
  await closed;
  return sent;
}

function offer(connection: SMTPConnection, mail: Mail): Promise<Sent> {
  const token = nextToken();
  const message = Buffer.from(compose(mail, token), 'latin1');
  const envelope = { from: mail.from ?? 'sender@outside.example', to: [...mail.to] };
  return new Promise((resolve, reject) => {
    connection.send(envelope, message, (error, info) => {
      if (error && error.response === undefined) reject(error);
      else {
        const refusals = (error?.rejectedErrors ?? info?.rejectedErrors ?? []).map((refusal) => [
          String(refusal.recipient),
          String(refusal.response),
        ]);
        resolve(record(mail, token, error?.response ?? info?.response ?? null, Object.fromEntries(refusals)));
      }
    });
  });
}
